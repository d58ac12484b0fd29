"""Sessions: credentials with an end, made by STS or for docker alone; the secret lies sealed under the key ring.

``entity_id`` is whose session it is: a role's or a user's id, or empty for the account's root. ``parent`` is the key
it was made with where it ends with that key, of a machine's session the machine's. ``machine`` is the key of the
machine that it comes from, through however many roles and accounts: it ends with that one. ``facts`` is JSON: what the
session may at most, its tags, who made it.
A token's ``entity_id`` is its maker's own id, that of a role's session included.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, text_key
from moorage.store.transaction import Transaction

sessions = Table(
    "sessions",
    METADATA,
    text_key("access_key_id"),
    Column("account_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("entity_id", Text, nullable=False),
    Column("parent", Text, nullable=True),
    Column("name", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("facts", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("machine", Text, nullable=True),
    sqlite_with_rowid=False,
)
Index("sessions_by_time", sessions.c.expires_at)
_made = text("parent IS NOT NULL")
Index(
    "sessions_by_parent",
    sessions.c.account_id,
    sessions.c.parent,
    sessions.c.created_at,
    sqlite_where=_made,
    postgresql_where=_made,
)
_from_machine = text("machine IS NOT NULL")
Index(
    "sessions_by_machine",
    sessions.c.machine,
    sessions.c.account_id,
    sqlite_where=_from_machine,
    postgresql_where=_from_machine,
)
Index("sessions_by_entity", sessions.c.account_id, sessions.c.kind, sessions.c.entity_id, sessions.c.access_key_id)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session, as stored."""

    id: str
    account: AccountId
    kind: str
    entity_id: str
    parent: str | None
    name: str
    secret: bytes
    facts: str
    created_at: int
    expires_at: int
    machine: str | None = None


_COLUMNS = (
    sessions.c.access_key_id,
    sessions.c.account_id,
    sessions.c.kind,
    sessions.c.entity_id,
    sessions.c.parent,
    sessions.c.name,
    sessions.c.secret,
    sessions.c.facts,
    sessions.c.created_at,
    sessions.c.expires_at,
    sessions.c.machine,
)
_INSERT = insert(sessions)
_FIND = select(*_COLUMNS).where(sessions.c.access_key_id == bindparam("id"))
_kind = (sessions.c.account_id == bindparam("account")) & (sessions.c.kind == bindparam("sort"))
_open = sessions.c.expires_at > bindparam("now")
_place = tuple_(sessions.c.entity_id, sessions.c.access_key_id)
_OF_ENTITY = (
    select(*_COLUMNS)
    .where(_kind, sessions.c.entity_id == bindparam("entity"), _open)
    .order_by(sessions.c.access_key_id)
)
_COUNT = select(func.count()).select_from(sessions).where(_kind, sessions.c.entity_id == bindparam("entity"), _open)
_PAGE = (
    select(*_COLUMNS)
    .where(_kind, _place > tuple_(bindparam("entity"), bindparam("after")), _open)
    .order_by(sessions.c.entity_id, sessions.c.access_key_id)
    .limit(bindparam("count"))
)
_of_parent = (sessions.c.account_id == bindparam("account")) & (sessions.c.parent == bindparam("key"))
_NEWEST_OF_PARENT = select(*_COLUMNS).where(_of_parent).order_by(sessions.c.created_at.desc()).limit(1)
_DELETE = delete(sessions).where(sessions.c.access_key_id == bindparam("id"))
_DELETE_OF_PARENT = delete(sessions).where(_of_parent)
_of_machine = sessions.c.machine == bindparam("key")
_ACCOUNTS_OF_MACHINE = select(sessions.c.account_id).where(_of_machine).distinct()
_DELETE_OF_MACHINE = delete(sessions).where(_of_machine)
_DELETE_EXPIRED = delete(sessions).where(sessions.c.expires_at <= bindparam("now"))


async def create(tx: Transaction, row: SessionRow) -> None:
    await tx.run(
        _INSERT,
        access_key_id=row.id,
        account_id=row.account,
        kind=row.kind,
        entity_id=row.entity_id,
        parent=row.parent,
        name=row.name,
        secret=row.secret,
        facts=row.facts,
        created_at=row.created_at,
        expires_at=row.expires_at,
        machine=row.machine,
    )


async def find(tx: Transaction, access_key_id: str) -> SessionRow | None:
    row = await tx.first(_FIND, id=access_key_id)
    return None if row is None else _session(*row)


async def of_entity(tx: Transaction, account: AccountId, kind: str, entity_id: str, *, now: int) -> list[SessionRow]:
    """List the open sessions of a kind that somebody has."""
    rows = await tx.all(_OF_ENTITY, account=account, sort=kind, entity=entity_id, now=now)
    return [_session(*row) for row in rows]


async def count_of(tx: Transaction, account: AccountId, kind: str, entity_id: str, *, now: int) -> int:
    row = await tx.first(_COUNT, account=account, sort=kind, entity=entity_id, now=now)
    return int(row[0]) if row else 0


async def page(  # noqa: PLR0913 - of what, from where, how much
    tx: Transaction, account: AccountId, kind: str, *, after: tuple[str, str], count: int, now: int
) -> list[SessionRow]:
    """List the open sessions of a kind in an account, by whose they are and then by id."""
    entity, key = after
    rows = await tx.all(_PAGE, account=account, sort=kind, entity=entity, after=key, now=now, count=count)
    return [_session(*row) for row in rows]


async def newest_of_parent(tx: Transaction, account: AccountId, access_key_id: str) -> SessionRow | None:
    """Find the session that was opened last with a key."""
    row = await tx.first(_NEWEST_OF_PARENT, account=account, key=access_key_id)
    return None if row is None else _session(*row)


async def delete_session(tx: Transaction, access_key_id: str) -> None:
    await tx.run(_DELETE, id=access_key_id)


async def delete_of_parent(tx: Transaction, account: AccountId, access_key_id: str) -> int:
    """End what was opened with a key whose id may come back with another secret."""
    return await tx.run(_DELETE_OF_PARENT, account=account, key=access_key_id)


async def delete_of_machine(tx: Transaction, key_id: str) -> list[AccountId]:
    """End what comes from a machine, in every account; gives the accounts in which there was something."""
    found = [AccountId(row[0]) for row in await tx.all(_ACCOUNTS_OF_MACHINE, key=key_id)]
    await tx.run(_DELETE_OF_MACHINE, key=key_id)
    return found


async def delete_expired(tx: Transaction, *, now: int) -> int:
    return await tx.run(_DELETE_EXPIRED, now=now)


def _session(  # noqa: PLR0913, PLR0917 - the columns, in their order
    key_id: str,
    account: str,
    kind: str,
    entity_id: str,
    parent: str | None,
    name: str,
    secret: bytes,
    facts: str,
    created_at: int,
    expires_at: int,
    machine: str | None,
) -> SessionRow:
    return SessionRow(
        key_id, AccountId(account), kind, entity_id, parent, name, secret, facts, created_at, expires_at, machine
    )
