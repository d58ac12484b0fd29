"""The watch: a task beside the server that looks again and again for what is too slow, and ends it."""

import asyncio
import time
from collections.abc import Callable, Collection

from moorage.edge.http.body import Bodies
from moorage.edge.http.connections import Connections
from moorage.edge.http.patience import Patience

_LONGEST_PAUSE = 2.0
_LOOKS = 4  # in the shortest time-out
_AT_ONCE = 200  # connections, a few hundred microseconds
_SHARE = 50  # of the time that looking may take: a fiftieth


class Watch:
    """Looks after bodies and connections."""

    def __init__(
        self, patience: Patience, bodies: Bodies, served: Collection[str], *, is_proxy: Callable[[str], bool]
    ) -> None:
        self._pause = min(_LONGEST_PAUSE, patience.shortest / _LOOKS)
        self._bodies = bodies
        self._connections = Connections(patience, served, is_proxy=is_proxy)

    async def run(self, listener: int) -> None:
        loop, pause = asyncio.get_running_loop(), self._pause
        while True:
            await asyncio.sleep(pause)
            self._bodies.look(loop.time())
            began, taken = time.thread_time(), 0
            for taken, _ in enumerate(self._connections.look(listener, loop.time()), start=1):
                if taken % _AT_ONCE == 0:
                    await asyncio.sleep(0)
            pause = max(self._pause, (time.thread_time() - began) * _SHARE if taken > _AT_ONCE else 0.0)
