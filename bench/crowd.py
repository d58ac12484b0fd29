"""Crowds: connections that are slow on purpose, and must not slow down anybody else.

What their arrival and their end cost a server is not the load's that is measured beside them: it is waited for.
"""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from bench.processes import cpu_of
from bench.stock import REPOSITORY, blob_path
from bench.targets import Target
from bench.wire import Address, ask, exchange, expect, head_of
from bench.workloads import Bench, Company, Restless

_EVERY: Final = 1.0  # seconds from byte to byte
_DECLARED: Final = 1_000_000  # bytes of a body that never comes whole
_SENT: Final = 300_000  # of which so many come at once
_LOOKS, _PAUSE, _REST = 120, 0.25, 0.02  # how often, seconds in between, and of the processor in each of them

Join = Callable[[Bench, Address], socket.socket]


def crowd(join: Join) -> Company:
    """Make the company of as many as ``join`` in; it tells how many of them are still there."""

    @contextlib.contextmanager
    def company(bench: Bench, target: Target) -> Iterator[Callable[[], int]]:
        with _crowd(bench, target.address, join) as connections:
            _settle(target)
            yield lambda: sum(map(_is_open, connections))
        _settle(target)

    return company


def drip(_bench: Bench, address: Address) -> socket.socket:
    """Begin a part of an upload, of which a byte a second comes."""
    return _part(address)


def stop(_bench: Bench, address: Address) -> socket.socket:
    """Begin a part of an upload as fast as it goes, and then have a byte a second come."""
    connection = _part(address)
    connection.sendall(bytes(_SENT))
    return connection


def _part(address: Address) -> socket.socket:
    connection = address.connect()
    opened = expect(exchange(connection, ask(address, "POST", f"/v2/{REPOSITORY}/blobs/uploads/")), 202)
    where = urlsplit(opened.header("location"))
    path = f"{where.path}?{where.query}" if where.query else where.path
    headers = {"Content-Type": "application/octet-stream"}
    connection.sendall(head_of(address, "PATCH", path, _DECLARED, headers))
    return connection


def stall(bench: Bench, address: Address) -> socket.socket:
    """Ask for the large blob and read nothing of it."""
    connection = address.connect()
    connection.sendall(ask(address, "GET", blob_path(bench.goods.large.digest)).data)
    return connection


def _settle(target: Target) -> None:
    """Wait until the server is done with those who came or went.

    Raises:
        Restless: it is not, after half a minute

    """
    seen = cpu_of(target.pid)
    for _ in range(_LOOKS):
        time.sleep(_PAUSE)
        seen, before = cpu_of(target.pid), seen
        if seen - before <= _REST:
            return
    raise Restless


def _is_open(connection: socket.socket) -> bool:
    """Tell whether the server has not hung up; what it sent stays where it is."""
    try:
        return connection.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


@contextlib.contextmanager
def _crowd(bench: Bench, address: Address, join: Join) -> Iterator[list[socket.socket]]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(join(bench, address)) for _ in range(bench.sizes.idle)]
        for connection in connections:
            connection.setblocking(False)  # nobody here waits for a server that does not take or give
        over = threading.Event()
        thread = threading.Thread(target=_send_bytes, args=(connections, over))
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        yield connections


def _send_bytes(connections: list[socket.socket], over: threading.Event) -> None:
    """Send a byte a second on each connection; to one that only reads it is the beginning of a request."""
    while not over.wait(_EVERY):
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.send(b"x")
