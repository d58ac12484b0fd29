"""The read that a pull is: one statement from a reference to the manifest's bytes."""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import bindparam, func, select

from moorage.domain.digest import Digest
from moorage.domain.image import StoredManifest
from moorage.domain.names import Tag
from moorage.store.images import images
from moorage.store.manifests import manifests
from moorage.store.owned import Owner, in_repository, key_of
from moorage.store.recall import Recall
from moorage.store.tags import tags
from moorage.store.transaction import Row, Transaction

_with_body = images.join(
    manifests,
    (manifests.c.account_id == images.c.account_id)
    & (manifests.c.region == images.c.region)
    & (manifests.c.digest == images.c.digest),
)
_tagged = tags.join(
    images,
    (images.c.account_id == tags.c.account_id)
    & (images.c.region == tags.c.region)
    & (images.c.repository_id == tags.c.repository_id)
    & (images.c.digest == tags.c.digest),
).join(
    manifests,
    (manifests.c.account_id == images.c.account_id)
    & (manifests.c.region == images.c.region)
    & (manifests.c.digest == images.c.digest),
)
_COLUMNS = (images.c.digest, images.c.media_type, manifests.c.body, images.c.pulled_at)
_BY_DIGEST = (
    select(*_COLUMNS).select_from(_with_body).where(in_repository(images), images.c.digest == bindparam("wanted"))
)
_BY_OTHER_FORM = (
    select(*_COLUMNS)
    .select_from(_with_body)
    .where(in_repository(images), images.c.other_form == bindparam("wanted"))
    .limit(1)
)
_BY_TAG = select(*_COLUMNS).select_from(_tagged).where(in_repository(tags), tags.c.name == bindparam("called"))
_among = select(func.json_each(bindparam("wanted")).table_valued("value").c.value)
_BY_DIGESTS = (
    select(images.c.digest, *_COLUMNS).select_from(_with_body).where(in_repository(images), images.c.digest.in_(_among))
)
_BY_TAGS = select(tags.c.name, *_COLUMNS).select_from(_tagged).where(in_repository(tags), tags.c.name.in_(_among))


class Pull(Struct, frozen=True, gc=False):
    """A manifest, its image's digest, and when that was last recorded as pulled."""

    manifest: StoredManifest
    digest: Digest
    pulled_at: int | None


async def find(recall: Recall, repository: Owner, reference: Tag | Digest) -> Pull | None:
    key = key_of(repository)
    if isinstance(reference, Digest):
        return await recall.first(_BY_DIGEST, _pull, **key, wanted=reference)
    return await recall.first(_BY_TAG, _pull, **key, called=reference)


async def fetch(recall: Recall, repository: Owner, references: Iterable[Tag | Digest]) -> None:
    """Ask at once for what ``find`` will be asked for."""
    key = key_of(repository)
    wanted = list(references)
    digests = [one for one in wanted if isinstance(one, Digest)]
    await recall.fetch(_BY_DIGEST, _BY_DIGESTS, _pull, digests, **key)
    await recall.fetch(_BY_TAG, _BY_TAGS, _pull, [one for one in wanted if not isinstance(one, Digest)], **key)


async def find_converted(tx: Transaction, repository: Owner, digest: Digest) -> Pull | None:
    """Find an image by the digest of what it is converted to."""
    row = await tx.first(_BY_OTHER_FORM, **key_of(repository), wanted=digest)
    return None if row is None else _pull(row)


def _pull(row: Row) -> Pull:
    digest, media_type, body, pulled_at = row
    return Pull(StoredManifest(Digest(digest), media_type, body), Digest(digest), pulled_at)
