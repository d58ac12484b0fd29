"""Tags: movable names for one manifest in one repository."""

from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.digest import Digest
from moorage.domain.names import Tag
from moorage.domain.repository import Repository
from moorage.store.metadata import METADATA, account_key, region_key, repository_key, text_key
from moorage.store.owned import columns_of, in_repository, key_of
from moorage.store.transaction import Transaction

tags = Table(
    "tags",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    text_key("name"),
    Column("digest", Text, nullable=False),
    Column("tagged_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("tags_by_digest", tags.c.account_id, tags.c.region, tags.c.repository_id, tags.c.digest)

_insert = insert(tags)
_PUT = _insert.on_conflict_do_update(
    index_elements=[tags.c.account_id, tags.c.region, tags.c.repository_id, tags.c.name],
    set_={"digest": _insert.excluded.digest, "tagged_at": _insert.excluded.tagged_at},
)
_FIND = select(tags.c.digest).where(in_repository(tags), tags.c.name == bindparam("called"))
_PAGE = (
    select(tags.c.name)
    .where(in_repository(tags), tags.c.name > bindparam("after"))
    .order_by(tags.c.name)
    .limit(bindparam("count"))
)
_OF_IMAGE = select(tags.c.name).where(in_repository(tags), tags.c.digest == bindparam("wanted")).order_by(tags.c.name)
_OF_IMAGES = (
    select(tags.c.digest, tags.c.name)
    .where(in_repository(tags), tags.c.digest >= bindparam("first"), tags.c.digest <= bindparam("last"))
    .order_by(tags.c.digest, tags.c.name)
    .limit(bindparam("count"))
)
_BEYOND = (
    select(tags.c.name)
    .where(in_repository(tags), tags.c.digest == bindparam("wanted"))
    .limit(1)
    .offset(bindparam("count"))
)
_DELETE = delete(tags).where(in_repository(tags), tags.c.name == bindparam("called"))
_DELETE_OF = delete(tags).where(in_repository(tags), tags.c.digest == bindparam("wanted"))
_DELETE_ALL = delete(tags).where(in_repository(tags))


async def put(tx: Transaction, repository: Repository, tag: Tag, digest: Digest, *, at: int) -> None:
    await tx.run(_PUT, **columns_of(repository), name=tag, digest=digest, tagged_at=at)


async def find(tx: Transaction, repository: Repository, tag: Tag) -> Digest | None:
    row = await tx.first(_FIND, **key_of(repository), called=tag)
    return None if row is None else Digest(row[0])


async def page(tx: Transaction, repository: Repository, *, after: str, count: int) -> list[str]:
    """List tags by name, after the tag ``after``."""
    return [row[0] for row in await tx.all(_PAGE, **key_of(repository), after=after, count=count)]


async def of_image(tx: Transaction, repository: Repository, digest: Digest) -> tuple[str, ...]:
    return tuple(row[0] for row in await tx.all(_OF_IMAGE, **key_of(repository), wanted=digest))


async def has_more_than(tx: Transaction, repository: Repository, digest: Digest, count: int) -> bool:
    return await tx.first(_BEYOND, **key_of(repository), wanted=digest, count=count) is not None


async def of_images(
    tx: Transaction, repository: Repository, first: str, last: str, *, count: int
) -> list[tuple[str, str]]:
    """List the first ``count`` tags of the images from digest ``first`` to digest ``last``, each behind its digest."""
    rows = await tx.all(_OF_IMAGES, **key_of(repository), first=first, last=last, count=count)
    return [(row[0], row[1]) for row in rows]


async def delete_tag(tx: Transaction, repository: Repository, tag: Tag) -> None:
    await tx.run(_DELETE, **key_of(repository), called=tag)


async def delete_of(tx: Transaction, repository: Repository, digest: Digest) -> None:
    await tx.run(_DELETE_OF, **key_of(repository), wanted=digest)


async def delete_all(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE_ALL, **key_of(repository))
