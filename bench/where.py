"""Where a request's processor time goes inside Moorage: its hot routes in one process, looked at again and again.

Each look names the room of the innermost frame of ours, so that a library's time is its caller's. What the HTTP server
itself takes is not in here: it is the difference to what the whole server takes for the same request.
"""

import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

import uvloop
from bench.figures import Results
from bench.processes import CLIENT_CORE, SERVER_CORE, pin
from bench.sizes import Sizes
from bench.svg import stacks

from guards.routes import HOT
from guards.shop import Posed, Shop, open_shop

SERVER: Final = "HTTP server"
_LOOP: Final = "event loop"
_THREADS: Final = "writer and disk threads"
_EVERY: Final = 0.0005  # seconds of processor time between two looks; a kernel may look as seldom as each 4 ms
_TOGETHER: Final = 400  # requests posed before the clock runs
# The loads of the whole server that do what a route does.
_LOADS: Final[Mapping[str, str]] = {
    "manifest GET by tag": "manifest-get-tag",
    "manifest GET by digest": "manifest-get-digest",
    "manifest HEAD": "manifest-head-tag",
    "blob HEAD": "blob-head",
    "GetAuthorizationToken": "token",
}


def look_where(sizes: Sizes, results: Results) -> None:
    """Tell for each route how many µs each room takes."""
    pin(SERVER_CORE)
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        for route in HOT:
            results.where[route] = uvloop.run(_look(shop, route, sizes.seconds))
    pin(CLIENT_CORE)
    for route, load in _LOADS.items():
        row = results.find(load, "moorage")
        if row is not None:
            whole = row.spread(lambda sample: sample.cost).median
            results.where[route][SERVER] = max(0.0, whole - sum(results.where[route].values()))


def draw_where(results: Results, out: Path) -> None:
    if results.where:
        title = "Where the processor time of a request goes"
        (out / "where.svg").write_text(stacks(title, "µs", results.where), encoding="utf-8")


async def _look(shop: Shop, route: str, seconds: float) -> dict[str, float]:
    seen: Counter[str] = Counter()
    spent, count = 0.0, 0
    while spent < seconds:
        posed = [await HOT[route](shop) for _ in range(_TOGETHER)]
        with _looking(seen):
            began = time.process_time()
            await _put(shop, posed)
            spent += time.process_time() - began
        count += len(posed)
    looks = sum(seen.values()) or 1
    return {room: spent / count * 1e6 * times / looks for room, times in sorted(seen.items())}


async def _put(shop: Shop, posed: list[Posed]) -> None:
    for each in posed:
        await shop.put(each)


@contextmanager
def _looking(seen: Counter[str]) -> Iterator[None]:
    def look(_number: int, frame: FrameType | None) -> None:
        seen[_room(frame) or _elsewhere() or _LOOP] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _room(frame: FrameType | None) -> str | None:
    """Name the room of the innermost frame of ours that does something."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith("moorage."):
            return name.split(".")[1]
        frame = frame.f_back
    return None


def _elsewhere() -> str | None:
    """Look at the other threads when the loop has nothing of ours to do: a writer that waits stands in its loop."""
    for frame in sys._current_frames().values():  # noqa: SLF001  # the documented way to see other threads
        if frame.f_code.co_name != "_run" and _room(frame) is not None:
            return _THREADS
    return None
