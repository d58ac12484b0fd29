"""Room for whole bodies in memory: so many bytes in all, of which no client may take more than half.

A signed body is in memory before its signature can be verified, so whoever knows a key id can send what nobody signed.
Therefore room is shared by where requests come from and not by whose they say they are; who sent a large body under a
forged signature waits before the next one is read, longer each time; and who holds room while others wait has to send
at a pace.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address

from moorage.domain.errors import TooBusy
from moorage.edge.http.pace import Pace, end_slowest

MIB = 1024 * 1024
FREE = 64 * 1024  # bodies up to here take no room
_SIZE = 128 * MIB
_PATIENCE = 10.0  # seconds that a body waits for room
_PEERS = 4096  # whose forgeries are remembered
_LONGEST_BAR = 64.0  # seconds


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a body comes from; who has ``proven`` who he is by a password answers for nobody's forgeries."""

    address: str
    proven: bool = False

    @property
    def peer(self) -> str:
        """Tell senders apart; whoever has an IPv6 address has a whole network of them."""
        if ":" not in self.address:
            return self.address
        try:
            return str(IPv6Address(int(IPv6Address(self.address)) >> 64 << 64))
        except ValueError:
            return self.address


UNKNOWN = Sender("")


@dataclass(eq=False, slots=True)
class Share:
    """What one body holds."""

    size: int
    peer: str
    pace: Pace


@dataclass(eq=False, slots=True)
class _Waiting:
    share: Share
    since: float
    turn: asyncio.Future[None]


@dataclass(slots=True)
class _Bar:
    count: int
    until: float


class Room:
    """Hands out bytes; who waits longest comes first, unless what is left would not do or is not for them."""

    def __init__(self, size: int = _SIZE, *, patience: float = _PATIENCE) -> None:
        self._left, self._each, self._patience = size, size // 2, patience
        self._held: set[Share] = set()
        self._of: dict[str, int] = {}
        self._waiting: list[_Waiting] = []
        self._bars: OrderedDict[str, _Bar] = OrderedDict()

    async def take(self, size: int, sender: Sender, pace: Pace) -> Share:
        """Wait for room.

        Raises:
            TooBusy

        """
        share = Share(size, sender.peer, pace)
        loop = asyncio.get_running_loop()
        bar = None if sender.proven else self._bars.get(share.peer)
        if bar is not None and bar.until > loop.time():
            raise TooBusy(retry_after=int(bar.until - loop.time()) + 1)
        if not self._fits(share):
            waiting = _Waiting(share, loop.time(), loop.create_future())
            self._waiting.append(waiting)
            try:
                await waiting.turn
            except asyncio.CancelledError:
                self.give(share)  # its turn may have come at the same moment
                raise
            finally:
                if waiting in self._waiting:
                    self._waiting.remove(waiting)
        else:
            self._hand_out(share)
        pace.began = loop.time()
        return share

    def give(self, share: Share) -> None:
        """Give room back."""
        if share not in self._held:
            return
        self._held.remove(share)
        self._left += share.size
        self._of[share.peer] -= share.size
        if not self._of[share.peer]:
            del self._of[share.peer]
        self._serve()

    def blame(self, sender: Sender) -> None:
        """Note that somebody sent a large body under a signature that is none."""
        peer, now = sender.peer, asyncio.get_running_loop().time()
        bar = self._bars.pop(peer, None) or _Bar(0, now)
        forgotten = now > bar.until + _LONGEST_BAR
        count = 1 if forgotten else bar.count + 1
        self._bars[peer] = _Bar(count, now + min(2.0 ** (count - 1), _LONGEST_BAR))
        if len(self._bars) > _PEERS:
            self._bars.popitem(last=False)

    def look(self, now: float) -> None:
        """Send away who has waited too long, and take room from the slow for who has waited half of that."""
        for waiting in tuple(self._waiting):
            if now - waiting.since >= self._patience:
                self._waiting.remove(waiting)
                if not waiting.turn.done():
                    waiting.turn.set_exception(TooBusy(retry_after=max(1, int(self._patience))))
            elif now - waiting.since >= self._patience / 2:
                self._press(now)

    def _press(self, now: float) -> None:
        """End the slowest body of those that had time to get going and keep no pace; one at each look will do."""
        end_slowest((one.pace for one in self._held if now - one.pace.began >= self._patience / 2), now)

    def _serve(self) -> None:
        for waiting in tuple(self._waiting):
            if self._fits(waiting.share) and not waiting.turn.done():
                self._waiting.remove(waiting)
                self._hand_out(waiting.share)
                waiting.turn.set_result(None)

    def _fits(self, share: Share) -> bool:
        return share.size <= self._left and self._of.get(share.peer, 0) + share.size <= self._each

    def _hand_out(self, share: Share) -> None:
        self._held.add(share)
        self._left -= share.size
        self._of[share.peer] = self._of.get(share.peer, 0) + share.size
