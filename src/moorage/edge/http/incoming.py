"""Large bodies on their way: buffers of those that stand still take memory, so that one client may have only so many.

The server's buffer for a body doubles with each piece that fills it, up to ``BUFFER``, and stays until it is used up.
So a body whose pieces have grown takes a turn before the next one is asked for. It counts until the watch sees that it
goes on, and again once it stands still (``docs/decisions/0089-bodies-that-stand-still.md``).
"""

import asyncio
from dataclasses import dataclass

from moorage.edge.http.pace import Pace, end_slowest
from moorage.edge.http.turns import MIB, Turns

BUFFER = 768 * 1024  # more makes a large push cheaper still, and a large pull dearer (docs/performance.md)
GROWN = 16 * 1024  # a piece up to here leaves a buffer of at most twice its size
_BY_PIECE = 3  # a buffer of twice the longest piece, and a piece that came meanwhile
_MOST = 2 * BUFFER
_MOVED = 16 * 1024  # bytes that a body brings
_STILL = 2.0  # in so many seconds, or it stands still
_PROVEN = 1.0  # seconds after which a body that goes on is taken for one that will; or as many bytes as it counts for
KEPT = 256 * MIB  # what bodies of one client that wait may hold: some hundred machines may send at the same moment


@dataclass(eq=False, slots=True, kw_only=True)
class Body:
    """One large body, and what had come of it when it was last seen to move."""

    client: str
    size: int
    at: float
    counts: bool = False
    pace: Pace
    first: int  # bytes that had come when it took its turn
    mark: int
    moved: float

    @property
    def kept(self) -> int:
        """Tell what it holds while it waits: next to nothing, unless the connection brought a large body before."""
        return min(BUFFER, self.pace.reach) if self.pace.reach > 4 * GROWN else 0


class Incoming:
    """The large bodies on their way that nobody keeps whole in memory."""

    def __init__(self, turns: Turns[Body] | None = None) -> None:
        self.turns = turns or Turns[Body](kept=KEPT)
        self._bodies: dict[Pace, Body] = {}

    @property
    def is_empty(self) -> bool:
        return not (self._bodies or self.turns.waits)

    async def begin(self, pace: Pace, client: str) -> None:
        """Wait until there is room for the buffer that a body may come to have.

        Raises:
            TooBusy

        """
        now, came = asyncio.get_running_loop().time(), pace.received
        body = Body(client=client, size=_MOST, at=now, pace=pace, first=came, mark=came, moved=now)
        await self.turns.take(body)
        body.moved = body.at
        self._bodies[pace] = body

    def over(self, pace: Pace) -> None:
        """Note that a body is not waited for any longer."""
        body = self._bodies.pop(pace, None)
        if body is not None:
            self.turns.let_go(body)

    def look(self, now: float) -> None:
        """Take note of what moves, send away who has waited too long, and end what stands in their way."""
        for body in self._bodies.values():
            self._judge(body, now)
        self.turns.serve()
        self.turns.refuse_late(now)
        for body in self.turns.waiting:
            if now - body.at >= self.turns.patience / 2 and self._press(body, now):
                break  # one at each look will do

    def _judge(self, body: Body, now: float) -> None:
        received = body.pace.received
        if received - body.mark >= _MOVED or not body.pace.waits:
            body.mark, body.moved = received, now
        if now - body.moved >= _STILL:
            self.turns.forgive(body)
            body.size = min(_MOST, _BY_PIECE * body.pace.reach)
            self.turns.count(body)
        elif now - body.at >= _PROVEN or received - body.first >= _MOST:
            self.turns.forgive(body)

    def _press(self, waiting: Body, now: float) -> bool:
        """End the slowest of what stands still in the way of who waits; tell whether there was one."""
        client, turns = waiting.client, self.turns
        crowded = turns.held(client) + waiting.size > turns.each
        return end_slowest(
            (
                body.pace
                for body in self._bodies.values()
                if body.counts and now - body.at >= turns.patience / 4 and (body.client == client or not crowded)
            ),
            now,
        )
