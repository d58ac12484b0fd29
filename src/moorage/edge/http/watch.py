"""The watch: a task beside the server that looks again and again for what is too slow, and ends it."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection

from moorage.edge.http.body import Bodies
from moorage.edge.http.connections import Connections
from moorage.edge.http.outgoing import Outgoing
from moorage.edge.http.patience import Patience

_LONGEST_PAUSE = 2.0
_SHORTEST_PAUSE = 0.1  # while somebody waits for what a look may tell
_LOOKS = 4  # in the shortest time-out
_AT_ONCE = 200  # connections, a few hundred microseconds
_SHARE = 50  # of the time that looking may take: a fiftieth


class Watch:
    """Looks after bodies, answers and connections; more often once somebody has ``wanted`` it."""

    def __init__(  # noqa: PLR0913 - what it looks after, and how
        self,
        patience: Patience,
        bodies: Bodies,
        outgoing: Outgoing,
        served: Collection[str],
        *,
        wanted: asyncio.Event,
        is_proxy: Callable[[str], bool],
    ) -> None:
        self._pause = min(_LONGEST_PAUSE, patience.shortest / _LOOKS)
        self._bodies, self._outgoing, self._wanted = bodies, outgoing, wanted
        self._connections = Connections(patience, served, is_proxy=is_proxy)

    async def run(self, listener: int) -> None:
        loop, least = asyncio.get_running_loop(), 0.0
        looked, incoming = loop.time(), self._bodies.incoming
        while True:
            await self._rest(least)
            if loop.time() - looked >= self._pause:  # at each look one slow body may be ended
                looked = loop.time()
                self._bodies.look(looked)
            began, taken, now = time.thread_time(), 0, loop.time()
            for taken, _ in enumerate(self._connections.look(listener, now), start=1):
                if taken % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            if not self._outgoing.is_empty:
                self._outgoing.look(now, self._connections.stalled(), self._connections.left())
            if not incoming.is_empty:
                incoming.look(now)
            if not (self._outgoing.turns.waits or incoming.turns.waits):
                self._wanted.clear()
            least = (time.thread_time() - began) * _SHARE if taken > _AT_ONCE else 0.0

    async def _rest(self, least: float) -> None:
        """Wait for the next look; not as long as usual while somebody waits for what it tells."""
        least = max(_SHORTEST_PAUSE, least)
        await asyncio.sleep(least)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause - least):
                await self._wanted.wait()
