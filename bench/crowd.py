"""Work beside a crowd: connections that are slow on purpose, and must not slow down anybody else."""

import contextlib
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import urlsplit

from bench.load import Load
from bench.processes import cpu_of
from bench.stock import REPOSITORY, blob_path
from bench.targets import Target
from bench.wire import Address, ask, exchange, expect, head_of
from bench.workloads import Bench, Run

_EVERY: Final = 1.0  # seconds from byte to byte
_DECLARED: Final = 1_000_000  # bytes of a body that never comes whole
_LOOKS, _PAUSE, _REST = 20, 0.25, 0.02  # how often, seconds in between, and of the processor in each of them

Join = Callable[[Bench, Address], socket.socket]


def beside(join: Join, run: Run) -> Run:
    """Make the load that does what ``run`` does while a crowd is there."""

    def crowded(bench: Bench, target: Target) -> Load:
        with _crowd(bench, target.address, join):
            _settle(target)
            return run(bench, target)

    return crowded


def drip(_bench: Bench, address: Address) -> socket.socket:
    """Begin a part of an upload, of which a byte a second comes."""
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
    """Wait until the crowd is there and has been given what it takes at once: its arrival is work like any other."""
    seen = cpu_of(target.pid)
    for _ in range(_LOOKS):
        time.sleep(_PAUSE)
        seen, before = cpu_of(target.pid), seen
        if seen - before <= _REST:
            return


@contextlib.contextmanager
def _crowd(bench: Bench, address: Address, join: Join) -> Iterator[None]:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(join(bench, address)) for _ in range(bench.sizes.idle)]
        over = threading.Event()
        thread = threading.Thread(target=_send_bytes, args=(crowd, over))
        thread.start()
        stack.callback(thread.join)
        stack.callback(over.set)
        yield


def _send_bytes(crowd: list[socket.socket], over: threading.Event) -> None:
    """Send a byte a second on each connection; to one that only reads it is the beginning of a request."""
    while not over.wait(_EVERY):
        for connection in crowd:
            with contextlib.suppress(OSError):
                connection.send(b"x")
