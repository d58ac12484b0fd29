"""The HTTP server itself: granian's RSGI worker on a listening socket that the supervisor bound.

Its own process manager is not used: it ends the server when a worker dies soon after its respawn, and lets workers
outlive it. The socket was bound without SO_REUSEPORT, so that a second server on the port is refused (design:
performance, section 1).
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import uvloop
from granian._granian import RSGIWorker, SocketHolder, WorkerSignal
from granian.http import HTTP1Settings

from moorage.edge.http.incoming import BUFFER
from moorage.edge.http.tasks import Application, Scheduler

_BACKLOG = 4096
_CONNECTIONS = 16_384  # idle ones count, and new ones hang when it is full
_BLOCKING_THREADS = 8


@dataclass(frozen=True, slots=True)
class Listening:
    """The inherited socket, and the certificate that is spoken on it, if any."""

    fd: int
    index: int
    certificate: Path | None = None
    key: Path | None = None
    silence: float = 30  # seconds: the server's one clock for heads on their way and for idle connections


def serve(
    application: Application,
    listening: Listening,
    started: Callable[[], None],
    ending: Callable[[], None],
    *tasks: Awaitable[None],
) -> None:
    """Serve until SIGTERM: requests in flight finish, new ones are refused, once ``ending`` is called.

    ``tasks`` run beside.
    """

    def end() -> None:
        ending()
        stop.set()

    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    stop = WorkerSignal()
    over = loop.create_future()
    stop.add_cb(lambda: loop.call_soon_threadsafe(over.set_result, None))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    worker = RSGIWorker(
        listening.index,
        (None, SocketHolder(listening.fd, False, _BACKLOG)),
        None,
        1,
        _BLOCKING_THREADS,
        1,
        30,
        _CONNECTIONS,
        "1",
        HTTP1Settings(header_read_timeout=int(listening.silence * 1000), max_buffer_size=BUFFER, pipeline_flush=False),
        None,
        False,
        None,
        listening.certificate is not None,
        str(listening.certificate) if listening.certificate else None,
        str(listening.key) if listening.key else None,
        None,
        "tls1.2",
        None,
        [],
        False,
        (None, None),
    )
    running = [loop.create_task(task) for task in tasks]
    worker.serve_str(Scheduler(loop, application), loop, stop)
    loop.call_soon(started)  # not before the loop runs: uvloop loses a signal that comes earlier
    loop.run_until_complete(over)
    for task in running:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*running, return_exceptions=True))
