"""The resource tags of repositories, all of one repository in one row: they are read and judged together."""

import json
from collections.abc import Mapping

from sqlalchemy import Column, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.repository import Repository
from moorage.store.metadata import METADATA, account_key, region_key, repository_key
from moorage.store.owned import Owner, columns_of, in_repository, key_of
from moorage.store.transaction import Transaction

resource_tags = Table(
    "resource_tags",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    Column("tags", Text, nullable=False),  # a JSON object
    sqlite_with_rowid=False,
)

_insert = insert(resource_tags)
_PUT = _insert.on_conflict_do_update(
    index_elements=[resource_tags.c.account_id, resource_tags.c.region, resource_tags.c.repository_id],
    set_={"tags": _insert.excluded.tags},
)
of_repository = select(resource_tags.c.tags).where(in_repository(resource_tags))
_FIND = of_repository
_DELETE = delete(resource_tags).where(in_repository(resource_tags))


async def put(tx: Transaction, repository: Repository, tags: Mapping[str, str]) -> None:
    """Set the tags; a repository without any has no row."""
    if tags:
        await tx.run(_PUT, **columns_of(repository), tags=json.dumps(tags))
    else:
        await tx.run(_DELETE, **key_of(repository))


async def find(tx: Transaction, repository: Owner) -> dict[str, str]:
    row = await tx.first(_FIND, **key_of(repository))
    return {} if row is None else read_tags(str(row[0]))


def read_tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = json.loads(text)
    return tags


async def delete_all(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE, **key_of(repository))
