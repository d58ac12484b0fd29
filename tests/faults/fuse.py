"""Where a server is to die or to halt, and which failpoints its processes reached."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_LOOK = 0.01  # seconds


class Fuse:
    """Three files in a folder that the test and every process of the server share."""

    def __init__(self, folder: Path) -> None:
        self._wanted, self._trace, self._struck = folder / "wanted", folder / "trace", folder / "struck"
        self._slow = folder / "slow"

    def light(self, point: str, *, publishes: int) -> None:
        """Have the server die at ``point``, once so many blobs have been renamed into their place."""
        self._wanted.write_text(json.dumps([point, publishes, signal.SIGKILL]), encoding="utf-8")

    def halt(self, point: str) -> None:
        """Have the first worker that comes to ``point`` stop there, until it is told to continue."""
        self._wanted.write_text(json.dumps([point, 0, signal.SIGSTOP]), encoding="utf-8")

    def slow(self) -> None:
        """Have no write-back end before ``quick``."""
        self._slow.touch()

    def quick(self) -> None:
        self._slow.unlink()

    def slowed(self, work: Callable[[int], None]) -> Callable[[Any], None]:
        """Give a write-back that takes as long as it is told to, inside a worker."""

        def slow(handle: int) -> None:
            self.reached("write-back")
            while self._slow.exists():
                time.sleep(_LOOK)
            work(handle)

        return slow

    def reset(self) -> None:
        for file in (self._wanted, self._trace, self._struck):
            file.unlink(missing_ok=True)

    @property
    def struck(self) -> str | None:
        """The point at which the server died or halted, if it did."""
        return self._struck.read_text(encoding="utf-8") if self._struck.exists() else None

    def pids(self, point: str) -> list[int]:
        """Give the processes that reached a point, in their order."""
        lines = self._trace.read_text(encoding="utf-8").splitlines() if self._trace.exists() else []
        return [int(pid) for pid, _, reached in (line.partition(" ") for line in lines) if reached == point]

    def reached(self, point: str) -> None:
        """Take note, inside a worker; at the wanted point this does not return."""
        with self._trace.open("a", encoding="utf-8") as trace:
            trace.write(f"{os.getpid()} {point}\n")
        if not self._wanted.exists():
            return
        wanted, publishes, number = json.loads(self._wanted.read_text(encoding="utf-8"))
        if point != wanted or len(self.pids("renamed")) < publishes:
            return
        self._struck.write_text(point, encoding="utf-8")
        self._wanted.unlink()
        if number == signal.SIGKILL:
            os.killpg(os.getpgrp(), number)
        else:
            os.kill(os.getpid(), number)
