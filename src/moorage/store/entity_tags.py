"""Resource tags of IAM's entities and OIDC providers; a key is unique on its entity whatever its case."""

from collections.abc import Mapping

from sqlalchemy import Column, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

entity_tags = Table(
    "entity_tags",
    METADATA,
    account_key(),
    text_key("entity_id"),
    text_key("name_key"),
    Column("name", Text, nullable=False),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

_insert = insert(entity_tags)
_owned = (entity_tags.c.account_id == bindparam("account")) & (entity_tags.c.entity_id == bindparam("entity"))
_PUT = _insert.on_conflict_do_update(
    index_elements=[entity_tags.c.account_id, entity_tags.c.entity_id, entity_tags.c.name_key],
    set_={"name": _insert.excluded.name, "value": _insert.excluded.value},
)
_OF_ENTITY = select(entity_tags.c.name, entity_tags.c.value).where(_owned).order_by(entity_tags.c.name_key)
_DELETE = delete(entity_tags).where(_owned, entity_tags.c.name_key == bindparam("key"))
_DELETE_ALL = delete(entity_tags).where(_owned)


async def put(tx: Transaction, account: AccountId, entity_id: str, tags: Mapping[str, str]) -> None:
    for name, value in tags.items():
        await tx.run(_PUT, account_id=account, entity_id=entity_id, name_key=name.lower(), name=name, value=value)


async def of_entity(tx: Transaction, account: AccountId, entity_id: str) -> dict[str, str]:
    return {row[0]: row[1] for row in await tx.all(_OF_ENTITY, account=account, entity=entity_id)}


async def delete_tag(tx: Transaction, account: AccountId, entity_id: str, name: str) -> None:
    await tx.run(_DELETE, account=account, entity=entity_id, key=name.lower())


async def delete_all(tx: Transaction, account: AccountId, entity_id: str) -> None:
    await tx.run(_DELETE_ALL, account=account, entity=entity_id)
