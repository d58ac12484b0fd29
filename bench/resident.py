"""Starts and memory: how soon a fresh server answers, and what it holds at rest, under pushes, under silence."""

import contextlib
import resource
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from bench import moorage, peers
from bench.figures import Results, Single
from bench.load import together
from bench.measure import FAILURES
from bench.peers import PEERS, Peer
from bench.processes import memory_of
from bench.pushing import push_large
from bench.stock import Large
from bench.targets import Face, PeerNotReady, Target
from bench.wire import Address, ask, exchange, expect
from bench.workloads import Bench

START, REST, PUSHES, IDLE = (
    "start to first answer",
    "memory after start",
    "memory under 20 pushes of 200 MB",
    "memory under 1,000 idle connections",
)
_EVERY = 0.1  # seconds between two looks


def watch_residents(names: Sequence[str], bench: Bench, results: Results) -> None:
    """Start each registry afresh a few times, and look at its memory once a round."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(bench.sizes.rounds):
        for name, start in _starts(names).items():
            key = f"memory of {name}"
            if key in results.failed:
                continue
            try:
                seen = list(_watch(start, bench, bench.folder / f"resident-{name}"))
            except (*FAILURES, PeerNotReady) as error:
                results.failed[key] = str(error) or type(error).__name__
                continue
            for what, value in seen:
                found.setdefault((what, name), []).append(value)
            print(f"round {number + 1}: {name}: {found[PUSHES, name][-1]:.0f} MB under pushes", flush=True)
    for (what, name), values in found.items():
        results.singles.append(Single(what, name, "s" if what == START else "MB", values))


def _watch(start: Callable[[Path], Target], bench: Bench, folder: Path) -> Iterator[tuple[str, float]]:
    for _ in range(bench.sizes.starts - 1):
        with _started(start, folder) as target:
            yield START, target.started
    with _started(start, folder) as target:
        yield START, target.started
        yield from _look(bench, target).items()


def _starts(names: Sequence[str]) -> dict[str, Callable[[Path], Target]]:
    found: dict[str, Callable[[Path], Target]] = {}
    if "moorage" in names:
        found["moorage"] = _moorage
    for peer in PEERS.values():
        if peer.name in names and Face.REGISTRY in peer.faces and peer.missing is None:
            found[peer.name] = partial(_peer, peer)
    return found


def _moorage(folder: Path) -> Target:
    folder.mkdir()  # the log lies beside the data
    return moorage.start(folder / "data")


def _peer(peer: Peer, folder: Path) -> Target:
    return peers.start(peer, folder)


@contextlib.contextmanager
def _started(start: Callable[[Path], Target], folder: Path) -> Iterator[Target]:
    target = start(folder)
    try:
        yield target
    finally:
        target.stop()
        shutil.rmtree(folder)


def _look(bench: Bench, target: Target) -> dict[str, float]:
    found = {REST: memory_of(target.pid)}
    if Face.AWS in target.faces:
        moorage.prepare(target)
    with _crowd(target.address, bench.sizes.idle):
        found[IDLE] = memory_of(target.pid)
    blobs = [Large.new(bench.sizes.push) for _ in range(bench.sizes.pushes)]
    _ = [blob.digest for blob in blobs]
    with _watched(target.pid) as highest:
        together([partial(push_large, target.address, blob) for blob in blobs])
    found[PUSHES] = max(highest)
    return found


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """Look at a tree's memory again and again from a thread."""
    seen, over = [memory_of(pid)], threading.Event()

    def look() -> None:
        while not over.wait(_EVERY):
            seen.append(memory_of(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


@contextlib.contextmanager
def _crowd(address: Address, count: int) -> Iterator[None]:
    """Hold connections that asked once and say nothing more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            connection: socket.socket = stack.enter_context(address.connect())
            expect(exchange(connection, ask(address, "GET", "/v2/")), 200)
        yield
