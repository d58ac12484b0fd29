"""Which manifest needs which content: its config and layers, or its children."""

from sqlalchemy import Column, Index, Table, Text, bindparam, delete, select
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

_INSERT = insert(references).on_conflict_do_nothing()
_PARENTS = (
    select(references.c.digest)
    .where(in_repository(references), references.c.target == bindparam("child"), references.c.role == Role.CHILD.value)
    .order_by(references.c.digest)
)
_DELETE = delete(references).where(in_repository(references), references.c.digest == bindparam("gone"))
_DELETE_ALL = delete(references).where(in_repository(references))


async def put(tx: Transaction, repository: Repository, manifest: Manifest) -> None:
    for need in manifest.needs:
        await tx.run(
            _INSERT,
            **columns_of(repository),
            digest=manifest.digest,
            target=need.digest,
            role=need.role.value,
            media_type=need.media_type,
        )


async def parents(tx: Transaction, repository: Repository, digest: Digest) -> list[str]:
    """List the indexes of the repository that name ``digest`` as a child."""
    return [row[0] for row in await tx.all(_PARENTS, **key_of(repository), child=digest)]


async def delete_of(tx: Transaction, repository: Repository, digest: Digest) -> None:
    await tx.run(_DELETE, **key_of(repository), gone=digest)


async def delete_all(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE_ALL, **key_of(repository))
