"""Pushing and pulling images: a manifest kept with its tag, and read back as it came."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from moorage.domain.conversion import EVERYTHING, Accepts, convert, form_for
from moorage.domain.digest import Algorithm, Digest, Reference
from moorage.domain.errors import (
    ImageDigestMismatch,
    ImageNotFound,
    LayersNotFound,
    ManifestInvalid,
    ReferencedImagesNotFound,
    RegistryFull,
    TagImmutable,
)
from moorage.domain.events import EventKind
from moorage.domain.image import ImagePush, Pushed, StoredManifest
from moorage.domain.manifest import Manifest, Role
from moorage.domain.names import Tag
from moorage.domain.quotas import Quotas
from moorage.domain.referrer import referrer_of
from moorage.domain.repository import Repository
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.pulltimes import Pulled
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.store import blobs, image_counts, images, manifests, pulls, references, referrers, tags
from moorage.store.transaction import Transaction

_LONG = 64 * 1024  # bytes of a manifest that are read beside the event loop and not in it


@dataclass(frozen=True, slots=True)
class PutImage:
    """What a push asks for; ``digest`` is what the caller says the manifest is, if it says so.

    A ``sparse`` one may name content that the repository lacks. A ``repeatable`` one may say again what an immutable
    tag says already. ``manifest`` is what ``judge`` gave, where it was asked before.
    """

    body: bytes
    media_type: str | None
    tag: Tag | None
    digest: Digest | None = None
    more_tags: tuple[Tag, ...] = ()
    sparse: bool = False
    repeatable: bool = False
    manifest: Manifest | None = None

    @property
    def tags(self) -> tuple[Tag, ...]:
        return self.more_tags if self.tag is None else (self.tag, *self.more_tags)


async def put_image(env: Env, granted: Granted, ask: PutImage) -> ImagePush:
    """Keep a manifest and point its tag at it.

    Raises:
        ManifestInvalid, ManifestTooLarge, ImageDigestMismatch, RepositoryNotFound, LayersNotFound,
        ReferencedImagesNotFound, TagImmutable, RegistryFull

    """
    granted.repository_id  # noqa: B018 - a missing repository is told before anything about the manifest
    manifest = ask.manifest or await judge(env, granted, ask)

    async def unit(tx: Transaction) -> ImagePush:
        repository = await get_repository(tx, granted)
        sizes = await _require(tx, repository, manifest, sparse=ask.sparse)
        moved = await _movable(tx, repository, manifest, ask)
        if ask.tags and not moved:
            await _expect_kind(tx, repository, manifest)
            return ImagePush(Pushed.UNCHANGED, manifest.digest, manifest.media_type, ask.tag, manifest.subject)
        pushed = await _keep(tx, repository, manifest, moved, sizes, at=granted.call.at, quotas=env.quotas)
        for tag in () if pushed is Pushed.UNCHANGED else moved or (None,):
            await record(
                tx,
                env,
                granted,
                EventKind.IMAGE_PUSHED,
                repository=repository.name,
                digest=manifest.digest,
                tag=tag,
                media_type=manifest.media_type.value,
                artifact_type=manifest.artifact_type,
            )
        return ImagePush(pushed, manifest.digest, manifest.media_type, ask.tag, manifest.subject)

    return await env.store.write(unit)


async def judge(env: Env, granted: Granted, ask: PutImage) -> Manifest:
    """Read what is pushed, before anything is kept or made.

    Raises:
        ManifestInvalid, ManifestTooLarge, ImageDigestMismatch
        RegistryFull: the push would make its repository, and has more tags than an image may have

    """
    if granted.found is None and len(set(ask.tags)) > env.quotas.tags:
        raise RegistryFull("tags", "image", env.quotas.tags)
    algorithm = Algorithm.SHA256 if ask.digest is None else ask.digest.algorithm
    if len(ask.body) > _LONG:
        manifest = await asyncio.to_thread(Manifest.parse, ask.body, ask.media_type, algorithm)
    else:
        manifest = Manifest.parse(ask.body, ask.media_type, algorithm)
    if ask.digest is not None and ask.digest != manifest.digest:
        raise ImageDigestMismatch(granted.place, ask.digest)
    return manifest


async def get_manifest(
    env: Env, granted: Granted, reference: Reference, accepts: Accepts = EVERYTHING, *, counts: bool = True
) -> StoredManifest:
    """Give the manifest as it was pushed; ``counts`` when the read is a pull and not a mere look.

    By tag it is given in its other form to whom does not accept the stored one (decision 0035); by digest it is what
    has that digest.

    Raises:
        RepositoryNotFound, ImageNotFound

    """
    found = await pulls.find(env.store.recall, granted.key, reference)
    if isinstance(reference, Digest):
        given = await _converted(env, granted, reference) if found is None else found
    elif found is None:
        raise ImageNotFound(granted.place, tag=reference)
    else:
        form = form_for(found.manifest, accepts)
        given = found if form is found.manifest else replace(found, manifest=form)
    if counts:
        pulled = Pulled(granted.registry, granted.repository_id, given.digest)
        env.pull_times.note(pulled, given.pulled_at, at=granted.call.at)
    return given.manifest


async def _converted(env: Env, granted: Granted, digest: Digest) -> pulls.Pull:
    """Find what a client was given by tag in another form than the stored one, and now asks for by its digest."""
    found = await pulls.find_converted(env.store.now, granted.key, digest)
    form = None if found is None else convert(found.manifest)
    if found is None or form is None or form.digest != digest:
        raise ImageNotFound(granted.place, digest=digest)
    return replace(found, manifest=form)


async def _require(tx: Transaction, repository: Repository, manifest: Manifest, *, sparse: bool) -> Mapping[str, int]:
    """See that the repository holds all that the manifest names, unless it is ``sparse``; give the sizes of the blobs.

    Raises:
        LayersNotFound, ReferencedImagesNotFound, ManifestInvalid

    """
    layers = _digests(manifest, Role.CONFIG, Role.LAYER)
    sizes = await blobs.held(tx, repository, layers)
    if not sparse and (missing := [digest for digest in layers if digest not in sizes]):
        raise LayersNotFound(repository.place, missing)
    children = _digests(manifest, Role.CHILD)
    kinds = await images.held(tx, repository, children)
    if not sparse and (missing := [digest for digest in children if digest not in kinds]):
        raise ReferencedImagesNotFound(repository.place, missing)
    if any(
        need.role is Role.CHILD and need.media_type != kinds.get(need.digest, need.media_type)
        for need in manifest.needs
    ):
        raise ManifestInvalid("a descriptor in 'manifests' has another mediaType than its image")
    return sizes


def _digests(manifest: Manifest, *roles: Role) -> list[Digest]:
    return list(dict.fromkeys(need.digest for need in manifest.needs if need.role in roles and need.stored))


async def _movable(tx: Transaction, repository: Repository, manifest: Manifest, ask: PutImage) -> tuple[Tag, ...]:
    """Give the tags that the push moves: all that do not point at the manifest already."""
    moved = []
    for tag in dict.fromkeys(ask.tags):
        standing = await tags.find(tx, repository, tag)
        said = ask.repeatable and standing == manifest.digest
        if standing is not None and not said and not repository.rule.may_move(tag):
            raise TagImmutable(repository.place, tag)
        if standing != manifest.digest:
            moved.append(tag)
    return tuple(moved)


async def _keep(  # noqa: PLR0913 - what is kept, where, and when
    tx: Transaction,
    repository: Repository,
    manifest: Manifest,
    moved: tuple[Tag, ...],
    sizes: Mapping[str, int],
    *,
    at: int,
    quotas: Quotas,
) -> Pushed:
    size = await _size(tx, repository, manifest, sizes)
    said = await images.create(tx, repository, manifest, size=size, at=at)
    created = said is not None
    if said is None:
        await _expect_kind(tx, repository, manifest)
    else:
        if said - {manifest.media_type.value}:
            raise ManifestInvalid("an index of the repository says that this manifest has another mediaType")
        if said:
            await images.lift(tx, repository, manifest.digest, size)
        if not await image_counts.add(tx, repository, most=quotas.images):
            raise RegistryFull("images", "repository", quotas.images)
        await manifests.put(tx, repository, manifest.digest, manifest.body)
        await references.put(tx, repository, manifest)
        if manifest.subject is not None:
            await referrers.put(tx, repository, manifest.subject, referrer_of(manifest))
    if (moved and not created) or len(moved) > quotas.tags:
        await _leave_room(tx, repository, manifest.digest, len(moved), quotas.tags)
    for tag in moved:
        await tags.put(tx, repository, tag, manifest.digest, at=at)
    if created:
        return Pushed.CREATED
    return Pushed.TAGGED if moved else Pushed.UNCHANGED


async def _expect_kind(tx: Transaction, repository: Repository, manifest: Manifest) -> None:
    """Refuse to take a manifest that is there for another kind: both answers would name one digest.

    Raises:
        ManifestInvalid

    """
    if manifest.tells_type:
        return
    kinds = await images.held(tx, repository, [manifest.digest])
    if kinds[manifest.digest] != manifest.media_type:
        raise ManifestInvalid("the repository holds this very manifest under another media type")


async def _leave_room(tx: Transaction, repository: Repository, digest: Digest, more: int, most: int) -> None:
    """Refuse tags that an image could not have beside those it has.

    Raises:
        RegistryFull

    """
    if more > most or await tags.has_more_than(tx, repository, digest, most - more):
        raise RegistryFull("tags", "image", most)


async def _size(tx: Transaction, repository: Repository, manifest: Manifest, sizes: Mapping[str, int]) -> int:
    """ECR's size: config and layers of an image, the largest child of an index."""
    if not manifest.is_index:
        return manifest.size(sizes)
    return await images.largest(tx, repository, _digests(manifest, Role.CHILD))
