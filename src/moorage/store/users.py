"""IAM users; names are unique in their account whatever their case."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

users = Table(
    "users",
    METADATA,
    account_key(),
    text_key("user_id"),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("users_by_name", users.c.account_id, users.c.name_key, unique=True)


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user, as stored."""

    account: AccountId
    id: str
    name: str
    path: str
    created_at: int


_COLUMNS = (users.c.account_id, users.c.user_id, users.c.name, users.c.path, users.c.created_at)
_INSERT = insert(users).on_conflict_do_nothing()
_BY_NAME = select(*_COLUMNS).where(
    users.c.account_id == bindparam("account"), users.c.name_key == bindparam("name_key")
)
_BY_ID = select(*_COLUMNS).where(users.c.account_id == bindparam("account"), users.c.user_id == bindparam("id"))
_PAGE = (
    select(*_COLUMNS)
    .where(users.c.account_id == bindparam("account"), users.c.name_key > bindparam("after"))
    .order_by(users.c.name_key)
    .limit(bindparam("count"))
)
_DELETE = delete(users).where(users.c.account_id == bindparam("account"), users.c.user_id == bindparam("id"))


async def create(tx: Transaction, user: UserRow) -> bool:
    """Keep the user; False when the name is taken."""
    rows = await tx.run(
        _INSERT,
        account_id=user.account,
        user_id=user.id,
        name=user.name,
        name_key=user.name.lower(),
        path=user.path,
        created_at=user.created_at,
    )
    return rows == 1


async def find(tx: Transaction, account: AccountId, name: str) -> UserRow | None:
    row = await tx.first(_BY_NAME, account=account, name_key=name.lower())
    return None if row is None else _user(*row)


async def find_by_id(tx: Transaction, account: AccountId, user_id: str) -> UserRow | None:
    row = await tx.first(_BY_ID, account=account, id=user_id)
    return None if row is None else _user(*row)


async def page(tx: Transaction, account: AccountId, *, after: str, count: int) -> list[UserRow]:
    """List users by name, case set aside, after the name ``after``."""
    return [_user(*row) for row in await tx.all(_PAGE, account=account, after=after.lower(), count=count)]


async def delete_user(tx: Transaction, account: AccountId, user_id: str) -> None:
    await tx.run(_DELETE, account=account, id=user_id)


def _user(account: str, user_id: str, name: str, path: str, created_at: int) -> UserRow:
    return UserRow(AccountId(account), user_id, name, path, created_at)
