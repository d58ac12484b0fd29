"""Accounts, and the generation that moves whenever something about who may do what in one of them changes.

A change of a key, a principal, an identity or a repository policy bumps its account's generation in the change's own
transaction; whatever is cached about the account is good only while the generation it was read under stands.
"""

from sqlalchemy import BigInteger, Column, Table, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key
from moorage.store.recall import Recall
from moorage.store.transaction import Row, Transaction

accounts = Table(
    "accounts",
    METADATA,
    account_key(),
    Column("created_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
generations = Table(
    "generations",
    METADATA,
    account_key(),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

_INSERT = insert(accounts).on_conflict_do_nothing()
_BEGIN = insert(generations).on_conflict_do_nothing()
_BUMP = update(generations).where(generations.c.account_id == bindparam("account")).values(n=generations.c.n + 1)
_ALL = select(accounts.c.account_id).order_by(accounts.c.account_id)
_GENERATION = select(generations.c.n).where(generations.c.account_id == bindparam("account"))


async def create(tx: Transaction, account: AccountId, *, at: int) -> bool:
    """Make the account; False when it was there already."""
    created = await tx.run(_INSERT, account_id=account, created_at=at)
    await tx.run(_BEGIN, account_id=account, n=1)
    return created == 1


async def bump(tx: Transaction, account: AccountId) -> None:
    await tx.run(_BUMP, account=account)


async def find_generation(tx: Transaction, account: AccountId) -> int | None:
    row = await tx.first(_GENERATION, account=account)
    return None if row is None else int(row[0])


async def recall_generation(recall: Recall, account: AccountId) -> int | None:
    """Find the generation as of the newest commit, without asking where nothing was written since."""
    return await recall.first(_GENERATION, _generation, account=account)


def _generation(row: Row) -> int:
    return int(row[0])


async def page(tx: Transaction) -> list[AccountId]:
    return [AccountId(row[0]) for row in await tx.all(_ALL)]
