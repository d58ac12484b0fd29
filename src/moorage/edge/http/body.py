"""Reading bodies: bounded, and never taken for whole when they were cut short.

granian (2.8) ends the iteration quietly when the client goes away or breaks the chunked coding. What tells a cut from
an end is the number of empty pieces it closes with: one after a whole body, two after a broken one
(``tests/unit/edge/http/test_body.py`` and the faults suite hold it to that).
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager

from moorage.domain.errors import BodyTooLarge, MalformedRequest, TooBusy

LARGE = 1024 * 1024
_LARGE_AT_ONCE = 4
_PATIENCE = 10  # seconds
_DEADLINE = 120  # seconds for a large body to arrive: a place that is held is a place that others lack
_WHOLE = 1


async def read_pieces(transport: AsyncIterable[bytes], declared: int | None) -> AsyncIterator[bytes]:
    """Give the pieces of a body, and raise at the end if it was cut short.

    Raises:
        MalformedRequest

    """
    received = empty = 0
    async for piece in transport:
        if piece:
            received += len(piece)
            yield piece
        else:
            empty += 1
    if empty > _WHOLE or (declared is not None and received != declared):
        raise MalformedRequest("the body was cut short")


class Bodies:
    """Reads whole bodies into memory; of large ones only a few at once."""

    def __init__(self, *, patience: float = _PATIENCE, deadline: float = _DEADLINE) -> None:
        self._patience, self._deadline = patience, deadline
        self._places = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def read(self, transport: AsyncIterable[bytes], declared: int | None, limit: int) -> bytes:
        """Read a body of at most ``limit`` bytes.

        Raises:
            BodyTooLarge, MalformedRequest, TooBusy

        """
        if declared is not None and declared > limit:
            raise BodyTooLarge(limit)
        if limit <= LARGE or (declared is not None and declared <= LARGE):
            return await _collect(transport, declared, limit)
        async with self._place():
            try:
                async with asyncio.timeout(self._deadline):
                    return await _collect(transport, declared, limit)
            except TimeoutError:
                raise MalformedRequest("the body came too slowly") from None

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._places.acquire(), self._patience)
        except TimeoutError:
            raise TooBusy(retry_after=int(self._patience)) from None
        try:
            yield
        finally:
            self._places.release()


async def _collect(transport: AsyncIterable[bytes], declared: int | None, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in read_pieces(transport, declared):
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(limit)
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
