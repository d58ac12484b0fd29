"""Load on a server: many small exchanges from one thread, large ones from a few, GETs by wrk where it is there."""

import re
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from bench.processes import own_cpu
from bench.wire import Address, Ask, Lost, Script, drive, read

WRK: Final = shutil.which("wrk")
_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
_MANIFESTS = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
ACCEPT: Final = {"Accept": _MANIFESTS}


class WrkFailed(Exception):
    def __init__(self, said: str) -> None:
        super().__init__(f"wrk did not measure what it should: {said}")


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to; latencies in milliseconds."""

    operations: int
    seconds: float
    p50: float
    p99: float
    client_cpu: float  # seconds of this process and of its tools
    size: int = 0  # bytes moved, where they are what counts


Make = Callable[[], Script]


@dataclass(slots=True)
class _Client:
    """One connection in the middle of one operation."""

    connection: socket.socket
    script: Script
    request: Ask
    buffer: bytearray
    began: float


def repeat(address: Address, make: Make, *, connections: int, seconds: float) -> Load:
    """Run scripts one after the other on each connection until the time is over; each one is an operation."""
    clients = {}
    poll = select.epoll()
    try:
        for _ in range(connections):
            connection = address.connect()
            poll.register(connection.fileno(), select.EPOLLIN)
            clients[connection.fileno()] = _begin(connection, make)
        return _turn(poll, clients, make, seconds)
    finally:
        poll.close()
        for client in clients.values():
            client.connection.close()


def _begin(connection: socket.socket, make: Make) -> _Client:
    script = make()
    began = time.perf_counter()
    request = next(script)
    connection.sendall(request.data)
    return _Client(connection, script, request, bytearray(), began)


def _turn(poll: select.epoll, clients: dict[int, _Client], make: Make, seconds: float) -> Load:
    latencies: list[float] = []
    cpu, began = own_cpu(), time.perf_counter()
    until = began + seconds
    while time.perf_counter() < until:
        for fd, _ in poll.poll(1.0):
            client = clients[fd]
            if _step(client):
                latencies.append(time.perf_counter() - client.began)
                clients[fd] = _begin(client.connection, make)
    took = time.perf_counter() - began
    return Load(len(latencies), took, *_percentiles(latencies), own_cpu() - cpu)


def _step(client: _Client) -> bool:
    """Take what has come; True when the client's script is at its end."""
    piece = client.connection.recv(262_144)
    if not piece:
        raise Lost
    client.buffer += piece
    answer = read(client.buffer, head=client.request.head)
    if answer is None:
        return False
    client.buffer.clear()
    try:
        client.request = client.script.send(answer)
    except StopIteration:
        return True
    client.connection.sendall(client.request.data)
    return False


def once(address: Address, script: Script) -> None:
    """Run one script on a connection of its own."""
    with address.connect() as connection:
        drive(connection, script)


def together(works: Sequence[Callable[[], int]]) -> Load:
    """Do large pieces of work at the same time, one thread each; each gives the bytes it moved."""
    latencies: list[float] = []

    def timed(work: Callable[[], int]) -> int:
        began = time.perf_counter()
        moved = work()
        latencies.append(time.perf_counter() - began)
        return moved

    cpu, began = own_cpu(), time.perf_counter()
    with ThreadPoolExecutor(len(works)) as threads:
        size = sum(threads.map(timed, works))
    took = time.perf_counter() - began
    return Load(len(works), took, *_percentiles(latencies), own_cpu() - cpu, size)


def one_after_another(loads: Iterable[Load]) -> Load:
    """Take loads that were done in turn as one."""
    done = list(loads)
    halves = sorted(load.p50 for load in done)
    return Load(
        sum(load.operations for load in done),
        sum(load.seconds for load in done),
        halves[len(halves) // 2],
        max(load.p99 for load in done),
        sum(load.client_cpu for load in done),
        sum(load.size for load in done),
    )


def wrk(address: Address, path: str, *, connections: int, seconds: float) -> Load:
    """Have wrk ask for one path; it cannot do HEAD, whose answers tell a length and have no body."""
    headers: Mapping[str, str] = ACCEPT | ({"Authorization": address.authorization} if address.authorization else {})
    command = [WRK or "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command.append(address.url + path)
    cpu = own_cpu()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603  # ours, on loopback
    return read_wrk(said, own_cpu() - cpu)


def read_wrk(said: str, cpu: float) -> Load:
    """Read wrk's report.

    Raises:
        WrkFailed

    """
    total = re.search(r"(\d+) requests in ([\d.]+)(us|ms|s|m),", said)
    half, most = (re.search(rf"{part}%\s+([\d.]+)(us|ms|s|m)", said) for part in (50, 99))
    if total is None or half is None or most is None or "Non-2xx" in said or "Socket errors" in said:
        raise WrkFailed(said)
    seconds = float(total[2]) * _UNITS[total[3]] / 1000
    half_ms, most_ms = (float(found[1]) * _UNITS[found[2]] for found in (half, most))
    return Load(int(total[1]), seconds, half_ms, most_ms, cpu)


def _percentiles(latencies: list[float]) -> tuple[float, float]:
    """Give the 50th and 99th in milliseconds; of nothing, zeros."""
    ordered = sorted(latencies)
    if not ordered:
        return 0.0, 0.0
    return _at(ordered, 0.5), _at(ordered, 0.99)


def _at(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000
