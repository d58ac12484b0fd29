"""Lists of image ids: one row for each tag of an image, one for an image without tags."""

from sqlalchemy import bindparam, func, or_, select

from moorage.domain.image import ImageId
from moorage.domain.repository import Repository
from moorage.store.images import images
from moorage.store.owned import in_repository, key_of
from moorage.store.tags import tags
from moorage.store.transaction import Transaction

_named = images.outerjoin(
    tags,
    (tags.c.account_id == images.c.account_id)
    & (tags.c.region == images.c.region)
    & (tags.c.repository_id == images.c.repository_id)
    & (tags.c.digest == images.c.digest),
)
_tag = func.coalesce(tags.c.name, "")
_PAGE = (
    select(images.c.digest, tags.c.name)
    .select_from(_named)
    .where(
        in_repository(images),
        images.c.digest >= bindparam("digest"),
        or_(images.c.digest > bindparam("digest"), _tag > bindparam("tag")),
    )
    .order_by(images.c.digest, tags.c.name)
    .limit(bindparam("count"))
)
_TAGGED = (
    select(tags.c.digest, tags.c.name)
    .where(
        in_repository(tags),
        tags.c.digest >= bindparam("digest"),
        or_(tags.c.digest > bindparam("digest"), tags.c.name > bindparam("tag")),
    )
    .order_by(tags.c.digest, tags.c.name)
    .limit(bindparam("count"))
)


async def page(
    tx: Transaction, repository: Repository, *, after: ImageId, tagged_alone: bool, count: int
) -> list[ImageId]:
    """List ids by digest and tag, after ``after``: of all images, or of the tagged ones alone."""
    statement = _TAGGED if tagged_alone else _PAGE
    told = {"digest": after.digest or "", "tag": after.tag or ""}
    return [ImageId(row[0], row[1]) for row in await tx.all(statement, **key_of(repository), **told, count=count)]
