"""Lists of image ids: one row for each tag of an image, one for an image without tags."""

from sqlalchemy import and_, bindparam, func, or_, select

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
        or_(
            and_(bindparam("tagged") == 1, tags.c.name.is_not(None)),
            and_(bindparam("untagged") == 1, tags.c.name.is_(None)),
        ),
    )
    .order_by(images.c.digest, tags.c.name)
    .limit(bindparam("count"))
)


async def page(  # noqa: PLR0913 - a page's coordinates
    tx: Transaction, repository: Repository, *, after: ImageId, tagged: bool, untagged: bool, count: int
) -> list[ImageId]:
    """List ids by digest and tag, after ``after``: of tagged images, of untagged ones, or of both."""
    rows = await tx.all(
        _PAGE,
        **key_of(repository),
        digest=after.digest or "",
        tag=after.tag or "",
        tagged=int(tagged),
        untagged=int(untagged),
        count=count,
    )
    return [ImageId(row[0], row[1]) for row in rows]
