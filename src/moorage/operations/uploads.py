"""Uploads: begin, receive, finish. Each byte is received and hashed before anything links to it.

An upload is a row, its bytes a draft. A part takes a lock on the draft before its first byte, cuts the draft back to
the row's offset, appends, syncs, and moves the offset by compare-and-set: a part that is cut short leaves the offset
where it was, and any process goes on from there. Finishing makes the draft a blob first and tells the metadata after.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from moorage.blobs.port import Draft, DraftBusy, DraftShort
from moorage.domain.digest import Digest
from moorage.domain.errors import (
    LayerDigestMismatch,
    LayerPartsExceeded,
    LayerPartTooSmall,
    LayerTooLarge,
    MalformedRequest,
    RepositoryNotFound,
    UploadBusy,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
)
from moorage.domain.events import EventKind
from moorage.domain.layer import LAYER_LIMIT, PART_MINIMUM, PARTS_LIMIT, Blob, Completed, Upload
from moorage.operations import hashing
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.hashing import Hasher
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.store import blobs, uploads
from moorage.store.transaction import Transaction
from moorage.store.uploads import Advance

Pieces = AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """One contiguous piece: ``first`` and ``length`` are what its sender says, None where it does not."""

    pieces: Pieces
    first: int | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """What an upload is said to have become, and its last part where the request carries one."""

    digest: Digest
    last: Part | None = None
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class _Held:
    """An upload whose draft nobody else can write to."""

    upload: Upload
    draft: Draft


async def start_upload(env: Env, granted: Granted) -> str:
    """Open an upload and give its id.

    Raises:
        RepositoryNotFound

    """
    upload = Upload(env.ids.upload(), granted.caller.unique_id, env.ids.storage_key(), 0, None, 0, 0, 0)

    async def unit(tx: Transaction) -> str:
        await uploads.create(tx, await get_repository(tx, granted), upload, at=granted.call.at)
        return upload.id

    return await env.store.write(unit)


async def get_upload(env: Env, granted: Granted, upload_id: str) -> Upload:
    """Tell where an upload stands; somebody else's is not found.

    Raises:
        RepositoryNotFound, UploadNotFound

    """
    return await _find(env, granted, upload_id)


async def cancel_upload(env: Env, granted: Granted, upload_id: str) -> None:
    """Forget an upload and its bytes.

    Raises:
        RepositoryNotFound, UploadNotFound, UploadBusy

    """
    async with _hold(env, granted, upload_id) as held:
        await env.store.write(lambda tx: uploads.delete_upload(tx, granted.key, held.upload.id))
        await env.blobs.discard(held.upload.draft)


async def receive_part(env: Env, granted: Granted, upload_id: str, part: Part) -> int:
    """Append a part and give the upload's new offset.

    Raises:
        RepositoryNotFound, UploadNotFound, UploadBusy, UploadOutOfOrder, LayerTooLarge, LayerPartsExceeded,
        MalformedRequest: the part is not as long as its sender said
        StorageFull

    """
    async with _hold(env, granted, upload_id) as held:
        _expect_first(granted, held.upload, part.first)
        if held.upload.parts >= PARTS_LIMIT:
            raise LayerPartsExceeded(PARTS_LIMIT)
        hasher = _hasher(held)
        reached = await _append(held, part, hasher)
        await held.draft.sync()
        await _advance(env, granted, held, reached, hasher)
        return reached


async def complete_upload(env: Env, granted: Granted, upload_id: str, finish: Finish) -> Completed:
    """Take the last part, if there is one, and make the upload a blob of the repository.

    Raises:
        as ``receive_part``, and LayerDigestMismatch, LayerPartTooSmall, UploadEmpty

    """
    async with _hold(env, granted, upload_id) as held:
        size, hasher = held.upload.offset, _hasher(held)
        if finish.last is not None:
            _expect_first(granted, held.upload, finish.last.first)
            size = await _append(held, finish.last, hasher)
        _expect_whole(granted, held.upload, size, may_be_empty=finish.may_be_empty)
        return await _publish(env, granted, held, Blob(finish.digest, held.upload.draft, size), hasher)


async def upload_whole(env: Env, granted: Granted, digest: Digest, part: Part) -> Completed:
    """Receive a blob in one request, without an upload that anybody could go on with.

    Raises:
        RepositoryNotFound, LayerTooLarge, LayerDigestMismatch, MalformedRequest, StorageFull

    """
    granted.key  # noqa: B018 - a missing repository is told before the first byte is read
    upload = Upload("", granted.caller.unique_id, env.ids.storage_key(), 0, None, 0, 0, 0)
    held = _Held(upload, env.blobs.hold(upload.draft))
    try:
        hasher = hashing.begin()
        size = await _append(held, part, hasher)
        return await _publish(env, granted, held, Blob(digest, upload.draft, size), hasher)
    finally:
        held.draft.close()
        await env.blobs.discard(upload.draft)  # of a blob that was published nothing is left there


async def _find(env: Env, granted: Granted, upload_id: str) -> Upload:
    upload = await uploads.find(env.store.now, granted.key, upload_id)
    if upload is None or upload.owner != granted.caller.unique_id:
        raise UploadNotFound(granted.place, upload_id)
    return upload


@asynccontextmanager
async def _hold(env: Env, granted: Granted, upload_id: str) -> AsyncIterator[_Held]:
    """Hold an upload's draft, cut back to the last acknowledged byte."""
    key = (await _find(env, granted, upload_id)).draft
    try:
        draft = env.blobs.hold(key)
    except DraftBusy:
        raise UploadBusy(granted.place, upload_id) from None
    try:
        # Only now does the row stand still: whoever held the draft before may have moved it, or finished it.
        upload = await uploads.find(env.store.now, granted.key, upload_id)
        if upload is None:
            await env.blobs.discard(key)
            raise UploadNotFound(granted.place, upload_id)
        draft.truncate(upload.offset)
        yield _Held(upload, draft)
    except DraftShort:
        raise UploadNotFound(granted.place, upload_id) from None
    finally:
        draft.close()


def _expect_first(granted: Granted, upload: Upload, first: int | None) -> None:
    if first is not None and first != upload.offset:
        raise UploadOutOfOrder(granted.place, upload.id, got=first, expected=upload.offset)


def _expect_whole(granted: Granted, upload: Upload, size: int, *, may_be_empty: bool) -> None:
    if size == 0 and not may_be_empty:
        raise UploadEmpty(granted.place, upload.id)
    followed = size > upload.offset and upload.parts > 0
    if upload.short_parts or (followed and upload.last_part < PART_MINIMUM):
        raise LayerPartTooSmall


def _hasher(held: _Held) -> Hasher:
    """Go on from the row's hash state, or read the draft again where it has none."""
    hasher = hashing.resume(held.upload.hash_state)
    if hasher is None:
        hasher = hashing.begin()
        for piece in held.draft.content():
            hasher.update(piece)
    return hasher


async def _append(held: _Held, part: Part, hasher: Hasher) -> int:
    """Write a part behind the offset and give where it ends; nothing is acknowledged yet."""
    size = held.upload.offset
    async for piece in part.pieces:
        size += len(piece)
        if size > LAYER_LIMIT:
            raise LayerTooLarge(LAYER_LIMIT)
        hasher.update(piece)
        held.draft.append(piece)
    if part.length is not None and size - held.upload.offset != part.length:
        raise MalformedRequest("the body is not as long as its Content-Range says")
    return size


async def _advance(env: Env, granted: Granted, held: _Held, reached: int, hasher: Hasher) -> None:
    step = Advance(held.upload.offset, reached, hasher.state())
    if reached == held.upload.offset:
        return

    async def unit(tx: Transaction) -> bool:
        return await uploads.advance(tx, granted.key, held.upload.id, step, at=granted.call.at)

    if not await env.store.write(unit):
        raise UploadNotFound(granted.place, held.upload.id)  # cancelled, or its repository deleted, meanwhile


async def _publish(env: Env, granted: Granted, held: _Held, blob: Blob, hasher: Hasher) -> Completed:
    if hasher.hexdigest() != blob.digest.hex:
        raise LayerDigestMismatch(blob.digest)
    await held.draft.commit()

    async def unit(tx: Transaction) -> tuple[Blob, bool]:
        repository = await get_repository(tx, granted)
        if held.upload.id and not await uploads.delete_upload(tx, repository, held.upload.id):
            raise UploadNotFound(granted.place, held.upload.id)
        kept, new = await blobs.link(tx, repository, blob, at=granted.call.at)
        if new:
            await record(
                tx,
                env,
                granted,
                EventKind.LAYER_LINKED,
                repository=repository.name,
                digest=blob.digest,
                size=blob.size,
            )
        return kept, new

    try:
        kept, new = await env.store.write(unit)
    except (RepositoryNotFound, UploadNotFound):
        await env.blobs.delete(blob.storage_key)
        raise
    # After any other failure the file stays: a commit that failed may yet turn out to have been made, and a file that
    # nothing names is harmless where a name without its file is not.
    if kept.storage_key != blob.storage_key:  # the same bytes were there already: one copy is enough
        await env.blobs.delete(blob.storage_key)
    return Completed.LINKED if new else Completed.EXISTED
