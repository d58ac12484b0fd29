"""Images: one manifest in one repository, with what lists and descriptions tell of it."""

import json

from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, case, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.conversion import other_form
from moorage.domain.digest import Digest
from moorage.domain.image import Image
from moorage.domain.manifest import Manifest, Role
from moorage.domain.repository import Repository
from moorage.store.metadata import METADATA, account_key, region_key, repository_key, text_key
from moorage.store.owned import columns_of, in_repository, key_of
from moorage.store.references import references
from moorage.store.tags import tags
from moorage.store.transaction import Transaction

images = Table(
    "images",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    text_key("digest"),
    Column("media_type", Text, nullable=False),
    Column("artifact_type", Text, nullable=True),
    Column("subject", Text, nullable=True),
    Column("size", BigInteger, nullable=False),
    Column("pushed_at", BigInteger, nullable=False),
    Column("pulled_at", BigInteger, nullable=True),
    Column("other_form", Text, nullable=True),  # the digest of what the manifest is converted to
    sqlite_with_rowid=False,
)
Index("images_by_digest", images.c.account_id, images.c.region, images.c.digest)
Index("images_by_other_form", images.c.account_id, images.c.region, images.c.repository_id, images.c.other_form)

_BEHIND_ALL = "~"  # no digest begins with it or comes after it
_LONGEST_TYPE = 255  # what is longer was kept before types had a limit, and would make lists as long as anybody likes
_COLUMNS = (
    images.c.digest,
    images.c.media_type,
    case((func.length(images.c.artifact_type) <= _LONGEST_TYPE, images.c.artifact_type)).label("artifact_type"),
    images.c.size,
    images.c.pushed_at,
    images.c.subject,
    images.c.pulled_at,
)
_is_child = in_repository(references) & (references.c.role == Role.CHILD.value)
_said = select(func.json_group_array(references.c.media_type)).where(
    _is_child, references.c.target == bindparam("child")
)
# With the image come the media types that the indexes say it has which were there before it.
_INSERT = insert(images).on_conflict_do_nothing().returning(_said.scalar_subquery())
_FIND = select(*_COLUMNS).where(in_repository(images), images.c.digest == bindparam("wanted"))
_after = in_repository(images) & (images.c.digest > bindparam("after"))
_PAGE = select(*_COLUMNS).where(_after).order_by(images.c.digest).limit(bindparam("count"))
_END = select(images.c.digest).where(_after).order_by(images.c.digest).limit(1).offset(bindparam("beyond"))
_has_tags = (
    exists()
    .where(
        tags.c.account_id == images.c.account_id,
        tags.c.region == images.c.region,
        tags.c.repository_id == images.c.repository_id,
        tags.c.digest == images.c.digest,
    )
    .correlate(images)
)
_PAGE_TAGGED = _PAGE.where(images.c.digest <= bindparam("end"), _has_tags)
_PAGE_UNTAGGED = _PAGE.where(images.c.digest <= bindparam("end"), ~_has_tags)
_among = images.c.digest.in_(select(func.json_each(bindparam("wanted")).table_valued("value").c.value))
_HELD = select(images.c.digest, images.c.media_type).where(in_repository(images), _among)
_LARGEST = select(func.max(images.c.size)).where(in_repository(images), _among)
_ANY = select(images.c.digest).where(in_repository(images)).limit(1)
_DIGESTS = select(images.c.digest).where(in_repository(images))
_PULLED = (
    update(images)
    .where(in_repository(images), images.c.digest == bindparam("wanted"))
    .values(pulled_at=bindparam("at"))
)
_above = select(references.c.digest).where(_is_child, references.c.target == bindparam("child")).cte(recursive=True)
_above = _above.union(select(references.c.digest).where(_is_child).join(_above, references.c.target == _above.c.digest))
_LIFT = (
    update(images)
    .where(in_repository(images), images.c.digest.in_(select(_above.c.digest)), images.c.size < bindparam("least"))
    .values(size=bindparam("least"))
)
_DELETE = delete(images).where(in_repository(images), images.c.digest == bindparam("gone"))
_DELETE_ALL = delete(images).where(in_repository(images))


async def create(
    tx: Transaction, repository: Repository, manifest: Manifest, *, size: int, at: int
) -> frozenset[str] | None:
    """Keep the image; None when the repository has that digest already.

    Gives the media types that the indexes say it has which were there before it.
    """
    converted = other_form(manifest)
    row = await tx.first(
        _INSERT,
        **columns_of(repository),
        **key_of(repository),
        child=manifest.digest,
        digest=manifest.digest,
        media_type=manifest.media_type.value,
        artifact_type=manifest.artifact_type,
        subject=manifest.subject,
        size=size,
        pushed_at=at,
        pulled_at=None,
        other_form=None if converted is None else converted.digest,
    )
    return None if row is None else frozenset(json.loads(row[0]))


async def lift(tx: Transaction, repository: Repository, digest: Digest, size: int) -> None:
    """Make the indexes above an image that came after them as large as it, where they are smaller."""
    await tx.run(_LIFT, **key_of(repository), child=digest, least=size)


async def find(tx: Transaction, repository: Repository, digest: Digest) -> Image | None:
    row = await tx.first(_FIND, **key_of(repository), wanted=digest)
    return None if row is None else _image(*row)


async def page(tx: Transaction, repository: Repository, *, after: str, count: int) -> list[Image]:
    """List images by digest, after the digest ``after``; their tags are not looked up."""
    return [_image(*row) for row in await tx.all(_PAGE, **key_of(repository), after=after, count=count)]


async def end_of(tx: Transaction, repository: Repository, *, after: str, count: int) -> str | None:
    """Give the digest of the last of ``count`` images after the digest ``after``; None when there are no more."""
    row = await tx.first(_END, **key_of(repository), after=after, beyond=count - 1)
    return None if row is None else str(row[0])


async def page_by_tags(  # noqa: PLR0913 - a page's coordinates
    tx: Transaction, repository: Repository, *, tagged: bool, after: str, end: str | None, count: int
) -> list[Image]:
    """List the images that have tags, or those that have none, after the digest ``after`` up to ``end``.

    Whatever lies between is looked at: the caller sees that it is not too much.
    """
    statement = _PAGE_TAGGED if tagged else _PAGE_UNTAGGED
    last = _BEHIND_ALL if end is None else end
    return [_image(*row) for row in await tx.all(statement, **key_of(repository), after=after, end=last, count=count)]


async def held(tx: Transaction, repository: Repository, digests: list[Digest]) -> dict[str, str]:
    """Tell which of ``digests`` are images of the repository, and their media types."""
    return dict(await tx.all(_HELD, **key_of(repository), wanted=json.dumps(digests))) if digests else {}


async def largest(tx: Transaction, repository: Repository, digests: list[Digest]) -> int:
    """Give the size of the largest of ``digests``, 0 for none."""
    row = await tx.first(_LARGEST, **key_of(repository), wanted=json.dumps(digests))
    return int(row[0]) if row and row[0] is not None else 0


async def any_in(tx: Transaction, repository: Repository) -> bool:
    return await tx.first(_ANY, **key_of(repository)) is not None


async def digests_in(tx: Transaction, repository: Repository) -> list[str]:
    return [row[0] for row in await tx.all(_DIGESTS, **key_of(repository))]


async def set_pulled(tx: Transaction, repository: Repository, digest: str, *, at: int) -> None:
    await tx.run(_PULLED, **key_of(repository), wanted=digest, at=at)


async def delete_image(tx: Transaction, repository: Repository, digest: Digest) -> None:
    await tx.run(_DELETE, **key_of(repository), gone=digest)


async def delete_all(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE_ALL, **key_of(repository))


def _image(  # noqa: PLR0913, PLR0917 - the columns, in their order
    digest: str,
    media_type: str,
    artifact_type: str | None,
    size: int,
    pushed_at: int,
    subject: str | None,
    pulled_at: int | None,
) -> Image:
    return Image(Digest(digest), media_type, artifact_type, size, pushed_at, subject, pulled_at)
