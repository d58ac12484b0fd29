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
    """List images by digest; a page holds at most ``count`` of them (100 unless told)."""
    size = count or DEFAULT_PAGE
    where = granted.repository_id
    bound = f"{where} {status}"
    after = read_token(env, "DescribeImages", granted.registry, bound, token)

    async def unit(tx: Transaction) -> tuple[list[Image], bool]:
        repository = await get_repository(tx, granted)
        return await _gather(tx, repository, after, size, status)

    found, more = await env.store.read(unit)
    going_on = next_token(env, "DescribeImages", granted.registry, bound, found[-1].digest) if more and found else None
    return ImagePage(found, going_on)


@dataclass(frozen=True, slots=True)
class IdPage:
    """Some image ids, and the token for more."""

    ids: Sequence[ImageId]
    next_token: str | None


async def list_image_ids(
    env: Env, granted: Granted, *, status: TagStatus, token: str | None, count: int | None
) -> IdPage:
    """List one id for each tag and each untagged image; a page holds at most ``count`` of them (100 unless told)."""
    size = count or DEFAULT_PAGE
    where = granted.repository_id
    bound = f"{where} {status}"
    digest, _, tag = read_token(env, "ListImages", granted.registry, bound, token).partition(" ")

    async def unit(tx: Transaction) -> list[ImageId]:
        return await imageids.page(
            tx,
            await get_repository(tx, granted),
            after=ImageId(digest, tag),
            tagged=status is not TagStatus.UNTAGGED,
            untagged=status is not TagStatus.TAGGED,
            count=size + 1,
        )

    found = await env.store.read(unit)
    page, more = found[:size], len(found) > size
    if not more:
        return IdPage(page, None)
    last = f"{page[-1].digest} {page[-1].tag or ''}"
    return IdPage(page, next_token(env, "ListImages", granted.registry, bound, last))


async def _gather(
    tx: Transaction, repository: Repository, after: str, size: int, status: TagStatus
) -> tuple[list[Image], bool]:
    """Fill a page, passing over images that the filter leaves out; tells whether there are more."""
    found: list[Image] = []
    while True:
        chunk = await images.page(tx, repository, after=after, count=size + 1)
        if not chunk:
            return found, False
        named = await tags.of_images(tx, repository, chunk[0].digest, chunk[-1].digest)
        for image in chunk:
            wanted = replace(image, tags=named.get(image.digest, ()))
            if status is TagStatus.ANY or (status is TagStatus.TAGGED) == bool(wanted.tags):
                if len(found) == size:
                    return found, True
                found.append(wanted)
        after = chunk[-1].digest


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
