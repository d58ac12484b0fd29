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

MIB = 1024 * 1024
KEPT = MIB  # what is told to be no longer is taken whole, and the connection goes on
MOST = 64 * MIB  # more than any call of the JSON API or any manifest; layers may be longer
LONGEST = 30.0  # seconds, as long as a head may take
SILENCE = 5.0  # seconds in which 64 kB have to come


@dataclass(frozen=True, slots=True)
class Rest:
    """What a client has still to send; ``length`` is None where only its end tells."""

    pieces: AsyncIterator[bytes] | None  # None for what is not waited for
    length: int | None

    @property
    def short(self) -> bool:
        """Whether it is worth taking whole for the next request's sake."""
        return self.pieces is not None and self.length is not None and self.length <= KEPT


def less(length: int | None, received: int) -> int | None:
    return None if length is None else length - received


async def drain(rest: Rest, pace: Pace) -> None:
    """Take what comes until it is over, too much, too long or too slow."""
    if rest.pieces is None:
        return
    await asyncio.sleep(0)  # the answer goes out first, and a GET becomes a task, which can be ended
    loop = asyncio.get_running_loop()
    try:
        while pace.received != rest.length and pace.received < MOST and loop.time() - pace.began < LONGEST:
            await pace.next(rest.pieces)
    except (StopAsyncIteration, BodyTooSlow):
        pass
