"""How fast a body comes: whoever sends too little in a time-out is not waited for any longer.

Nothing is timed for a piece or a request of its own: ``Paces.look`` goes through what is under way, about once a
second.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

from moorage.domain.errors import BodyTooSlow
from moorage.edge.http.patience import WORTH

PACE = 256 * 1024  # bytes a second, wanted only while others wait long


class Pace:
    """One body on its way: what came of it, and who waits for more."""

    __slots__ = ("_chunked", "_longest", "_mark", "_since", "_task", "began", "late", "over", "received")

    def __init__(self, now: float, *, chunked: bool = False) -> None:
        self.began = self._since = now
        self.received = self._mark = 0
        self._chunked, self._longest = chunked, 0
        self._task: asyncio.Task[object] | None = None
        self.late = self.over = False

    async def next(self, pieces: AsyncIterator[bytes]) -> bytes:
        """Wait for the next piece.

        Raises:
            StopAsyncIteration
            BodyTooSlow

        """
        if self.late:
            raise BodyTooSlow
        self._task = task = asyncio.current_task()
        try:
            piece = await anext(pieces)
        except asyncio.CancelledError:
            if task is None or not self.late or task.uncancel():
                raise
            raise BodyTooSlow from None
        except StopAsyncIteration:
            self.over = True
            raise
        finally:
            self._task = None
        size = len(piece)
        self.received += size
        self._longest = max(size, self._longest - size)
        return piece

    def look(self, now: float, timeout: float) -> None:
        """End the wait if a time-out went by that brought too little; a reader that is busy itself waits for nobody."""
        if now - self._since < timeout:
            return
        if self._task is None or self.received - self._mark >= WORTH:
            self._since, self._mark = now, self.received
        else:
            self.end()

    def end(self) -> None:
        """Have the wait for the next piece end now."""
        self.late = True
        if self._task is not None:
            self._task.cancel()

    @property
    def reach(self) -> int:
        """Give how long a piece may have come since the server's buffer was last used up; of chunks nobody can tell."""
        return self.received if self._chunked else self._longest

    @property
    def waits(self) -> bool:
        """Tell whether somebody waits for the next piece, so that the wait can be ended."""
        return self._task is not None

    def rate(self, now: float) -> float:
        """Give the bytes for each second since the body began."""
        return self.received / max(now - self.began, 1e-3)


def end_slowest(paces: Iterable[Pace], now: float) -> bool:
    """End the slowest of those that keep no pace, in the way of who waits; tell whether there was one."""
    slow = [pace for pace in paces if pace.waits and pace.rate(now) < PACE]
    if slow:
        min(slow, key=lambda pace: pace.rate(now)).end()
    return bool(slow)


class Paces:
    """All bodies that are on their way to this process."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._under_way: set[Pace] = set()

    def begin(self, *, chunked: bool = False) -> Pace:
        pace = Pace(asyncio.get_running_loop().time(), chunked=chunked)
        self._under_way.add(pace)
        return pace

    def end(self, pace: Pace) -> None:
        self._under_way.discard(pace)

    def look(self, now: float) -> None:
        for pace in tuple(self._under_way):
            pace.look(now, self._timeout)
