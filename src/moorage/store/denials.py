"""Denials that were told, for a while: who was refused what, and why. Never a secret, never a body.

``denial_id`` is the id of the request; ``told`` is JSON.
"""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

denials = Table(
    "denials",
    METADATA,
    account_key(),
    text_key("denial_id"),
    Column("at", BigInteger, nullable=False),
    Column("principal", Text, nullable=False),
    Column("told", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("denials_by_time", denials.c.account_id, denials.c.at)


@dataclass(frozen=True, slots=True)
class DenialRow:
    """One denial of an account's caller; ``principal`` is the ARN of the user, role or root."""

    account: AccountId
    id: str
    at: int
    principal: str
    told: str


_COLUMNS = (denials.c.account_id, denials.c.denial_id, denials.c.at, denials.c.principal, denials.c.told)
_of_account = denials.c.account_id == bindparam("account")
_INSERT = insert(denials).on_conflict_do_nothing()
_FIND = select(*_COLUMNS).where(_of_account, denials.c.denial_id == bindparam("id"))
_LAST = select(*_COLUMNS).where(_of_account).order_by(denials.c.at.desc()).limit(bindparam("count"))
_oldest_kept = (
    select(denials.c.at)
    .where(denials.c.account_id == bindparam("account"))
    .order_by(denials.c.at.desc())
    .limit(1)
    .offset(bindparam("most"))
)
_DELETE_OVER = delete(denials).where(_of_account, denials.c.at <= _oldest_kept.scalar_subquery())
_DELETE_OLD = delete(denials).where(_of_account, denials.c.at < bindparam("before"))


async def create(tx: Transaction, row: DenialRow) -> None:
    await tx.run(_INSERT, account_id=row.account, denial_id=row.id, at=row.at, principal=row.principal, told=row.told)


async def find(tx: Transaction, account: AccountId, denial_id: str) -> DenialRow | None:
    row = await tx.first(_FIND, account=account, id=denial_id)
    return None if row is None else _denial(*row)


async def last(tx: Transaction, account: AccountId, *, count: int) -> list[DenialRow]:
    """List the newest, the newest first."""
    return [_denial(*row) for row in await tx.all(_LAST, account=account, count=count)]


async def delete_over(tx: Transaction, account: AccountId, *, most: int) -> int:
    """Forget all but the newest of an account."""
    return await tx.run(_DELETE_OVER, account=account, most=most)


async def delete_before(tx: Transaction, account: AccountId, *, before: int) -> int:
    return await tx.run(_DELETE_OLD, account=account, before=before)


def _denial(account: str, denial_id: str, at: int, principal: str, told: str) -> DenialRow:
    return DenialRow(AccountId(account), denial_id, at, principal, told)
