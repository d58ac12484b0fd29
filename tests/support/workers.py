"""Which worker of a server a connection is with: told by the kernel, as the server says it to nobody."""

import contextlib
from pathlib import Path

from support.server import RunningServer
from support.wire import Wire

_OF_EACH = 4  # connections; more than one, so that none is special
_MOST = 400  # tries, of which each worker gets its share by chance
_WORKERS = 2  # that a server of these tests has: with one alone nothing would be shown


def to_every_worker(server: RunningServer, stack: contextlib.ExitStack) -> list[Wire]:
    """Connect until every worker has connections, which end with ``stack``."""
    found: dict[int, list[Wire]] = {pid: [] for pid in workers(server)}
    assert len(found) == _WORKERS
    for _ in range(_MOST):
        if all(len(wires) == _OF_EACH for wires in found.values()):
            return [wire for wires in zip(*found.values(), strict=True) for wire in wires]
        wire = Wire(server.host)
        wires = found[worker_of(server, wire)]
        if len(wires) < _OF_EACH:
            wires.append(stack.enter_context(wire))
        else:
            wire.close()
    raise AssertionError({pid: len(wires) for pid, wires in found.items()})


def workers(server: RunningServer) -> list[int]:
    """Give the processes of a server that listen."""
    listening = set(_sockets(local=server.port, state=_LISTEN))
    return [pid for pid in server.worker_pids() if listening & _held_by(pid)]


def worker_of(server: RunningServer, wire: Wire) -> int:
    """Ask something, so that the connection is taken; tell the process that holds its other end."""
    assert wire.ask("GET", "/healthz").status == 200
    (inode,) = _sockets(local=server.port, remote=wire.local_port, state=_OPEN)
    (pid,) = [pid for pid in server.worker_pids() if inode in _held_by(pid)]
    return pid


_OPEN, _LISTEN = "01", "0A"  # as in the kernel's tables


def _sockets(*, local: int, state: str, remote: int | None = None) -> list[str]:
    found = []
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]:
            _, ours, theirs, has, *_, inode = line.split()[:10]
            ports = [int(address.rpartition(":")[2], 16) for address in (ours, theirs)]
            if has == state and ports[0] == local and remote in {None, ports[1]}:
                found.append(f"socket:[{inode}]")
    return found


def _held_by(pid: int) -> set[str]:
    held = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            held.add(str(link.readlink()))
    return held
