"""Which manifest needs which content: its config and layers, or its children."""

import json

from sqlalchemy import Column, ColumnElement, Index, Table, Text, bindparam, delete, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.digest import Digest
from moorage.domain.manifest import Manifest, Role
from moorage.domain.repository import Repository
from moorage.store.metadata import METADATA, account_key, region_key, repository_key, text_key
from moorage.store.owned import columns_of, in_repository, key_of
from moorage.store.transaction import Transaction

references = Table(
    "image_references",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    text_key("digest"),
    text_key("target"),
    text_key("role"),
    Column("media_type", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "image_references_by_target",
    references.c.account_id,
    references.c.region,
    references.c.repository_id,
    references.c.target,
)

_needs = func.json_each(bindparam("needs")).table_valued("value")


def _told(place: int) -> ColumnElement[str]:
    return func.json_extract(_needs.c.value, literal_column(f"'$[{place}]'"))


_KEY = ("account_id", "region", "repository_id", "digest")
# One statement, however many layers or children there are.
_INSERT = (
    insert(references)
    .from_select(
        [*_KEY, "target", "role", "media_type"],
        select(*map(bindparam, _KEY), _told(0), _told(1), _told(2)).select_from(_needs).where(true()),
    )
    .on_conflict_do_nothing()
)
_PARENTS = (
    select(references.c.digest)
    .where(in_repository(references), references.c.target == bindparam("child"), references.c.role == Role.CHILD.value)
    .order_by(references.c.digest)
    .limit(bindparam("count"))
)
_DELETE = delete(references).where(in_repository(references), references.c.digest == bindparam("gone"))
_DELETE_ALL = delete(references).where(in_repository(references))


async def put(tx: Transaction, repository: Repository, manifest: Manifest) -> None:
    if manifest.needs:
        needs = json.dumps([(need.digest, need.role.value, need.media_type) for need in manifest.needs])
        await tx.run(_INSERT, **columns_of(repository), digest=manifest.digest, needs=needs)


async def parents(tx: Transaction, repository: Repository, digest: Digest, *, count: int) -> list[str]:
    """List the first ``count`` indexes of the repository that name ``digest`` as a child."""
    return [row[0] for row in await tx.all(_PARENTS, **key_of(repository), child=digest, count=count)]


async def delete_of(tx: Transaction, repository: Repository, digest: Digest) -> None:
    await tx.run(_DELETE, **key_of(repository), gone=digest)


async def delete_all(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE_ALL, **key_of(repository))
