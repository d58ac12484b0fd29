"""The alias of an account: one at most, and nobody else's."""

from sqlalchemy import Column, Index, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key
from moorage.store.transaction import Transaction

aliases = Table(
    "account_aliases",
    METADATA,
    account_key(),
    Column("alias", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("account_aliases_by_name", aliases.c.alias, unique=True)

_INSERT = insert(aliases).on_conflict_do_nothing()
_FIND = select(aliases.c.alias).where(aliases.c.account_id == bindparam("account"))
_DELETE = delete(aliases).where(aliases.c.account_id == bindparam("account"))


async def create(tx: Transaction, account: AccountId, alias: str) -> bool:
    """Keep the alias; False when the account has one, or another account has this one."""
    return await tx.run(_INSERT, account_id=account, alias=alias) == 1


async def find(tx: Transaction, account: AccountId) -> str | None:
    row = await tx.first(_FIND, account=account)
    return None if row is None else str(row[0])


async def delete_alias(tx: Transaction, account: AccountId) -> None:
    await tx.run(_DELETE, account=account)
