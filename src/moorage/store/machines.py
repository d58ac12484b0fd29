"""Machines: hosts that have a role's credentials given to them, each by a key of its own.

Of a join token only its hash is kept. ``key_id`` and ``secret``, sealed under the key ring, are there once the machine
has joined; when it is revoked its secret is forgotten.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.machine import Machine
from moorage.domain.names import AccountId, Region
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

machines = Table(
    "machines",
    METADATA,
    account_key(),
    text_key("instance_id"),
    Column("region", Text, nullable=False),
    Column("role_id", Text, nullable=False),
    Column("role_name", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("join_hash", LargeBinary, nullable=False),
    Column("join_expires_at", BigInteger, nullable=False),
    Column("key_id", Text, nullable=True),
    Column("secret", LargeBinary, nullable=True),
    Column("created_at", BigInteger, nullable=False),
    Column("joined_at", BigInteger, nullable=True),
    Column("revoked_at", BigInteger, nullable=True),
    sqlite_with_rowid=False,
)
_waits, _over = text("joined_at IS NULL"), text("revoked_at IS NOT NULL")
Index("machines_by_join", machines.c.join_hash, unique=True)
Index("machines_by_key", machines.c.key_id, unique=True)
Index("machines_by_role", machines.c.account_id, machines.c.role_id)
Index("machines_by_end", machines.c.join_expires_at, sqlite_where=_waits, postgresql_where=_waits)
Index("machines_by_revocation", machines.c.revoked_at, sqlite_where=_over, postgresql_where=_over)


_COLUMNS = (
    machines.c.account_id,
    machines.c.instance_id,
    machines.c.region,
    machines.c.role_id,
    machines.c.role_name,
    machines.c.made_by,
    machines.c.join_expires_at,
    machines.c.key_id,
    machines.c.created_at,
    machines.c.joined_at,
    machines.c.revoked_at,
)
_this = (machines.c.account_id == bindparam("account")) & (machines.c.instance_id == bindparam("id"))
_stands = machines.c.revoked_at.is_(None)
_INSERT = insert(machines)
_FIND = select(*_COLUMNS).where(_this)
_BY_JOIN = select(*_COLUMNS).where(machines.c.join_hash == bindparam("hash"))
_BY_KEY = select(*_COLUMNS, machines.c.secret).where(machines.c.key_id == bindparam("key"), _stands)
_PAGE = (
    select(*_COLUMNS)
    .where(machines.c.account_id == bindparam("account"), machines.c.instance_id > bindparam("after"))
    .order_by(machines.c.instance_id)
    .limit(bindparam("count"))
)
_BEYOND = (
    select(machines.c.instance_id)
    .where(
        machines.c.account_id == bindparam("account"),
        _stands,
        machines.c.joined_at.is_not(None) | (machines.c.join_expires_at > bindparam("now")),
    )
    .limit(1)
    .offset(bindparam("count"))
)
# Whoever comes second finds the machine joined: the token is spent by this one statement.
_JOIN = (
    update(machines)
    .where(
        machines.c.join_hash == bindparam("hash"),
        machines.c.joined_at.is_(None),
        machines.c.join_expires_at > bindparam("now"),
        _stands,
    )
    .values(joined_at=bindparam("now"), key_id=bindparam("key"), secret=bindparam("sealed"))
)
_REVOKE = update(machines).where(_this, _stands).values(revoked_at=bindparam("now"), secret=null())
_of_role = (machines.c.account_id == bindparam("account")) & (machines.c.role_id == bindparam("role")) & _stands
_OF_ROLE = select(*_COLUMNS).where(_of_role)
_REVOKE_OF_ROLE = update(machines).where(_of_role).values(revoked_at=bindparam("now"), secret=null())
_DELETE_UNJOINED = delete(machines).where(
    machines.c.joined_at.is_(None), machines.c.join_expires_at < bindparam("before")
)
_DELETE_REVOKED = delete(machines).where(machines.c.revoked_at < bindparam("before"))


async def create(tx: Transaction, row: Machine, *, join_hash: bytes) -> None:
    """Keep a machine that has not joined."""
    await tx.run(
        _INSERT,
        account_id=row.account,
        instance_id=row.id,
        region=row.region,
        role_id=row.role_id,
        role_name=row.role_name,
        made_by=row.made_by,
        join_hash=join_hash,
        join_expires_at=row.join_expires_at,
        key_id=None,
        secret=None,
        created_at=row.created_at,
        joined_at=None,
        revoked_at=None,
    )


async def find(tx: Transaction, account: AccountId, instance_id: str) -> Machine | None:
    row = await tx.first(_FIND, account=account, id=instance_id)
    return None if row is None else _machine(*row)


async def find_by_join(tx: Transaction, join_hash: bytes) -> Machine | None:
    """Find the machine that a join token was made for, whatever became of it."""
    row = await tx.first(_BY_JOIN, hash=join_hash)
    return None if row is None else _machine(*row)


async def find_by_key(tx: Transaction, key_id: str) -> tuple[Machine, bytes] | None:
    """Find the machine whose key it is, unless it is revoked, and its sealed secret."""
    row = await tx.first(_BY_KEY, key=key_id)
    return None if row is None else (_machine(*row[:-1]), row[-1])


async def page(tx: Transaction, account: AccountId, *, after: str, count: int) -> list[Machine]:
    return [_machine(*row) for row in await tx.all(_PAGE, account=account, after=after, count=count)]


async def has_more_than(tx: Transaction, account: AccountId, count: int, *, now: int) -> bool:
    """Tell whether more machines than that wait to join or have joined."""
    return await tx.first(_BEYOND, account=account, count=count, now=now) is not None


async def join(tx: Transaction, join_hash: bytes, *, key_id: str, secret: bytes, now: int) -> bool:
    """Give a machine its key; False where the token is used, over or unknown."""
    return await tx.run(_JOIN, hash=join_hash, key=key_id, sealed=secret, now=now) == 1


async def revoke(tx: Transaction, account: AccountId, instance_id: str, *, now: int) -> bool:
    """End a machine; False where it was revoked before."""
    return await tx.run(_REVOKE, account=account, id=instance_id, now=now) == 1


async def revoke_of_role(tx: Transaction, account: AccountId, role_id: str, *, now: int) -> list[Machine]:
    """End all machines of a role; gives those that stood until then."""
    found = [_machine(*row) for row in await tx.all(_OF_ROLE, account=account, role=role_id)]
    await tx.run(_REVOKE_OF_ROLE, account=account, role=role_id, now=now)
    return found


async def delete_unjoined(tx: Transaction, *, before: int) -> int:
    return await tx.run(_DELETE_UNJOINED, before=before)


async def delete_revoked(tx: Transaction, *, before: int) -> int:
    return await tx.run(_DELETE_REVOKED, before=before)


def _machine(  # noqa: PLR0913, PLR0917 - the columns, in their order
    account: str,
    instance_id: str,
    region: str,
    role_id: str,
    role_name: str,
    made_by: str,
    join_expires_at: int,
    key_id: str | None,
    created_at: int,
    joined_at: int | None,
    revoked_at: int | None,
) -> Machine:
    return Machine(
        AccountId(account),
        instance_id,
        Region(region),
        role_id,
        role_name,
        made_by,
        join_expires_at,
        key_id,
        created_at,
        joined_at,
        revoked_at,
    )
