"""What still comes of a body after its answer: taken and thrown away, so that the client gets to read the answer.

A connection that is closed while bytes wait on it is reset by the kernel, and then a client that is still sending may
lose the answer that it had already. So it is closed only when the body is over, or when these bounds are reached
(``docs/decisions/0081-answers-that-come-early.md``).
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from moorage.domain.errors import BodyTooSlow
from moorage.edge.http.pace import Pace
from moorage.edge.http.patience import WORTH

MIB = 1024 * 1024
KEPT = MIB  # what is told to be no longer is taken whole, and the connection goes on
MOST = 64 * MIB  # more than any call of the JSON API or any manifest; layers may be longer
LEAST = 4096  # bytes that each piece counts for: a chunk of one byte costs the server as much as this
LONGEST = 30.0  # seconds, as long as a head may take
SILENCE = 5.0  # seconds in which 64 kB have to come
EACH = 32  # of one client at a time
ALL = 128


@dataclass(frozen=True, slots=True)
class Rest:
    """What a client has still to send; ``length`` is None where only its end tells."""

    pieces: AsyncIterator[bytes] | None  # None for what is not waited for
    length: int | None

    @property
    def short(self) -> bool:
        """Whether it is worth taking whole for the next request's sake."""
        return self.pieces is not None and self.length is not None and self.length <= KEPT

    @property
    def counted(self) -> bool:
        """Whether it is one of the few that a client may have; 64 kB are here, or given up, sooner than a head is."""
        return self.pieces is not None and (self.length is None or self.length > WORTH)


NOT_WAITED_FOR = Rest(None, None)


class Leftovers:
    """The rests that are being taken: so many of one client, so many of all, and none once the server is to end."""

    def __init__(self) -> None:
        self._under_way: set[Pace] = set()
        self._counted: dict[Pace, str] = {}
        self._ended = False

    def admit(self, rest: Rest, peer: str) -> Rest:
        """Give a rest that may be taken at once, and of another one that it is not waited for."""
        if self._ended:
            return NOT_WAITED_FOR
        if rest.counted and (len(self._counted) >= ALL or sum(peer == of for of in self._counted.values()) >= EACH):
            return NOT_WAITED_FOR
        return rest

    async def take(self, rest: Rest, peer: str) -> None:
        """Take what comes, and throw it away."""
        pace = Pace(asyncio.get_running_loop().time())
        self._under_way.add(pace)
        if rest.counted:
            self._counted[pace] = peer
        try:
            await drain(rest, pace)
        finally:
            self._under_way.discard(pace)
            self._counted.pop(pace, None)

    def look(self, now: float) -> None:
        """End what is too slow or too long."""
        for pace in tuple(self._under_way):
            if now - pace.began >= LONGEST:
                pace.end()
            else:
                pace.look(now, SILENCE)

    def end(self) -> None:
        """Wait for nobody any longer: they all have their answers."""
        self._ended = True
        for pace in tuple(self._under_way):
            pace.end()


def less(length: int | None, received: int) -> int | None:
    return None if length is None else length - received


async def drain(rest: Rest, pace: Pace) -> None:
    """Take what comes until it is over, too much, or somebody ends its pace."""
    if rest.pieces is None:
        return
    await asyncio.sleep(0)  # the answer goes out first, and a GET becomes a task, which can be ended
    taken = 0
    try:
        while pace.received != rest.length and taken < MOST:
            taken += max(len(await pace.next(rest.pieces)), LEAST)
    except (StopAsyncIteration, BodyTooSlow):
        pass
