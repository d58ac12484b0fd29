"""One server process: it takes its settings from standard input and ends when its supervisor does."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from threading import Thread
from typing import Final, Protocol

from moorage.app import serve_worker
from moorage.cli.berth import Berth
from moorage.config import Config
from moorage.operations.accounts import ConfiguredKeyTakenError

_LONGEST_WORD: Final = 1000  # well within what a pipe takes in one piece


class Serve(Protocol):
    """What a worker does until it is told to end: the real thing here, one with failpoints in the fault tests."""

    def __call__(self, config: Config, *, listener_fd: int, index: int, ready: Callable[[], None]) -> None: ...


def work(serve: Serve) -> None:
    """Wait for the berth, serve, and return when the last request is answered."""
    # Ctrl-C reaches the whole group; when it is time to end, the supervisor says so.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.readline()
    if not line:  # the supervisor ended before there was anything to do
        return
    berth = Berth.from_json(line)
    files = berth.descriptors

    def ready() -> None:
        os.write(files.ready, f"{os.getpid()}\n".encode())

    Thread(target=_end_with_supervisor, args=(files.watch,), name="watch", daemon=True).start()
    try:
        serve(berth.config, listener_fd=files.listener, index=berth.index, ready=ready)
    except ConfiguredKeyTakenError as error:
        _leave_word(files.ready, str(error))
        raise SystemExit(1) from None
    except BaseException as error:
        _leave_word(files.ready, f"{type(error).__name__}: {error}")
        raise


def _leave_word(ready: int, text: str) -> None:
    """Tell the supervisor why this process ends, so that it says it once for all workers."""
    line = f"{os.getpid()} {' '.join(text.split())}".encode()[:_LONGEST_WORD]
    with contextlib.suppress(OSError):
        os.write(ready, line + b"\n")


def _end_with_supervisor(watch: int) -> None:
    """Wait in a thread, so that a blocked event loop does not keep an orphan alive."""
    os.read(watch, 1)
    os._exit(1)


if __name__ == "__main__":
    work(serve_worker)
