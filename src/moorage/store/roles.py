"""What a role has beside its name: its trust policy, how long its sessions may be, when it was used last.

``trust`` is the text as it was given, ``resolved`` the same with users' and roles' ARNs replaced by their ids.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

roles = Table(
    "roles",
    METADATA,
    account_key(),
    text_key("entity_id"),
    Column("trust", Text, nullable=False),
    Column("resolved", Text, nullable=False),
    Column("description", Text, nullable=True),
    Column("longest", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=True),
    Column("used_in", Text, nullable=True),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role's own columns; ``longest`` is in seconds, ``used_in`` the region of the last use."""

    trust: str
    resolved: str
    description: str | None
    longest: int
    used_at: int | None = None
    used_in: str | None = None


_this = (roles.c.account_id == bindparam("account")) & (roles.c.entity_id == bindparam("entity"))
_INSERT = insert(roles)
_FIND = select(
    roles.c.trust, roles.c.resolved, roles.c.description, roles.c.longest, roles.c.used_at, roles.c.used_in
).where(_this)
_SET_TRUST = update(roles).where(_this).values(trust=bindparam("given"), resolved=bindparam("deciding"))
_DESCRIBE = update(roles).where(_this).values(description=bindparam("words"), longest=bindparam("seconds"))
_USED = update(roles).where(_this).values(used_at=bindparam("at"), used_in=bindparam("home"))
_DELETE = delete(roles).where(_this)


async def create(tx: Transaction, account: AccountId, entity_id: str, row: RoleRow) -> None:
    await tx.run(
        _INSERT,
        account_id=account,
        entity_id=entity_id,
        trust=row.trust,
        resolved=row.resolved,
        description=row.description,
        longest=row.longest,
        used_at=row.used_at,
        used_in=row.used_in,
    )


async def find(tx: Transaction, account: AccountId, entity_id: str) -> RoleRow | None:
    row = await tx.first(_FIND, account=account, entity=entity_id)
    return None if row is None else RoleRow(*row)


async def set_trust(tx: Transaction, account: AccountId, entity_id: str, *, trust: str, resolved: str) -> None:
    await tx.run(_SET_TRUST, account=account, entity=entity_id, given=trust, deciding=resolved)


async def describe(
    tx: Transaction, account: AccountId, entity_id: str, *, description: str | None, longest: int
) -> None:
    await tx.run(_DESCRIBE, account=account, entity=entity_id, words=description, seconds=longest)


async def set_used(tx: Transaction, account: AccountId, entity_id: str, *, at: int, region: str) -> None:
    await tx.run(_USED, account=account, entity=entity_id, at=at, home=region)


async def delete_role(tx: Transaction, account: AccountId, entity_id: str) -> None:
    await tx.run(_DELETE, account=account, entity=entity_id)
