"""Access keys; the secret lies sealed under the key ring, never in clear text.

``user_id`` is empty for a key of the account's root; ``configured`` marks the key that the settings name, which each
start replaces when they name another.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.entities import entities
from moorage.store.metadata import METADATA, text_key
from moorage.store.transaction import Transaction

ROOT = ""

access_keys = Table(
    "access_keys",
    METADATA,
    text_key("access_key_id"),
    Column("account_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("active", BigInteger, nullable=False),
    Column("configured", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=True),
    Column("used_in", Text, nullable=True),
    Column("used_for", Text, nullable=True),
    sqlite_with_rowid=False,
)
Index("access_keys_by_user", access_keys.c.account_id, access_keys.c.user_id)


@dataclass(frozen=True, slots=True)
class AccessKeyRow:
    """One access key, as stored."""

    id: str
    account: AccountId
    user_id: str
    secret: bytes
    active: bool
    configured: bool
    created_at: int
    used_at: int | None = None
    used_in: str | None = None
    used_for: str | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """An access key with the user it belongs to; ``user_name`` is None for the root's, and for a user who is gone."""

    key: AccessKeyRow
    user_name: str | None


_COLUMNS = (
    access_keys.c.access_key_id,
    access_keys.c.account_id,
    access_keys.c.user_id,
    access_keys.c.secret,
    access_keys.c.active,
    access_keys.c.configured,
    access_keys.c.created_at,
    access_keys.c.used_at,
    access_keys.c.used_in,
    access_keys.c.used_for,
)
_FIND = (
    select(*_COLUMNS, entities.c.name)
    .select_from(
        access_keys.outerjoin(
            entities,
            (entities.c.account_id == access_keys.c.account_id) & (entities.c.entity_id == access_keys.c.user_id),
        )
    )
    .where(access_keys.c.access_key_id == bindparam("id"))
)
_OF_USER = (
    select(*_COLUMNS)
    .where(access_keys.c.account_id == bindparam("account"), access_keys.c.user_id == bindparam("user"))
    .order_by(access_keys.c.created_at, access_keys.c.access_key_id)
)
_INSERT = insert(access_keys).on_conflict_do_nothing()
_SET_ACTIVE = (
    update(access_keys)
    .where(
        access_keys.c.account_id == bindparam("account"),
        access_keys.c.user_id == bindparam("user"),
        access_keys.c.access_key_id == bindparam("id"),
    )
    .values(active=bindparam("state"))
)
_USED = (
    update(access_keys)
    .where(access_keys.c.access_key_id == bindparam("id"))
    .values(used_at=bindparam("at"), used_in=bindparam("home"), used_for=bindparam("service"))
)
_DELETE = delete(access_keys).where(
    access_keys.c.account_id == bindparam("account"),
    access_keys.c.user_id == bindparam("user"),
    access_keys.c.access_key_id == bindparam("id"),
)


async def create(tx: Transaction, key: AccessKeyRow) -> bool:
    """Keep the key; False when its id is taken, in whatever account."""
    rows = await tx.run(
        _INSERT,
        access_key_id=key.id,
        account_id=key.account,
        user_id=key.user_id,
        secret=key.secret,
        active=int(key.active),
        configured=int(key.configured),
        created_at=key.created_at,
        used_at=key.used_at,
        used_in=key.used_in,
        used_for=key.used_for,
    )
    return rows == 1


async def find(tx: Transaction, access_key_id: str) -> Holder | None:
    row = await tx.first(_FIND, id=access_key_id)
    return None if row is None else Holder(_key(*row[:-1]), row[-1])


async def of_user(tx: Transaction, account: AccountId, user_id: str) -> list[AccessKeyRow]:
    return [_key(*row) for row in await tx.all(_OF_USER, account=account, user=user_id)]


async def set_active(tx: Transaction, account: AccountId, user_id: str, key_id: str, *, active: bool) -> bool:
    return await tx.run(_SET_ACTIVE, account=account, user=user_id, id=key_id, state=int(active)) == 1


async def set_used(tx: Transaction, key_id: str, *, at: int, region: str, service: str) -> None:
    await tx.run(_USED, id=key_id, at=at, home=region, service=service)


async def delete_key(tx: Transaction, account: AccountId, user_id: str, key_id: str) -> bool:
    return await tx.run(_DELETE, account=account, user=user_id, id=key_id) == 1


def _key(  # noqa: PLR0913, PLR0917 - the columns, in their order
    key_id: str,
    account: str,
    user_id: str,
    secret: bytes,
    active: int,
    configured: int,
    created_at: int,
    *used: Any,  # noqa: ANN401 - the three columns of the last use
) -> AccessKeyRow:
    return AccessKeyRow(key_id, AccountId(account), user_id, secret, bool(active), bool(configured), created_at, *used)
