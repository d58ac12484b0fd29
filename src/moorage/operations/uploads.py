"""Uploads: begin, receive, finish. Each byte is received and hashed before anything links to it.

Opening an upload writes nothing (``uploadids``). As long as its bytes are few they lie in its row, and become a blob in
the metadata with one write (``smalluploads``); from the part on that makes them many they lie in a draft (``drafts``).
"""

import asyncio
from collections.abc import Awaitable, Callable

from moorage.domain.digest import Digest
from moorage.domain.errors import LayerDigestMismatch, RegistryError, RepositoryNotFound, UploadBusy, UploadNotFound
from moorage.domain.layer import Blob, Completed, Upload
from moorage.operations import hashing
from moorage.operations.authorise import Granted
from moorage.operations.drafts import (
    Finish,
    Held,
    Part,
    append,
    expect_first,
    expect_part,
    expect_upload,
    expect_whole,
    find_upload,
    hash_again,
    hasher_of,
    hold,
)
from moorage.operations.env import Env
from moorage.operations.hashing import Hasher
from moorage.operations.lasting import to_its_end
from moorage.operations.publishing import close, tell
from moorage.operations.smalluploads import Asked, finish_small, gather, keep_part, keep_whole, small_blob
from moorage.operations.uploadids import new_id
from moorage.store import uploads
from moorage.store.transaction import Transaction
from moorage.store.uploads import Advance

Settle = Callable[[], Awaitable[Granted]]


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
        await _cancel(env, granted, upload)
        return
    async with hold(env, granted, upload) as held:
        await _cancel(env, granted, held.upload)
        await env.blobs.discard(held.upload.draft)


async def receive_part(env: Env, granted: Granted, upload_id: str, part: Part) -> int:
    """Append a part and give the upload's new offset.

    Raises:
        RepositoryNotFound, UploadNotFound, UploadBusy, UploadOutOfOrder, LayerTooLarge, LayerPartsExceeded,
        MalformedRequest: the part is not as long as its sender said
        StorageFull

    """
    asked = Asked(upload_id, await expect_upload(env, granted, upload_id, part))
    small, part = await gather(env, part)
    if small is not None:
        reached = await keep_part(env, granted, asked, part, small)
        if reached is not None:
            return reached
    upload = await find_upload(env, granted, upload_id)
    expect_part(granted, upload, part)
    async with hold(env, granted, upload) as held:
        expect_part(granted, held.upload, part)
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
    asked = Asked(upload_id, await expect_upload(env, granted, upload_id, finish.last))
    small, last = (b"", None) if finish.last is None else await gather(env, finish.last)
    if small is not None:
        completed = await finish_small(env, granted, asked, finish, small)
        if completed is not None:
            return completed
    upload = await find_upload(env, granted, upload_id)
    if last is not None:
        expect_first(granted, upload, last.first)
    async with hold(env, granted, upload) as held:
        size, hasher = held.upload.offset, hasher_of(held, finish.digest.algorithm)
        if last is not None:
            expect_first(granted, held.upload, last.first)
            size = await append(held, last, hasher)
        expect_whole(granted, held.upload, size, finish)
        await _expect_digest(held, finish.digest, hasher)
        return await to_its_end(_publish(env, granted, held, Blob(finish.digest, held.upload.draft, size)))


async def upload_whole(
    env: Env, granted: Granted, digest: Digest, part: Part, settle: Settle | None = None
) -> Completed:
    """Receive a blob in one request, without an upload that anybody could go on with.

    ``settle`` makes the repository where it is missing: after the bytes have turned out to have the digest.

    Raises:
        RepositoryNotFound, LayerTooLarge, LayerDigestMismatch, MalformedRequest, StorageFull

    """
    if settle is None:
        granted.key  # noqa: B018 - a missing repository is told before the first byte is read
    small, part = await gather(env, part)
    if small is not None:
        blob = small_blob(digest, small)
        return await keep_whole(env, granted if settle is None else await settle(), blob)
    upload = Upload("", granted.caller.unique_id, env.ids.storage_key())
    held = Held(upload, env.blobs.hold(upload.draft))
    try:
        hasher = hashing.begin(digest.algorithm)
        size = await append(held, part, hasher)
        await _expect_digest(held, digest, hasher)
        granted = granted if settle is None else await settle()
        return await to_its_end(_publish(env, granted, held, Blob(digest, upload.draft, size)))
    finally:
        held.draft.close()
        await env.blobs.discard(upload.draft)  # of a blob that was published nothing is left there


async def _advance(env: Env, granted: Granted, upload: Upload, step: Advance) -> None:
    if step.reached == upload.offset and upload.small is None:
        return

    async def unit(tx: Transaction) -> bool:
        return await uploads.advance(tx, granted.key, upload.id, step, at=env.clock())

    if not await env.store.write(unit):
        raise await _overtaken(env, granted, upload)


async def _cancel(env: Env, granted: Granted, upload: Upload) -> None:
    if not await env.store.write(lambda tx: close(tx, env, granted, upload)):
        raise await _overtaken(env, granted, upload)


async def _overtaken(env: Env, granted: Granted, upload: Upload) -> RegistryError:
    """Tell why an upload does not stand where it was seen: another request was faster, or ended it."""
    row = await uploads.find(env.store.now, granted.key, upload.id)
    gone = row is None or row.over
    return UploadNotFound(granted.place, upload.id) if gone else UploadBusy(granted.place, upload.id)


async def _expect_digest(held: Held, digest: Digest, hasher: Hasher) -> None:
    if hasher.algorithm is not digest.algorithm:  # the client told the algorithm at the end: in a thread, for
        hasher = await asyncio.to_thread(hash_again, held.draft, digest.algorithm)  # there may be a lot to read
    if hasher.hexdigest() != digest.hex:
        raise LayerDigestMismatch(digest)


async def _publish(env: Env, granted: Granted, held: Held, blob: Blob) -> Completed:
    await held.draft.commit()
    upload = held.upload

    async def unit(tx: Transaction) -> tuple[Blob, bool]:
        told = await tell(tx, env, granted, blob)
        if upload.id and not await close(tx, env, granted, upload):
            raise UploadNotFound(granted.place, upload.id)
        return told

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
