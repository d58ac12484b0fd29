"""Reading bodies: bounded, and never taken for whole when they were cut short.

granian (2.8) ends the iteration quietly when the client goes away or breaks the chunked coding. What tells a cut from
an end is the number of empty pieces it closes with: one after a whole body, two after a broken one
(``tests/unit/edge/http/test_body.py`` and the faults suite hold it to that).
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

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
    """Whole bodies in memory: of large ones only a few at once, from their first byte until they are answered."""

    def __init__(self, *, patience: float = _PATIENCE, deadline: float = _DEADLINE) -> None:
        self._patience, self.deadline = patience, deadline
        self._places = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def take_place(self) -> None:
        """Wait a while for a place.

        Raises:
            TooBusy

        """
        try:
            await asyncio.wait_for(self._places.acquire(), self._patience)
        except TimeoutError:
            raise TooBusy(retry_after=int(self._patience)) from None

    def give_place(self) -> None:
        self._places.release()


class BodyReader:
    """Reads the body of one request; a large one holds its place until ``close``, when it is answered."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._has_place = False

    async def read(self, transport: AsyncIterable[bytes], declared: int | None, limit: int) -> bytes:
        """Read a body of at most ``limit`` bytes.

        Raises:
            BodyTooLarge, MalformedRequest, TooBusy

        """
        if declared is not None and declared > limit:
            raise BodyTooLarge(limit)
        if limit <= LARGE or (declared is not None and declared <= LARGE):
            return await _collect(transport, declared, limit)
        await self._bodies.take_place()
        self._has_place = True
        try:
            async with asyncio.timeout(self._bodies.deadline):
                return await _collect(transport, declared, limit)
        except TimeoutError:
            raise MalformedRequest("the body came too slowly") from None

    def close(self) -> None:
        if self._has_place:
            self._has_place = False
            self._bodies.give_place()


async def _collect(transport: AsyncIterable[bytes], declared: int | None, limit: int) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in read_pieces(transport, declared):
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(limit)
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
