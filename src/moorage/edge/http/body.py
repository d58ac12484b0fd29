"""Reading bodies: bounded, paced, and never taken for whole when they were cut short.

granian (2.8) ends the iteration quietly when the client goes away or breaks the chunked coding. What tells a cut from
an end is the number of empty pieces it closes with: one after a whole body, two after a broken one
(``tests/unit/edge/http/test_body.py`` and the faults suite hold it to that). It gives two after a body with trailers as
well: these are taken only where somebody judges the bytes, and refused elsewhere (docs/decisions/0085-trailers.md).
"""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable

from moorage.domain.errors import BodyTooLarge, MalformedRequest
from moorage.edge.http.incoming import GROWN, Incoming
from moorage.edge.http.linger import NOT_WAITED_FOR, Leftovers, Rest, less
from moorage.edge.http.pace import Pace, Paces
from moorage.edge.http.patience import Patience
from moorage.edge.http.room import FREE, UNKNOWN, Room, Sender, Share

_WHOLE = 1


async def read_pieces(
    pieces: AsyncIterator[bytes],
    declared: int | None,
    pace: Pace,
    *,
    judged: bool = False,
    grown: Callable[[], Awaitable[None]] | None = None,
) -> AsyncIterator[bytes]:
    """Give the pieces of a body, and raise at the end if it was cut short.

    Bytes that are ``judged`` by their digest may be followed by trailers, or be cut: then they are not what was told.
    Once the pieces have ``grown`` that is waited for before the next one.

    Raises:
        MalformedRequest, BodyTooSlow
        as ``grown``

    """
    empty = 0
    while True:
        try:
            piece = await pace.next(pieces)
        except StopAsyncIteration:
            break
        if piece:
            yield piece
            del piece  # it may be long until the next one comes
            if pace.received == declared:
                return  # all that was told of is here: its end need not be waited for
            if grown is not None and pace.reach > GROWN:
                await grown()
                grown = None
        else:
            empty += 1
    if (empty > _WHOLE and not judged) or (declared is not None and pace.received != declared):
        raise MalformedRequest("the body was cut short")


class Bodies:
    """The bodies that are being read: how fast each comes, and how much memory they take together."""

    def __init__(
        self, patience: Patience | None = None, room: Room | None = None, incoming: Incoming | None = None
    ) -> None:
        self.paces = Paces((patience or Patience()).body)
        self.leftovers = Leftovers()
        self.room = room or Room()
        self.incoming = incoming or Incoming()

    def look(self, now: float) -> None:
        """End what is too slow; to be called about once a second."""
        self.paces.look(now)
        self.leftovers.look(now)
        self.room.look(now)

    def end(self) -> None:
        """Send away who waits, now and from now on: the server is to end."""
        self.leftovers.end()
        self.incoming.turns.end()


class BodyReader:
    """Reads the body of one request; a large one holds its room until ``close``, when it is answered."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._pieces: AsyncIterator[bytes] | None = None  # the server lets a body be opened once
        self._pace: Pace | None = None
        self._share: Share | None = None

    async def read(
        self, transport: AsyncIterable[bytes], declared: int | None, limit: int, sender: Sender = UNKNOWN
    ) -> bytes:
        """Read a body of at most ``limit`` bytes.

        Raises:
            BodyTooLarge, MalformedRequest, BodyTooSlow, TooBusy

        """
        size = limit if declared is None else declared
        if size > limit:
            raise BodyTooLarge(limit)
        self._pace = pace = self._bodies.paces.begin()
        if size > FREE:
            self._share = await self._bodies.room.take(size, sender, pace)
        return await _collect(read_pieces(self._open(transport), declared, pace), limit)

    def pieces(
        self,
        transport: AsyncIterable[bytes],
        declared: int | None,
        sender: Sender = UNKNOWN,
        *,
        judged: bool = False,
    ) -> AsyncIterator[bytes]:
        """Give a body in pieces as they come.

        Raises:
            MalformedRequest, BodyTooSlow, TooBusy

        """
        self._pace = pace = self._bodies.paces.begin(chunked=declared is None)

        async def grown() -> None:
            await self._bodies.incoming.begin(pace, sender.peer)

        return read_pieces(self._open(transport), declared, pace, judged=judged, grown=grown)

    def rest(self, transport: AsyncIterable[bytes], declared: int | None, sender: Sender) -> Rest | None:
        """Tell what is still to come of the body, once there is an answer, and may be taken."""
        pace = self._pace
        if pace is None:
            rest = Rest(self._open(transport), declared)
        elif pace.over or pace.received == declared:
            return None
        elif pace.late:
            return NOT_WAITED_FOR  # who was too slow for an answer; what was waited for must not be asked for again
        else:
            rest = Rest(self._open(transport), less(declared, pace.received))
        return self._bodies.leftovers.admit(rest, sender.peer)

    async def linger(self, rest: Rest, sender: Sender) -> None:
        """Take what is still to come, and throw it away."""
        await self._bodies.leftovers.take(rest, sender.peer)

    def blame(self, sender: Sender) -> None:
        """Note that the body was not signed by whoever it says; a small one costs nobody anything."""
        if self._share is not None:
            self._bodies.room.blame(sender)

    def close(self) -> None:
        if self._pace is not None:
            self._bodies.paces.end(self._pace)
            self._bodies.incoming.over(self._pace)
        if self._share is not None:
            self._bodies.room.give(self._share)

    def _open(self, transport: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        if self._pieces is None:
            self._pieces = aiter(transport)
        return self._pieces


async def _collect(pieces: AsyncIterator[bytes], limit: int) -> bytes:
    first, more = b"", bytearray()
    async for piece in pieces:
        if len(first) + len(more) + len(piece) > limit:
            raise BodyTooLarge(limit)
        if first:
            more += piece  # a list of small pieces would take many times their size
        else:
            first = piece
    return first + more if more else first
