"""Telling the metadata that an upload is over and a blob is there: units' parts, run inside one transaction."""

from dataclasses import replace

from moorage.domain.events import EventKind
from moorage.domain.layer import Blob, Upload
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.store import blobs, uploads
from moorage.store.transaction import Transaction


async def close(tx: Transaction, env: Env, granted: Granted, upload: Upload) -> bool:
    """Note that an upload is over, so that its id is good for nothing more; False when it moved meanwhile.

    One without a row is over now, not when the request began: that may be a day ago.
    """
    if upload.begun:
        return await uploads.end(tx, granted.key, upload.id, seen=upload.offset)
    return await uploads.begin(tx, granted.key, replace(upload, small=None, over=True), at=env.clock())


async def tell(tx: Transaction, env: Env, granted: Granted, blob: Blob) -> tuple[Blob, bool]:
    """Link a blob; give the one that is kept, and whether the repository did not have it.

    A blob whose file was lost nobody has: the one that is told of now takes its place, in every repository.

    Raises:
        RepositoryNotFound

    """
    repository = await get_repository(tx, granted)
    kept, new = await blobs.link(tx, repository, blob, at=granted.call.at)
    if new:
        facts: dict[str, str | int] = {"repository": repository.name, "digest": blob.digest, "size": blob.size}
        await record(tx, env, granted, EventKind.LAYER_LINKED, **facts)
    if kept.storage_key != blob.storage_key and is_lost(env, kept):
        await blobs.replace(tx, repository, kept, blob)
        return blob, True
    return kept, new


def is_lost(env: Env, blob: Blob) -> bool:
    """Tell whether the bytes of a blob that the metadata names are gone, behind our back."""
    return blob.has_file and not env.blobs.has(blob.storage_key, blob.size)
