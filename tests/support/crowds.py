"""Crowds of slow clients: connections that each begin with some bytes, and then send little and read nothing."""

import contextlib
import select
import socket
from collections.abc import Iterable
from typing import Final, Self

from moorage.cli.limits import allow_many_files
from support.memory import held
from support.server import RunningServer

_BEGIN: Final = len(b"HTTP/1.1 200")


class Crowd:
    """Connections that each have begun with the bytes that are given for it."""

    def __init__(self, server: RunningServer, begin: Iterable[bytes]) -> None:
        allow_many_files()
        self._gone = select.poll()
        self._all: list[socket.socket] = []
        for content in begin:
            connection = socket.create_connection(("127.0.0.1", server.port))
            self._all.append(connection)
            self._gone.register(connection, select.POLLRDHUP)
            connection.sendall(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._all:
            connection.close()

    def drip(self, content: bytes = b"x") -> None:
        """Send one more byte on each, or a few."""
        for connection in self._all:
            with contextlib.suppress(OSError):
                connection.send(content)

    def send(self, contents: Iterable[bytes]) -> None:
        """Send something else on each."""
        for connection, content in zip(self._all, contents, strict=True):
            connection.sendall(content)

    def wait(self) -> None:
        """Take one answer on each."""
        for connection in self._all:
            assert connection.recv(256 * 1024).startswith(b"HTTP/1.1 20")

    @property
    def size(self) -> int:
        return len(self._all)

    def read(self) -> list[tuple[bytes, int]]:
        """Read on all of them at once until each ends; give the first bytes of each, and how many there were."""
        found = {connection.fileno(): (b"", 0) for connection in self._all}
        sockets, ready = {one.fileno(): one for one in self._all}, select.poll()
        for handle in sockets:
            ready.register(handle, select.POLLIN)
        while sockets:
            for handle, _ in ready.poll():
                content = sockets[handle].recv(256 * 1024)
                if not content:
                    ready.unregister(handle)
                    del sockets[handle]
                begin, size = found[handle]
                found[handle] = (begin or content[:_BEGIN], size + len(content))
        return list(found.values())

    def gone(self) -> int:
        """Count the connections that the server has ended."""
        return len(self._gone.poll(0))


class Growth:
    """The most memory that the one worker of a server has taken more than it had at first, as far as one looked."""

    def __init__(self, server: RunningServer) -> None:
        (self._pid,) = server.worker_pids()
        self._before = held(self._pid)
        self.most = 0

    def look(self) -> int:
        """Give what it has more now."""
        now = held(self._pid) - self._before
        self.most = max(self.most, now)
        return now
