"""Uploads of few bytes: they lie in the upload's row, and become a blob of the metadata with one write.

Everything about them is looked at inside that write. What turns out to be too large for it, or lies in a draft already,
is given back with None, for ``uploads`` to go on with.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from moorage.domain.digest import Digest
from moorage.domain.errors import LayerDigestMismatch, UploadBusy, UploadNotFound
from moorage.domain.layer import Blob, Completed, Upload
from moorage.operations.authorise import Granted
from moorage.operations.drafts import Finish, Part, Pieces, expect_first, expect_part, expect_whole, known
from moorage.operations.env import Env
from moorage.operations.publishing import close, tell
from moorage.store import repositories, uploads
from moorage.store.transaction import Transaction
from moorage.store.uploads import Advance


async def gather(env: Env, part: Part) -> tuple[bytes | None, Part]:
    """Read a part as far as it may be small: gives its bytes, or None as soon as they are too many.

    The part that is given back has all bytes to be read again.
    """
    if env.small_blobs == 0:
        return None, part
    gathered: list[bytes] = []
    size = 0
    async for piece in part.pieces:
        gathered.append(piece)
        size += len(piece)
        if size > env.small_blobs:
            return None, replace(part, pieces=_chained(gathered, part.pieces))
    part.expect_length(size)
    return b"".join(gathered), replace(part, pieces=_chained(gathered, None))


@dataclass(frozen=True, slots=True)
class Asked:
    """The upload that a request names, and what its id alone tells of it: it may have no row."""

    id: str
    unwritten: Upload | None

    async def find(self, tx: Transaction, granted: Granted) -> Upload:
        row = await uploads.find(tx, granted.key, self.id)
        return known(granted, self.id, row or self.unwritten)


async def keep_part(env: Env, granted: Granted, asked: Asked, part: Part, piece: bytes) -> int | None:
    """Append a part to an upload that stays small, and give its new offset.

    Raises:
        UploadNotFound, UploadBusy, UploadOutOfOrder, LayerPartsExceeded

    """

    async def unit(tx: Transaction) -> int | None:
        if await _begin_with(tx, env, granted, asked, part, piece):
            return len(piece)
        upload = await asked.find(tx, granted)
        expect_part(granted, upload, part)
        reached = upload.offset + len(piece)
        if upload.small is None or reached > env.small_blobs:
            return None
        if piece and not await _advance(tx, env, granted, upload, upload.small + piece):
            raise UploadBusy(granted.place, asked.id)
        return reached

    return await env.store.write(unit)


async def finish_small(env: Env, granted: Granted, asked: Asked, finish: Finish, last: bytes = b"") -> Completed | None:
    """Make a small upload, with its last bytes, a blob of the repository.

    Raises:
        RepositoryNotFound, UploadNotFound, UploadOutOfOrder, LayerDigestMismatch, LayerPartTooSmall, UploadEmpty

    """

    async def unit(tx: Transaction) -> Completed | None:
        upload = await asked.find(tx, granted)
        if upload.small is None or upload.offset + len(last) > env.small_blobs:
            return None
        if finish.last is not None:
            expect_first(granted, upload, finish.last.first)
        content = upload.small + last
        expect_whole(granted, upload, len(content), finish)
        return await _publish(tx, env, granted, upload, small_blob(finish.digest, content))

    return await env.store.write(unit)


async def keep_whole(env: Env, granted: Granted, blob: Blob) -> Completed:
    """Keep a small blob that came in one request, without an upload.

    Raises:
        RepositoryNotFound

    """
    return await env.store.write(lambda tx: _publish(tx, env, granted, None, blob))


def small_blob(digest: Digest, content: bytes) -> Blob:
    """Judge bytes by their digest.

    Raises:
        LayerDigestMismatch

    """
    if Digest.of(content, digest.algorithm) != digest:
        raise LayerDigestMismatch(digest)
    return Blob(digest, "", len(content), content=content)


async def _publish(tx: Transaction, env: Env, granted: Granted, upload: Upload | None, blob: Blob) -> Completed:
    if upload is not None and not await close(tx, env, granted, upload):
        raise UploadBusy(granted.place, upload.id)
    _, new = await tell(tx, env, granted, blob)
    return Completed.LINKED if new else Completed.EXISTED


async def _begin_with(  # noqa: PLR0913, PLR0917 - what comes, and for which upload
    tx: Transaction, env: Env, granted: Granted, asked: Asked, part: Part, piece: bytes
) -> bool:
    """Make the row of an upload that has none, which is known from writing it: most uploads have one part."""
    upload = asked.unwritten
    if upload is None or upload.small is None or part.first or not 0 < len(piece) <= env.small_blobs:
        return False
    if not await repositories.is_there(tx, granted.key):
        raise UploadNotFound(granted.place, upload.id)
    first = replace(upload, offset=len(piece), parts=1, last_part=len(piece), small=piece)
    return await uploads.begin(tx, granted.key, first, at=env.clock())


async def _advance(tx: Transaction, env: Env, granted: Granted, upload: Upload, small: bytes) -> bool:
    step = Advance(upload.offset, len(small), small=small)
    return await uploads.advance(tx, granted.key, upload.id, step, at=env.clock())


async def _chained(gathered: list[bytes], rest: Pieces | None) -> AsyncIterator[bytes]:
    while gathered:
        yield gathered.pop(0)
    if rest is not None:
        async for piece in rest:
            yield piece
            del piece  # while the next one is waited for, nothing is kept
