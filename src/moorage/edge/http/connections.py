"""Connections as the kernel counts them: which is idle, which sends a head for ever, which never reads its answer.

The HTTP server has one clock for heads and idle connections and none for slow readers, so each connection is looked at
from outside every now and then, by what TCP says of it.
"""

import enum
import os
import socket
import struct
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from moorage.edge.http.patience import WORTH, Patience

# Of ``struct tcp_info``: the state, tcpi_unacked, tcpi_bytes_acked, tcpi_bytes_received, tcpi_notsent_bytes.
_INFO = struct.Struct("=B23xI92xQQ8xI")
_LEFT = 8  # closed by the client alone
_OPEN = frozenset({1, _LEFT})  # the other one is established
_RESET = struct.pack("ii", 1, 0)
_STALLED_EACH = 20  # readers that take nothing, from one client: fewer than may begin, so that others soon may
_STALLED_ALL = 80


class State(enum.Enum):
    """What a connection is at."""

    SERVED = "a request is under way"
    HEAD = "a head is on its way"
    IDLE = "nothing is on its way"
    SENDING = "an answer is on its way"


@dataclass(frozen=True, slots=True)
class Sample:
    """What the kernel counts: bytes that came, bytes that were taken from us, and whether some wait to be taken.

    A client that ``left`` sends nothing more, and mostly takes nothing either.
    """

    received: int
    taken: int
    waiting: bool
    left: bool = False


class Connection:
    """One connection, followed from look to look."""

    __slots__ = ("_last", "_mark", "peer", "since", "state")

    def __init__(self, peer: tuple[str, int], sample: Sample, now: float) -> None:
        # What was answered before the first look is past; a head has no answer yet.
        self.peer, self.since, self.state = peer, now, State.IDLE if sample.taken else State.HEAD
        self._last, self._mark = sample, sample.taken

    def look(self, sample: Sample, now: float, *, served: bool) -> None:
        """Take note of what happened since the last look."""
        came, went = sample.received > self._last.received, sample.taken > self._last.taken
        self._last = sample
        if served:
            self._become(State.SERVED, now, sample)
        elif sample.waiting:
            self._become(State.SENDING, now, sample)
            if sample.taken - self._mark >= WORTH:
                self.since, self._mark = now, sample.taken
        elif went or self.state in {State.SERVED, State.SENDING}:  # whatever was asked is answered
            self.state, self.since = State.IDLE, now
        elif came:
            self._become(State.HEAD, now, sample)

    @property
    def left(self) -> bool:
        return self._last.left

    def overdue(self, now: float, patience: Patience) -> bool:
        limits = {State.HEAD: patience.header, State.IDLE: patience.idle, State.SENDING: patience.send}
        return self.state in limits and now - self.since >= limits[self.state]

    def _become(self, state: State, now: float, sample: Sample) -> None:
        if self.state is not state:
            self.state, self.since, self._mark = state, now, sample.taken


class Connections:
    """All connections that this process took from a listener."""

    def __init__(
        self, patience: Patience, served: Collection[str], *, is_proxy: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._patience, self._served, self._is_proxy = patience, served, is_proxy
        self._known: dict[int, Connection] = {}
        self._here: tuple[str, int] | None = None

    def look(self, listener: int, now: float) -> Iterator[None]:
        """Look at each connection, and end those that are overdue; pauses after each, for other work's sake."""
        with _borrowed(listener) as listening:
            port = listening.getsockname()[1]
        seen: dict[int, Connection] = {}
        for handle in map(int, os.listdir("/proc/self/fd")):  # noqa: PTH208 - of a million paths none is wanted
            connection = self._look_at(handle, port, now)
            if connection is not None:
                seen[handle] = connection
                yield
        self._known = seen
        for handle in _too_many(seen, now, self._patience, self._is_proxy):
            _end(handle, seen[handle])

    def stalled(self) -> dict[str, float | None]:
        """Give every peer, and since when it took nothing of what is on its way to it: None if nothing is."""
        return {_named(one.peer): one.since if one.state is State.SENDING else None for one in self._known.values()}

    def left(self) -> set[str]:
        """Give the peers that sent their last: the HTTP server sees it only when it writes to them."""
        return {_named(one.peer) for one in self._known.values() if one.left}

    def _look_at(self, handle: int, port: int, now: float) -> Connection | None:
        known = self._known.get(handle)
        try:
            with _borrowed(handle) as connection:
                found = _read(connection)
                if found is None:
                    return None
                peer = connection.getpeername()[:2]
                if (known is None or known.peer != peer) and connection.getsockname()[1] != port:
                    return None
        except OSError:  # no socket, or one that ended just now
            return None
        if known is None or known.peer != peer:
            known = Connection(peer, found, now)
        known.look(found, now, served=_named(peer) in self._served)
        if known.overdue(now, self._patience):
            _end(handle, known)
        return known


class _borrowed:  # noqa: N801 - used as a function
    """A socket object on somebody else's descriptor: it never closes it.

    Closing a duplicate instead would be worse than it looks: if the number meant SQLite's file by then, every lock of
    this process on it would be gone.
    """

    def __init__(self, handle: int) -> None:
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_STREAM, 0, fileno=handle)

    def __enter__(self) -> socket.socket:
        return self._socket

    def __exit__(self, *_: object) -> None:
        self._socket.detach()


def _read(connection: socket.socket) -> Sample | None:
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
    if len(told) < _INFO.size:
        return None
    state, unacked, taken, received, unsent = _INFO.unpack(told)
    return Sample(received, taken, bool(unacked or unsent), state == _LEFT) if state in _OPEN else None


def _named(peer: tuple[str, int]) -> str:
    """Write a peer as the HTTP server does."""
    return f"[{peer[0]}]:{peer[1]}" if ":" in peer[0] else f"{peer[0]}:{peer[1]}"


def _too_many(
    seen: dict[int, Connection], now: float, patience: Patience, is_proxy: Callable[[str], bool]
) -> list[int]:
    """Find the readers that take nothing beyond what one client, and all of them, may have; the longest stalled first.

    What a proxy has stalled is its clients' doing: it counts towards all only.
    """
    grace = min(5.0, patience.send / 4)
    stalled = sorted(
        (connection.since, handle)
        for handle, connection in seen.items()
        if connection.state is State.SENDING and now - connection.since >= grace
    )
    ended, left = [], len(stalled)
    each: dict[str, int] = {}
    for _, handle in reversed(stalled):  # the youngest may stay
        peer = seen[handle].peer[0]
        each[peer] = each.get(peer, 0) + 1
        if (each[peer] > _STALLED_EACH and not is_proxy(peer)) or len(stalled) - left >= _STALLED_ALL:
            ended.append(handle)
        else:
            left -= 1
    return ended


def _end(handle: int, known: Connection) -> None:
    """End a connection; a request that comes on an idle one at this very moment is still read and answered."""
    try:
        with _borrowed(handle) as connection:
            if connection.getpeername()[:2] != known.peer:
                return
            if known.state is State.SENDING:  # what was not taken is thrown away, here and in the kernel
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            connection.shutdown(socket.SHUT_RD if known.state is State.IDLE else socket.SHUT_RDWR)
    except OSError:
        pass
