"""The workers: started, replaced whenever one ends, and ended together."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from moorage.cli.berth import Berth, Descriptors
from moorage.config import Config

_QUICK_SECONDS = 1.0  # a worker that ends sooner after its start did not get far
_LONGEST_PAUSE = 1.0


@dataclass(slots=True)
class _Place:
    """A worker's place, which outlives the process in it."""

    index: int
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0  # when the place is to be filled
    quick_ends: int = 0  # in a row
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker that ended though nobody had told it to."""

    index: int
    pid: int
    code: int

    def __str__(self) -> str:
        return f"worker {self.index} (process {self.pid}) ended {_how(self.code)}"


class Fleet:
    """As many worker processes as there are to be; ``now`` is a monotonic clock's time."""

    def __init__(self, worker: Sequence[str], descriptors: Descriptors, count: int) -> None:
        self._worker = worker
        self._descriptors = descriptors
        self._places = [_Place(index) for index in range(count)]
        self._config: Config | None = None
        self._ending = False

    @property
    def empty(self) -> bool:
        return all(place.process is None for place in self._places)

    def go(self, config: Config) -> None:
        """Let the workers begin: until here they only import, which may happen beside a migration."""
        self._config = config
        for place in self._places:
            self._hand_over(place, config)

    def fill(self, now: float) -> None:
        """Start a worker in each empty place that is due."""
        for place in self._places:
            if place.process is None and place.due <= now:
                self._start(place, now)

    def pause(self, now: float) -> float | None:
        """Return how long it is until a place is due; None if none is empty."""
        due = [place.due - now for place in self._places if place.process is None]
        return max(0.0, min(due)) if due else None

    def reap(self, now: float) -> list[Ended]:
        """Tell which workers ended, and note when to fill their places: at once, unless that has not helped before."""
        ended = []
        for place in self._places:
            if place.process is None or (code := place.process.poll()) is None:
                continue
            if not self._ending:
                ended.append(Ended(place.index, place.process.pid, code))
            place.process = None
            place.quick_ends = place.quick_ends + 1 if now - place.started < _QUICK_SECONDS else 0
            pause = 0.025 * 2**place.quick_ends if place.quick_ends > 1 else 0.0
            place.due = now + min(pause, _LONGEST_PAUSE)
        return ended

    def note_ready(self, pid: int) -> None:
        for place in self._places:
            if place.process is not None and place.process.pid == pid:
                place.ready = True

    def end(self) -> None:
        """Have the workers answer what they are at, and end.

        One that is not ready yet is at nothing, and a signal that reaches it just before its event loop runs is lost.
        """
        self._ending = True
        for place in self._places:
            if place.process is not None:
                place.process.send_signal(signal.SIGTERM if place.ready else signal.SIGKILL)

    def kill(self) -> None:
        """End the workers without any delay."""
        self._ending = True
        for place in self._places:
            if place.process is not None:
                place.process.kill()
                place.process.wait()
                place.process = None

    def _start(self, place: _Place, now: float) -> None:
        files = self._descriptors
        place.started, place.ready = now, False
        place.process = subprocess.Popen(  # noqa: S603  # the command is the caller's own
            self._worker,
            stdin=subprocess.PIPE,
            env=environment_of_children(),
            pass_fds=(files.listener, files.lock, files.watch, files.ready),
        )
        if self._config is not None:
            self._hand_over(place, self._config)

    def _hand_over(self, place: _Place, config: Config) -> None:
        if place.process is None or place.process.stdin is None:
            return
        berth = Berth(place.index, self._descriptors, config)
        # A worker that is gone already will be missed when it is reaped.
        with contextlib.suppress(BrokenPipeError), place.process.stdin as pipe:
            pipe.write(f"{berth.to_json()}\n".encode())


def environment_of_children() -> dict[str, str]:
    """Return the environment without our settings: children get those on a pipe, for some of them are secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOORAGE_")}


def _how(code: int) -> str:
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
