"""Inline policies of users, as the JSON text that was given."""

from sqlalchemy import Column, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

user_policies = Table(
    "user_policies",
    METADATA,
    account_key(),
    text_key("user_id"),
    text_key("name"),
    Column("document", Text, nullable=False),
    sqlite_with_rowid=False,
)

_insert = insert(user_policies)
_PUT = _insert.on_conflict_do_update(
    index_elements=[user_policies.c.account_id, user_policies.c.user_id, user_policies.c.name],
    set_={"document": _insert.excluded.document},
)
_OF_USER = (
    select(user_policies.c.name, user_policies.c.document)
    .where(user_policies.c.account_id == bindparam("account"), user_policies.c.user_id == bindparam("user"))
    .order_by(user_policies.c.name)
)
_DELETE = delete(user_policies).where(
    user_policies.c.account_id == bindparam("account"),
    user_policies.c.user_id == bindparam("user"),
    user_policies.c.name == bindparam("policy"),
)


async def put(tx: Transaction, account: AccountId, user_id: str, name: str, document: str) -> None:
    await tx.run(_PUT, account_id=account, user_id=user_id, name=name, document=document)


async def of_user(tx: Transaction, account: AccountId, user_id: str) -> list[tuple[str, str]]:
    """List the user's policies by name, each with its document."""
    return [(row[0], row[1]) for row in await tx.all(_OF_USER, account=account, user=user_id)]


async def delete_policy(tx: Transaction, account: AccountId, user_id: str, name: str) -> bool:
    return await tx.run(_DELETE, account=account, user=user_id, policy=name) == 1
