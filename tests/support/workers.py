"""Which worker of a server a connection is with: told by the kernel, as the server says it to nobody."""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from support.server import RunningServer
from support.wire import Wire

_OF_EACH = 4  # connections; more than one, so that none is special
_MOST = 400  # tries, of which each worker gets its share by chance
_WORKERS = 2  # that a server of these tests has: with one alone nothing would be shown


def to_every_worker(server: RunningServer, stack: contextlib.ExitStack, of_each: int = _OF_EACH) -> list[Wire]:
    """Connect until every worker has connections, which end with ``stack``; they are given in turns.

    Many are looked at together: beside other tests the kernel's tables are long.
    """
    at_once = 2 * _WORKERS * of_each
    found: dict[int, list[Wire]] = {pid: [] for pid in workers(server)}
    assert len(found) == _WORKERS
    for _ in range(_MOST // at_once):
        if all(len(wires) == of_each for wires in found.values()):
            return [wire for wires in zip(*found.values(), strict=True) for wire in wires]
        batch = [Wire(server.host) for _ in range(at_once)]
        for wire, pid in zip(batch, workers_of(server, batch), strict=True):
            if len(found[pid]) < of_each:
                found[pid].append(stack.enter_context(wire))
            else:
                wire.close()
    raise AssertionError({pid: len(wires) for pid, wires in found.items()})


def workers(server: RunningServer) -> list[int]:
    """Give the processes of a server that listen."""
    listening = {inode for _, inode in _sockets(server.port, _LISTEN)}
    return [pid for pid in server.worker_pids() if listening & _held_by(pid)]


def workers_of(server: RunningServer, wires: Sequence[Wire]) -> list[int]:
    """Ask something on each, so that it is taken; tell the processes that hold their other ends."""
    assert {wire.ask("GET", "/healthz").status for wire in wires} == {200}
    inodes = dict(_sockets(server.port, _OPEN))
    held = {inode: pid for pid in server.worker_pids() for inode in _held_by(pid)}
    return [held[inodes[wire.local_port]] for wire in wires]


_OPEN, _LISTEN = "01", "0A"  # as in the kernel's tables


def _sockets(local: int, state: str) -> list[tuple[int, str]]:
    """Give the ports of the other ends of a port's sockets, and their inodes."""
    found = []
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]:
            if f":{local:04X} " not in line:
                continue
            _, ours, theirs, has, *_, inode = line.split()[:10]
            ports = [int(address.rpartition(":")[2], 16) for address in (ours, theirs)]
            if has == state and ports[0] == local:
                found.append((ports[1], f"socket:[{inode}]"))
    return found


def _held_by(pid: int) -> set[str]:
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held.add(str(link.readlink()))
    return held
