"""Inline policies of users, groups and roles, as the JSON text that was given."""

from sqlalchemy import Column, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

inline_policies = Table(
    "inline_policies",
    METADATA,
    account_key(),
    text_key("entity_id"),
    text_key("name"),
    Column("document", Text, nullable=False),
    sqlite_with_rowid=False,
)

_insert = insert(inline_policies)
_owned = (inline_policies.c.account_id == bindparam("account")) & (inline_policies.c.entity_id == bindparam("entity"))
_PUT = _insert.on_conflict_do_update(
    index_elements=[inline_policies.c.account_id, inline_policies.c.entity_id, inline_policies.c.name],
    set_={"document": _insert.excluded.document},
)
_OF_ENTITY = select(inline_policies.c.name, inline_policies.c.document).where(_owned).order_by(inline_policies.c.name)
_DELETE = delete(inline_policies).where(_owned, inline_policies.c.name == bindparam("policy"))


async def put(tx: Transaction, account: AccountId, entity_id: str, name: str, document: str) -> None:
    await tx.run(_PUT, account_id=account, entity_id=entity_id, name=name, document=document)


async def of_entity(tx: Transaction, account: AccountId, entity_id: str) -> list[tuple[str, str]]:
    """List the entity's policies by name, each with its document."""
    return [(row[0], row[1]) for row in await tx.all(_OF_ENTITY, account=account, entity=entity_id)]


async def delete_policy(tx: Transaction, account: AccountId, entity_id: str, name: str) -> bool:
    return await tx.run(_DELETE, account=account, entity=entity_id, policy=name) == 1
