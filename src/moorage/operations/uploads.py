"""Uploads: begin, receive, finish. Each byte is received and hashed before anything links to it.

Opening an upload writes nothing (``uploadids``). As long as its bytes are few they lie in its row, and become a blob in
the metadata with one write; from the first part that makes them many they lie in a draft (``drafts``).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from moorage.domain.digest import Digest
from moorage.domain.errors import (
    LayerDigestMismatch,
    LayerPartsExceeded,
    LayerPartTooSmall,
    LayerTooLarge,
    RegistryError,
    RepositoryNotFound,
    UploadBusy,
    UploadEmpty,
    UploadNotFound,
)
from moorage.domain.events import EventKind
from moorage.domain.layer import LAYER_LIMIT, PART_MINIMUM, PARTS_LIMIT, Blob, Completed, Upload
from moorage.operations import hashing
from moorage.operations.authorise import Granted
from moorage.operations.drafts import Held, Part, Pieces, append, expect_first, find_upload, hasher_of, hold
from moorage.operations.env import Env
from moorage.operations.hashing import Hasher
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.operations.uploadids import new_id
from moorage.store import blobs, repositories, uploads
from moorage.store.owned import Owner
from moorage.store.transaction import Transaction
from moorage.store.uploads import Advance


@dataclass(frozen=True, slots=True)
class Finish:
    """What an upload is said to have become, and its last part where the request carries one."""

    digest: Digest
    last: Part | None = None
    may_be_empty: bool = False


async def start_upload(env: Env, granted: Granted) -> str:
    """Open an upload and give its id.

    Raises:
        RepositoryNotFound

    """
    return new_id(env, granted)


async def get_upload(env: Env, granted: Granted, upload_id: str) -> Upload:
    """Tell where an upload stands; somebody else's is not found.

    Raises:
        RepositoryNotFound, UploadNotFound

    """
    return await find_upload(env, granted, upload_id)


async def cancel_upload(env: Env, granted: Granted, upload_id: str) -> None:
    """Forget an upload and its bytes.

    Raises:
        RepositoryNotFound, UploadNotFound, UploadBusy

    """
    upload = await find_upload(env, granted, upload_id)
    if upload.small is not None:
        await _close_alone(env, granted, upload)
        return
    async with hold(env, granted, upload) as held:
        await _close_alone(env, granted, held.upload)
        await env.blobs.discard(held.upload.draft)


async def receive_part(env: Env, granted: Granted, upload_id: str, part: Part) -> int:
    """Append a part and give the upload's new offset.

    Raises:
        RepositoryNotFound, UploadNotFound, UploadBusy, UploadOutOfOrder, LayerTooLarge, LayerPartsExceeded,
        MalformedRequest: the part is not as long as its sender said
        StorageFull

    """
    upload = await find_upload(env, granted, upload_id)
    _expect_part(granted, upload, part)
    if upload.small is not None:
        small, rest = await _gather(env, upload, part)
        if rest is None:
            await _advance(env, granted, upload, Advance(upload.offset, len(small), small=small))
            return len(small)
        part = rest
    async with hold(env, granted, upload) as held:
        _expect_part(granted, held.upload, part)
        hasher = hasher_of(held)
        reached = await append(held, part, hasher)
        await held.draft.sync()
        await _advance(env, granted, held.upload, Advance(held.upload.offset, reached, hasher.state()))
        return reached


async def complete_upload(env: Env, granted: Granted, upload_id: str, finish: Finish) -> Completed:
    """Take the last part, if there is one, and make the upload a blob of the repository.

    Raises:
        as ``receive_part``, and LayerDigestMismatch, LayerPartTooSmall, UploadEmpty

    """
    upload, last = await find_upload(env, granted, upload_id), finish.last
    if last is not None:
        expect_first(granted, upload, last.first)
    if upload.small is not None:
        small, last = (upload.small, None) if last is None else await _gather(env, upload, last)
        if last is None:
            _expect_whole(granted, upload, len(small), may_be_empty=finish.may_be_empty)
            return await _publish_small(env, granted, upload, finish.digest, small)
    async with hold(env, granted, upload) as held:
        size, hasher = held.upload.offset, hasher_of(held)
        if last is not None:
            expect_first(granted, held.upload, last.first)
            size = await append(held, last, hasher)
        _expect_whole(granted, held.upload, size, may_be_empty=finish.may_be_empty)
        return await _publish(env, granted, held, Blob(finish.digest, held.upload.draft, size), hasher)


async def upload_whole(env: Env, granted: Granted, digest: Digest, part: Part) -> Completed:
    """Receive a blob in one request, without an upload that anybody could go on with.

    Raises:
        RepositoryNotFound, LayerTooLarge, LayerDigestMismatch, MalformedRequest, StorageFull

    """
    granted.key  # noqa: B018 - a missing repository is told before the first byte is read
    upload = Upload("", granted.caller.unique_id, env.ids.storage_key())
    if env.small_blobs:
        small, rest = await _gather(env, upload, part)
        if rest is None:
            return await _publish_small(env, granted, upload, digest, small)
        part = rest
    held = Held(upload, env.blobs.hold(upload.draft))
    try:
        hasher = hashing.begin()
        size = await append(held, part, hasher)
        return await _publish(env, granted, held, Blob(digest, upload.draft, size), hasher)
    finally:
        held.draft.close()
        await env.blobs.discard(upload.draft)  # of a blob that was published nothing is left there


def _expect_part(granted: Granted, upload: Upload, part: Part) -> None:
    expect_first(granted, upload, part.first)
    if upload.parts >= PARTS_LIMIT:
        raise LayerPartsExceeded(PARTS_LIMIT)


def _expect_whole(granted: Granted, upload: Upload, size: int, *, may_be_empty: bool) -> None:
    if size == 0 and not may_be_empty:
        raise UploadEmpty(granted.place, upload.id)
    followed = size > upload.offset and upload.parts > 0
    if upload.short_parts or (followed and upload.last_part < PART_MINIMUM):
        raise LayerPartTooSmall


async def _gather(env: Env, upload: Upload, part: Part) -> tuple[bytes, Part | None]:
    """Read a part as far as the upload stays small.

    Gives all bytes so far and None; or, as soon as they are too many, nothing and the whole part to be read on.
    """
    before = upload.small or b""
    gathered, size = [before], len(before)
    async for piece in part.pieces:
        gathered.append(piece)
        size += len(piece)
        if size > LAYER_LIMIT:
            raise LayerTooLarge(LAYER_LIMIT)
        if size > env.small_blobs:
            return b"", replace(part, pieces=_chained(gathered[1:], part.pieces))
    part.expect_length(size - len(before))
    return b"".join(gathered), None


async def _chained(gathered: list[bytes], rest: Pieces) -> AsyncIterator[bytes]:
    for piece in gathered:
        yield piece
    gathered.clear()
    async for piece in rest:
        yield piece


async def _advance(env: Env, granted: Granted, upload: Upload, step: Advance) -> None:
    if step.reached == upload.offset:
        return
    first = replace(
        upload,
        offset=step.reached,
        hash_state=step.hash_state,
        parts=1,
        last_part=step.reached,
        small=step.small,
    )

    async def unit(tx: Transaction) -> bool:
        if upload.begun:
            return await uploads.advance(tx, granted.key, upload.id, step, at=granted.call.at)
        if await repositories.find(tx, granted.registry, granted.repository_id) is None:
            raise UploadNotFound(granted.place, upload.id)
        return await uploads.begin(tx, granted.key, first, at=granted.call.at)

    if not await env.store.write(unit):
        raise await _overtaken(env, granted, upload)


async def _overtaken(env: Env, granted: Granted, upload: Upload) -> RegistryError:
    """Tell why an upload does not stand where it was seen: another request was faster, or ended it."""
    row = await uploads.find(env.store.now, granted.key, upload.id)
    gone = row is None or row.over
    return UploadNotFound(granted.place, upload.id) if gone else UploadBusy(granted.place, upload.id)


async def _close(tx: Transaction, repository: Owner, upload: Upload, *, at: int) -> bool:
    """Note that an upload is over, so that its id is good for nothing more; False when it moved meanwhile."""
    if upload.begun:
        return await uploads.end(tx, repository, upload.id, seen=upload.offset, at=at)
    return await uploads.begin(tx, repository, replace(upload, small=None, over=True), at=at)


async def _close_alone(env: Env, granted: Granted, upload: Upload) -> None:
    if not await env.store.write(lambda tx: _close(tx, granted.key, upload, at=granted.call.at)):
        raise await _overtaken(env, granted, upload)


async def _publish_small(env: Env, granted: Granted, upload: Upload, digest: Digest, content: bytes) -> Completed:
    hasher = hashing.begin()
    hasher.update(content)
    if hasher.hexdigest() != digest.hex:
        raise LayerDigestMismatch(digest)
    _, new = await _tell(env, granted, upload, Blob(digest, "", len(content), content=content))
    return Completed.LINKED if new else Completed.EXISTED


async def _publish(env: Env, granted: Granted, held: Held, blob: Blob, hasher: Hasher) -> Completed:
    if hasher.hexdigest() != blob.digest.hex:
        raise LayerDigestMismatch(blob.digest)
    await held.draft.commit()
    try:
        kept, new = await _tell(env, granted, held.upload, blob)
    except (RepositoryNotFound, UploadNotFound):
        await env.blobs.delete(blob.storage_key)
        raise
    # After any other failure the file stays: a commit that failed may yet turn out to have been made, and a file that
    # nothing names is harmless where a name without its file is not.
    if kept.storage_key != blob.storage_key:  # the same bytes were there already: one copy is enough
        await env.blobs.delete(blob.storage_key)
    return Completed.LINKED if new else Completed.EXISTED


async def _tell(env: Env, granted: Granted, upload: Upload, blob: Blob) -> tuple[Blob, bool]:
    """Tell the metadata of a blob; give the one that is kept, and whether the repository did not have it."""

    async def unit(tx: Transaction) -> tuple[Blob, bool]:
        repository = await get_repository(tx, granted)
        if upload.id and not await _close(tx, repository, upload, at=granted.call.at):
            raise UploadNotFound(granted.place, upload.id)
        kept, new = await blobs.link(tx, repository, blob, at=granted.call.at)
        if new:
            facts: dict[str, str | int] = {"repository": repository.name, "digest": blob.digest, "size": blob.size}
            await record(tx, env, granted, EventKind.LAYER_LINKED, **facts)
        return kept, new

    return await env.store.write(unit)
