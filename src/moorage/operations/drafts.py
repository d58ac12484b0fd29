"""The bytes of an upload that are too many for the metadata: held, hashed and appended in its draft.

A part takes a lock on the draft before its first byte, cuts it back to the acknowledged bytes, appends, syncs, and
moves the row's offset by compare-and-set: a part that is cut short leaves the offset where it was, and any process
goes on from there. Finishing makes the draft a blob first and tells the metadata after.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from moorage.blobs.port import Draft, DraftBusy, DraftShort
from moorage.domain.digest import Algorithm, Digest
from moorage.domain.errors import (
    LayerPartsExceeded,
    LayerPartTooSmall,
    LayerTooLarge,
    MalformedRequest,
    UploadBusy,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
)
from moorage.domain.layer import LAYER_LIMIT, PART_MINIMUM, PARTS_LIMIT, Upload
from moorage.operations import hashing
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.hashing import Hasher
from moorage.operations.uploadids import opened
from moorage.store import repositories, uploads
from moorage.store.transaction import Transaction

Pieces = AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """One contiguous piece: ``first`` and ``length`` are what its sender says, None where it does not."""

    pieces: Pieces
    first: int | None = None
    length: int | None = None

    def expect_length(self, found: int) -> None:
        """See that it is as long as its sender said.

        Raises:
            MalformedRequest

        """
        if self.length is not None and found != self.length:
            raise MalformedRequest("the body is not as long as its Content-Range says")


@dataclass(frozen=True, slots=True)
class Held:
    """An upload whose draft nobody else can write to."""

    upload: Upload
    draft: Draft


@dataclass(frozen=True, slots=True)
class Finish:
    """What an upload is said to have become, and its last part where the request carries one."""

    digest: Digest
    last: Part | None = None
    may_be_empty: bool = False
    short_parts: bool = False  # whether parts other than the last may be short


async def find_upload(env: Env, granted: Granted, upload_id: str) -> Upload:
    """Find an upload; somebody else's is not found.

    Raises:
        RepositoryNotFound, UploadNotFound

    """
    row = await uploads.find(env.store.now, granted.key, upload_id)
    return known(granted, upload_id, row or opened(env, granted, upload_id))


async def expect_upload(env: Env, granted: Granted, upload_id: str, part: Part | None) -> Upload | None:
    """See, before the first byte is read, that a part may come; give the upload that its id alone tells of.

    An id that proves itself, with a part that names no place, needs no look at the row.

    Raises:
        RepositoryNotFound, UploadNotFound, UploadOutOfOrder

    """
    granted.key  # noqa: B018 - a missing repository is told first
    unwritten = opened(env, granted, upload_id)
    first = None if part is None else part.first
    if unwritten is None or first is not None:
        expect_first(granted, await find_upload(env, granted, upload_id), first)
    return unwritten


def known(granted: Granted, upload_id: str, upload: Upload | None) -> Upload:
    """See that an upload is there, goes on, and is the caller's.

    Raises:
        UploadNotFound

    """
    if upload is None or upload.over or upload.owner != granted.caller.unique_id:
        raise UploadNotFound(granted.place, upload_id)
    return upload


@asynccontextmanager
async def hold(env: Env, granted: Granted, upload: Upload) -> AsyncIterator[Held]:
    """Hold an upload's draft, cut back to the last acknowledged byte.

    Raises:
        UploadBusy, UploadNotFound

    """
    if not upload.begun:
        await _begin(env, granted, upload)
    try:
        draft = env.blobs.hold(upload.draft)
    except DraftBusy:
        raise UploadBusy(granted.place, upload.id) from None
    try:
        yield Held(await _stand_still(env, granted, upload, draft), draft)
    except DraftShort:
        raise UploadNotFound(granted.place, upload.id) from None
    finally:
        draft.close()


async def _begin(env: Env, granted: Granted, upload: Upload) -> None:
    """Make a row of an upload before a draft: whoever finds the draft later knows by the row what became of it."""

    async def unit(tx: Transaction) -> None:
        if not await repositories.is_there(tx, granted.key):
            raise UploadNotFound(granted.place, upload.id)
        await uploads.begin(tx, granted.key, replace(upload, small=None), at=env.clock())

    await env.store.write(unit)


async def _stand_still(env: Env, granted: Granted, upload: Upload, draft: Draft) -> Upload:
    """Look at the upload again: whoever held the draft before may have moved it, or finished it."""
    found = await uploads.find(env.store.now, granted.key, upload.id)
    if found is None or found.over:
        await env.blobs.discard(upload.draft)
        raise UploadNotFound(granted.place, upload.id)
    if found.small is None:
        draft.truncate(found.offset)
    else:
        draft.truncate(0)
        draft.append(found.small)
    return found


def hasher_of(held: Held, wanted: Algorithm = Algorithm.SHA256) -> Hasher:
    """Go on from the row's hash state, or read the draft again where it has none."""
    return hashing.resume(held.upload.hash_state) or hash_again(held.draft, wanted)


def hash_again(draft: Draft, algorithm: Algorithm) -> Hasher:
    """Hash a draft from its first byte."""
    hasher = hashing.begin(algorithm)
    for piece in draft.content():
        hasher.update(piece)
    return hasher


async def append(held: Held, part: Part, hasher: Hasher) -> int:
    """Write a part behind the offset and give where it ends; nothing is acknowledged yet.

    Raises:
        LayerTooLarge, MalformedRequest, StorageFull

    """
    size = held.upload.offset
    async for piece in part.pieces:
        size += len(piece)
        if size > LAYER_LIMIT:
            raise LayerTooLarge(LAYER_LIMIT)
        hasher.update(piece)
        held.draft.append(piece)
        del piece  # it may be long until the next one comes
    part.expect_length(size - held.upload.offset)
    return size


def expect_first(granted: Granted, upload: Upload, first: int | None) -> None:
    """See that a part begins where the upload ends.

    Raises:
        UploadOutOfOrder

    """
    if first is not None and first != upload.offset:
        raise UploadOutOfOrder(granted.place, upload.id, got=first, expected=upload.offset)


def expect_part(granted: Granted, upload: Upload, part: Part) -> None:
    """See that a part may follow.

    Raises:
        UploadOutOfOrder, LayerPartsExceeded

    """
    expect_first(granted, upload, part.first)
    if upload.parts >= PARTS_LIMIT:
        raise LayerPartsExceeded(PARTS_LIMIT)


def expect_whole(granted: Granted, upload: Upload, size: int, finish: Finish) -> None:
    """See that an upload may end with ``size`` bytes.

    Raises:
        UploadEmpty, LayerPartTooSmall

    """
    if size == 0 and not finish.may_be_empty:
        raise UploadEmpty(granted.place, upload.id)
    if finish.short_parts:
        return
    followed = size > upload.offset and upload.parts > 0
    if upload.short_parts or (followed and upload.last_part < PART_MINIMUM):
        raise LayerPartTooSmall
