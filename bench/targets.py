"""One server that is measured: a registry of ours or a peer, on its core, asleep while others are measured."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from bench.wire import Address

_START_SECONDS = 30
_STOP_SECONDS = 90


class Face(Enum):
    """What a server can do, and so which workloads it gets."""

    STATIC = auto()  # answers GET and HEAD of what lies there
    REGISTRY = auto()  # takes pushes
    AWS = auto()  # speaks ECR's API
    DISK = auto()  # no server: writes to the disk


class PeerNotReady(Exception):
    def __init__(self, name: str, log: str) -> None:
        super().__init__(f"{name} did not start: {log}")
        self.name = name


class Server(Protocol):
    """A running process tree that can be stopped."""

    @property
    def pid(self) -> int: ...

    def stop(self) -> int: ...


@dataclass(slots=True)
class Target:
    """A running server with its name in the tables; ``workloads`` when it is there for a few alone."""

    name: str
    version: str
    faces: frozenset[Face]
    address: Address
    server: Server | None
    data: Path
    workloads: frozenset[str] | None = None
    started: float = 0.0  # seconds from its start to its first answer
    key: tuple[str, str] = field(default=("", ""), repr=False)  # with which AWS calls are signed, and its secret

    @property
    def pid(self) -> int:
        """The root of the process tree; of ``dd`` nobody is asked."""
        return os.getpid() if self.server is None else self.server.pid

    def sleep(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.server is not None:
            self.wake()
            self.server.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self.server is not None:
            os.killpg(self.server.pid, number)  # each was started in a session of its own


class Process:
    """A peer's process, ready once it answers HTTP."""

    def __init__(self, name: str, command: Sequence[str | Path], address: Address, log: Path) -> None:
        began = time.perf_counter()
        with log.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603  # every argument is written here
                list(map(str, command)), stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(address):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise PeerNotReady(name, log.read_text(encoding="utf-8", errors="replace")[-2000:])
            time.sleep(0.02)
        self.started = time.perf_counter() - began

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> int:
        self._process.terminate()
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _answers(address: Address) -> bool:
    with contextlib.suppress(OSError), address.connect() as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {address.host}\r\n\r\n".encode())
        return connection.recv(16).startswith(b"HTTP/1.1 ")
    return False
