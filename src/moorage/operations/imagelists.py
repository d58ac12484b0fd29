"""Looking at images many at a time: list, describe, and get in batches."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from moorage.domain.conversion import EVERYTHING, Accepts
from moorage.domain.digest import Digest
from moorage.domain.errors import AnswerTooLarge, ImageNotFound, InvalidDigest, InvalidParameter, InvalidTag
from moorage.domain.image import Image, ImageFailure, ImageFailureCode, ImageId, StoredManifest
from moorage.domain.names import Tag
from moorage.domain.repository import Repository
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.images import get_manifest
from moorage.operations.pages import DEFAULT_PAGE, next_token, read_token
from moorage.operations.repositories import get_repository
from moorage.store import imageids, images, pulls, tags
from moorage.store.transaction import Transaction

NOT_FOUND = "Requested image not found"
NEITHER = "Invalid request parameters: both tag and digest cannot be null"
BAD_DIGEST = "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
BAD_TAG = "Invalid request parameters: image tag should satisfy the regex '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'"
MISMATCH = "Requested image tag does not belong to the requested image digest"

# Bytes of manifests in one answer: room for a hundred of the usual ones, and for four of the largest.
BATCH_LIMIT = 16 * 1024 * 1024
_TOGETHER = 10  # manifests read with one statement, of at most 4 MiB each
# A page of a list is read in the event loop: what it takes has a bound, wherever in the repository its images are.
_LOOKED_AT = 5_000  # images looked at for those with or without tags
_TAGS = 10_000  # tags of the images of a page

_WRONGLY_NAMED = frozenset({ImageFailureCode.MISSING, ImageFailureCode.INVALID_DIGEST, ImageFailureCode.INVALID_TAG})


class TagStatus(StrEnum):
    """Which images a list is about."""

    TAGGED = "TAGGED"
    UNTAGGED = "UNTAGGED"
    ANY = "ANY"


@dataclass(frozen=True, slots=True)
class ImagePage:
    """Some images with their tags, and the token for more."""

    images: Sequence[Image]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class TagPage:
    """Some tags, and the token for more."""

    tags: Sequence[str]
    next_token: str | None


class Unresolved(Exception):
    """An image id names no image."""

    def __init__(self, code: ImageFailureCode, reason: str, parents: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.code, self.reason, self.parents = code, reason, tuple(parents)

    def failure(self, asked: ImageId) -> ImageFailure:
        return ImageFailure(asked, self.code, self.reason, self.parents)


async def list_images(
    env: Env, granted: Granted, *, status: TagStatus, token: str | None, count: int | None
) -> ImagePage:
    """List images by digest; a page holds at most ``count`` of them (100 unless told).

    It may hold fewer, even none, and go on all the same.
    """
    where = granted.repository_id
    bound = f"{where} {status}"
    after = read_token(env, "DescribeImages", granted.registry, bound, token)

    async def unit(tx: Transaction) -> _Found:
        repository = await get_repository(tx, granted)
        found = await _images(tx, repository, status, after, count or DEFAULT_PAGE)
        return found if status is TagStatus.UNTAGGED else await _with_tags(tx, repository, found)

    found = await env.store.read(unit)
    going_on = found.going_on
    following = None if going_on is None else next_token(env, "DescribeImages", granted.registry, bound, going_on)
    return ImagePage(found.images, following)


@dataclass(frozen=True, slots=True)
class IdPage:
    """Some image ids, and the token for more."""

    ids: Sequence[ImageId]
    next_token: str | None


async def list_image_ids(
    env: Env, granted: Granted, *, status: TagStatus, token: str | None, count: int | None
) -> IdPage:
    """List one id for each tag and each untagged image; a page holds at most ``count`` of them (100 unless told).

    It may hold fewer, even none, and go on all the same.
    """
    where = granted.repository_id
    bound = f"{where} {status}"
    after = read_token(env, "ListImages", granted.registry, bound, token)

    async def unit(tx: Transaction) -> tuple[Sequence[ImageId], str | None]:
        repository = await get_repository(tx, granted)
        return await _ids(tx, repository, status, after, count or DEFAULT_PAGE)

    ids, going_on = await env.store.read(unit)
    return IdPage(ids, None if going_on is None else next_token(env, "ListImages", granted.registry, bound, going_on))


async def _ids(
    tx: Transaction, repository: Repository, status: TagStatus, after: str, size: int
) -> tuple[Sequence[ImageId], str | None]:
    """Read a page of image ids, and what the next one goes on after, if there is more."""
    digest, _, tag = after.partition(" ")
    if status is TagStatus.UNTAGGED:
        found = await _images(tx, repository, status, digest, size)
        return [ImageId(image.digest) for image in found.images], found.going_on
    tagged_alone = status is TagStatus.TAGGED
    ids = await imageids.page(tx, repository, after=ImageId(digest, tag), tagged_alone=tagged_alone, count=size + 1)
    if len(ids) <= size:
        return ids, None
    return ids[:size], f"{ids[size - 1].digest} {ids[size - 1].tag or ''}"


@dataclass(frozen=True, slots=True)
class _Found:
    """Some images, and the digest that the next page goes on after, if there is more."""

    images: Sequence[Image]
    going_on: str | None


async def _images(tx: Transaction, repository: Repository, status: TagStatus, after: str, size: int) -> _Found:
    """Read a page of images without their tags; of those with or without tags it looks among so many alone."""
    end = None
    if status is TagStatus.ANY:
        found = await images.page(tx, repository, after=after, count=size + 1)
    else:
        end = await images.end_of(tx, repository, after=after, count=_LOOKED_AT)
        tagged = status is TagStatus.TAGGED
        found = await images.page_by_tags(tx, repository, tagged=tagged, after=after, end=end, count=size + 1)
    return _Found(found[:size], found[size - 1].digest) if len(found) > size else _Found(found, end)


async def _with_tags(tx: Transaction, repository: Repository, found: _Found) -> _Found:
    """Give images their tags; what has more tags than go into one answer is left to the next page."""
    if not found.images:
        return found
    first, last = found.images[0], found.images[-1]
    named = await tags.of_images(tx, repository, first.digest, last.digest, count=_TAGS + 1)
    whole, going_on = found.images, found.going_on
    if len(named) > _TAGS:
        cut = named[-1][0]  # the image whose tags may not be all there
        whole = [image for image in whole if image.digest < cut]
        if not whole:  # it alone has that many
            following = going_on if first is last else first.digest
            return _Found([replace(first, tags=await tags.of_image(tx, repository, first.digest))], following)
        going_on = whole[-1].digest
    of: dict[str, list[str]] = {}
    for digest, name in named:
        of.setdefault(digest, []).append(name)
    return _Found([replace(image, tags=tuple(of.get(image.digest, ()))) for image in whole], going_on)


async def list_tags(env: Env, granted: Granted, *, token: str | None, count: int) -> TagPage:
    """List the repository's tags by name."""
    where = granted.repository_id
    after = read_token(env, "tags/list", granted.registry, where, token)

    async def unit(tx: Transaction) -> list[str]:
        return await tags.page(tx, await get_repository(tx, granted), after=after, count=count + 1)

    found = await env.store.read(unit)
    page = found[:count]
    more = len(found) > count
    return TagPage(page, next_token(env, "tags/list", granted.registry, where, page[-1]) if more else None)


async def list_tags_after(env: Env, granted: Granted, last: str, *, count: int) -> list[str]:
    """List the repository's tags behind the name ``last``, which need not be there."""

    async def unit(tx: Transaction) -> list[str]:
        return await tags.page(tx, await get_repository(tx, granted), after=last, count=count)

    return await env.store.read(unit)


async def describe_images(env: Env, granted: Granted, ids: Sequence[ImageId]) -> Sequence[Image]:
    """Describe the named images, each once; all or none.

    Raises:
        ImageNotFound: of the first that is missing
        InvalidParameter: an id is no id

    """

    async def unit(tx: Transaction) -> list[Image]:
        repository = await get_repository(tx, granted)
        found: dict[str, Image] = {}
        for asked in ids:
            try:
                digest = await resolve(tx, repository, asked)
            except Unresolved as failed:
                if failed.code in _WRONGLY_NAMED:
                    raise InvalidParameter("imageIds", failed.reason) from None
                raise ImageNotFound(granted.place, digest=asked.digest, tag=asked.tag) from None
            if digest in found:
                continue
            image = await images.find(tx, repository, digest)
            if image is None:
                raise ImageNotFound(granted.place, digest=asked.digest, tag=asked.tag)
            found[digest] = replace(image, tags=await tags.of_image(tx, repository, digest))
        return list(found.values())

    return await env.store.read(unit)


async def batch_get(
    env: Env, granted: Granted, ids: Sequence[ImageId], accepts: Accepts = EVERYTHING
) -> tuple[list[tuple[ImageId, StoredManifest]], list[ImageFailure]]:
    """Get manifests, each that is named once; an image that cannot be had is a failure beside the others.

    What is named by tag alone comes in a form that the caller ``accepts``, where there is one.

    Raises:
        RepositoryNotFound, AnswerTooLarge

    """
    found: list[tuple[ImageId, StoredManifest]] = []
    failures: list[ImageFailure] = []
    size = 0
    wanted = list(dict.fromkeys(ids))
    for number, asked in enumerate(wanted):
        if number % _TOGETHER == 0:
            await _fetch(env, granted, wanted[number : number + _TOGETHER])
        try:
            manifest = await _get_one(env, granted, asked, accepts)
        except Unresolved as failed:
            failures.append(failed.failure(asked))
        else:
            size += len(manifest.body)
            if size > BATCH_LIMIT:
                raise AnswerTooLarge(BATCH_LIMIT)
            found.append((ImageId(manifest.digest, asked.tag), manifest))
    return found, failures


async def _fetch(env: Env, granted: Granted, ids: Sequence[ImageId]) -> None:
    """Ask the store for some manifests at once, so that each is there when it is got."""
    references: list[Tag | Digest] = []
    for asked in ids:
        with suppress(Unresolved):
            digest, tag = judge(asked)
            references.append(tag if tag is not None else digest or Digest(""))
    await pulls.fetch(env.store.recall, granted.key, references)


async def _get_one(env: Env, granted: Granted, asked: ImageId, accepts: Accepts) -> StoredManifest:
    digest, tag = judge(asked)
    form = accepts if digest is None else EVERYTHING
    try:
        manifest = await get_manifest(env, granted, tag if tag is not None else digest or Digest(""), form)
    except ImageNotFound:
        raise Unresolved(ImageFailureCode.NOT_FOUND, NOT_FOUND) from None
    if digest is not None and manifest.digest != digest:
        raise Unresolved(ImageFailureCode.MISMATCH, MISMATCH)
    return manifest


def judge(asked: ImageId) -> tuple[Digest | None, Tag | None]:
    """Read an image id: at least one of digest and tag, each well formed.

    Raises:
        Unresolved

    """
    if asked.digest is None and asked.tag is None:
        raise Unresolved(ImageFailureCode.MISSING, NEITHER)
    try:
        digest = None if asked.digest is None else Digest.parse(asked.digest)
        tag = None if asked.tag is None else Tag.parse(asked.tag)
    except InvalidDigest:
        raise Unresolved(ImageFailureCode.INVALID_DIGEST, BAD_DIGEST) from None
    except InvalidTag:
        raise Unresolved(ImageFailureCode.INVALID_TAG, BAD_TAG) from None
    return digest, tag


async def resolve(tx: Transaction, repository: Repository, asked: ImageId) -> Digest:
    """Find the digest that an image id names; the image may still be missing when only the digest was given.

    Raises:
        Unresolved

    """
    digest, tag = judge(asked)
    if tag is None:
        return digest or Digest("")
    tagged = await tags.find(tx, repository, tag)
    if tagged is None:
        raise Unresolved(ImageFailureCode.NOT_FOUND, NOT_FOUND)
    if digest is not None and digest != tagged:
        raise Unresolved(ImageFailureCode.MISMATCH, MISMATCH)
    return tagged
