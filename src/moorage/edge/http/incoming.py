"""Large bodies on their way: buffers of those that stand still take memory, so that one client may have only so many.

The server's buffer for a body doubles with each piece that fills it, up to ``BUFFER``, and stays until it is used up.
So a body whose pieces have grown takes a turn before the next one is asked for. It counts until the watch sees that it
goes on, and again once it stands still (``docs/decisions/0089-bodies-that-stand-still.md``).
"""

import asyncio
from dataclasses import dataclass

from moorage.domain.errors import TooBusy
from moorage.edge.http.pace import Pace
from moorage.edge.http.turns import MIB, RETRY, Turns

BUFFER = 768 * 1024  # more makes a large push cheaper still, and a large pull dearer (docs/performance.md)
GROWN = 16 * 1024  # a piece up to here leaves a buffer of at most twice its size
_BY_PIECE = 3  # a buffer of twice the longest piece, and a piece that came meanwhile
_MOST = 2 * BUFFER
_MOVED = 16 * 1024  # bytes that a body brings
_STILL = 2.0  # in so many seconds, or it stands still
_PROVEN = 1.0  # seconds after which a body that goes on is taken for one that will; or as many bytes as it counts for
_PACE = 256 * 1024  # bytes a second, wanted only while others wait long
_KEPT = 256 * MIB  # what bodies of one client that wait may hold: some hundred machines may send at the same moment


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

    def __init__(self, turns: Turns[Body] | None = None, patience: float = 30, *, most_kept: int = _KEPT) -> None:
        self._turns, self._patience, self._most_kept = turns or Turns[Body](), patience, most_kept
        self._bodies: dict[Pace, Body] = {}

    @property
    def is_empty(self) -> bool:
        return not (self._bodies or self._turns.waiting)

    @property
    def waits(self) -> bool:
        """Whether somebody waits for what a look may tell."""
        return bool(self._turns.waiting)

    async def begin(self, pace: Pace, client: str) -> None:
        """Wait until there is room for the buffer that a body may come to have.

        Raises:
            TooBusy

        """
        now, came = asyncio.get_running_loop().time(), pace.received
        body = Body(client=client, size=_MOST, at=now, pace=pace, first=came, mark=came, moved=now)
        if body.kept and not self._turns.fits(body) and body.kept + self._kept(client) > self._most_kept:
            raise TooBusy(RETRY)
        await self._turns.take(body)
        body.moved = body.at
        self._bodies[pace] = body

    def over(self, pace: Pace) -> None:
        """Note that a body is not waited for any longer."""
        body = self._bodies.pop(pace, None)
        if body is not None:
            self._turns.let_go(body)

    def look(self, now: float) -> None:
        """Take note of what moves, send away who has waited too long, and end what stands in their way."""
        for body in self._bodies.values():
            self._judge(body, now)
        self._turns.serve()
        for body in self._turns.waiting:
            if now - body.at >= self._patience:
                self._turns.refuse(body)
        for body in self._turns.waiting:
            if now - body.at >= self._patience / 2 and self._press(body, now):
                break  # one at each look will do

    def end(self) -> None:
        self._turns.end()

    def _kept(self, client: str) -> int:
        return sum(body.kept for body in self._turns.waiting if body.client == client)

    def _judge(self, body: Body, now: float) -> None:
        received = body.pace.received
        if received - body.mark >= _MOVED or not body.pace.waits:
            body.mark, body.moved = received, now
        if now - body.moved >= _STILL:
            self._turns.forgive(body)
            body.size = min(_MOST, _BY_PIECE * body.pace.reach)
            self._turns.count(body)
        elif now - body.at >= _PROVEN or received - body.first >= _MOST:
            self._turns.forgive(body)

    def _press(self, waiting: Body, now: float) -> bool:
        """End the slowest of what stands still in the way of who waits; tell whether there was one."""
        client, turns = waiting.client, self._turns
        crowded = turns.held(client) + waiting.size > turns.each
        still = [
            body
            for body in self._bodies.values()
            if body.counts
            and now - body.at >= self._patience / 4
            and body.pace.rate(now) < _PACE
            and (body.client == client or not crowded)
        ]
        if still:
            min(still, key=lambda body: body.pace.rate(now)).pace.end()
        return bool(still)
