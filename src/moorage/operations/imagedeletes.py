"""Deleting images and tags, in batches; nothing fails as a whole for one image that is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from moorage.domain.errors import ImageNotFound
from moorage.domain.events import EventKind
from moorage.domain.image import NAMED_PARENTS, Image, ImageFailure, ImageFailureCode, ImageId, listed_parents
from moorage.domain.names import Tag
from moorage.domain.repository import Repository
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.imagelists import NOT_FOUND, Unresolved, resolve
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.store import image_counts, images, manifests, references, referrers, tags
from moorage.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Deleted:
    """What went, one id for each tag or untagged image, and what did not."""

    ids: Sequence[ImageId]
    failures: Sequence[ImageFailure]


async def delete_images(env: Env, granted: Granted, ids: Sequence[ImageId]) -> Deleted:
    """Delete by digest (the image with all its tags) or by tag (that tag; with its last tag the image).

    An index and its children may come in one call, in any order: what an index of the call still refers to is tried
    again when that index is gone.
    """

    async def unit(tx: Transaction) -> Deleted:
        repository = await get_repository(tx, granted)
        return await _delete_all(tx, env, granted, repository, list(dict.fromkeys(ids)))

    return await env.store.write(unit)


async def delete_tag(env: Env, granted: Granted, tag: Tag) -> None:
    """Take a tag away and leave its image, even if that was the last one (only profile oci asks for that).

    Raises:
        RepositoryNotFound, ImageNotFound

    """

    async def unit(tx: Transaction) -> None:
        repository = await get_repository(tx, granted)
        digest = await tags.find(tx, repository, tag)
        if digest is None:
            raise ImageNotFound(granted.place, tag=tag)
        await tags.delete_tag(tx, repository, tag)
        await record(tx, env, granted, EventKind.TAG_DELETED, repository=repository.name, digest=digest, tag=tag)

    await env.store.write(unit)


async def _delete_all(
    tx: Transaction, env: Env, granted: Granted, repository: Repository, waiting: Sequence[ImageId]
) -> Deleted:
    gone: list[ImageId] = []
    failures: list[ImageFailure] = []
    while True:
        referenced: list[ImageFailure] = []
        before = len(gone)
        for asked in waiting:
            try:
                gone += await _delete(tx, env, granted, repository, asked)
            except Unresolved as failed:
                (referenced if failed.code is ImageFailureCode.REFERENCED else failures).append(failed.failure(asked))
        if not referenced or len(gone) == before:
            return Deleted(gone, [*failures, *referenced])
        waiting = [failure.asked for failure in referenced]


async def _delete(tx: Transaction, env: Env, granted: Granted, repository: Repository, asked: ImageId) -> list[ImageId]:
    digest = await resolve(tx, repository, asked)
    image = await images.find(tx, repository, digest)
    if image is None:
        raise Unresolved(ImageFailureCode.NOT_FOUND, NOT_FOUND)
    named = await tags.of_image(tx, repository, digest)
    if asked.tag is not None and len(named) > 1:
        await tags.delete_tag(tx, repository, Tag(asked.tag))
        await record(tx, env, granted, EventKind.TAG_DELETED, repository=repository.name, digest=digest, tag=asked.tag)
        return [ImageId(digest, asked.tag)]
    if parents := await references.parents(tx, repository, digest, count=NAMED_PARENTS + 1):
        reason = f"Requested image referenced by manifest list: {listed_parents(parents)}"
        raise Unresolved(ImageFailureCode.REFERENCED, reason, parents)
    await forget(tx, repository, image, at=granted.call.at)
    await record(tx, env, granted, EventKind.IMAGE_DELETED, repository=repository.name, digest=digest)
    return [ImageId(digest, tag) for tag in named] or [ImageId(digest)]


async def forget(tx: Transaction, repository: Repository, image: Image, *, at: int) -> None:
    """Drop the image; blobs stay linked, because another push may be counting on one it has just looked at.

    Its referrers stay too, and carry the time.
    """
    digest = image.digest
    if image.subject is not None:
        await referrers.delete_of(tx, repository, digest)
    await referrers.set_orphaned(tx, repository, digest, at=at)
    await tags.delete_of(tx, repository, digest)
    await references.delete_of(tx, repository, digest)
    await images.delete_image(tx, repository, digest)
    await image_counts.take(tx, repository)
    await manifests.delete_unused(tx, repository, digest)
