"""Turns: how much memory clients may hold by doing nothing, and who waits until others let go of theirs.

The HTTP server's buffers stay full as long as a client does not read, and large as long as it does not send. What they
hold counts for as long as nothing is seen to move; who wants more than is left waits, which takes next to nothing.
"""

import asyncio
from typing import Generic, Protocol, TypeVar

from moorage.domain.errors import TooBusy

MIB = 1024 * 1024
EACH = 32 * MIB  # of one client
ALL = 128 * MIB
_RETRY = 10  # seconds after which there may be room


class Holder(Protocol):
    """What may hold memory for a client, and whether it counts; ``at`` is when it wanted to, or began.

    ``size`` is what it holds when it is its turn, ``kept`` what it holds while it waits.
    """

    at: float
    counts: bool

    @property
    def client(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def kept(self) -> int: ...


H = TypeVar("H", bound=Holder)


class Turns(Generic[H]):
    """What clients hold, and who waits for their turn to hold more."""

    def __init__(
        self,
        wanted: asyncio.Event | None = None,
        *,
        patience: float = 30,
        each: int = EACH,
        everyone: int = ALL,
        kept: int = EACH,
    ) -> None:
        self.patience, self.each, self._everyone, self._kept = patience, each, everyone, kept
        self._of = dict[str, int]()
        self._taken = 0  # of all: who has more than its share takes nobody else's for it
        self._waiting: dict[H, asyncio.Future[None]] = {}
        self._ended = False
        self._wanted = wanted or asyncio.Event()  # set when somebody begins to wait

    @property
    def waiting(self) -> tuple[H, ...]:
        """Who waits, longest first."""
        return tuple(self._waiting)

    @property
    def waits(self) -> bool:
        """Whether somebody waits for what a look may tell."""
        return bool(self._waiting)

    def held(self, client: str) -> int:
        return self._of.get(client, 0)

    def fits(self, holder: H) -> bool:
        return self._taken + holder.size <= self._everyone and self.held(holder.client) + holder.size <= self.each

    async def take(self, holder: H) -> None:
        """Wait for the turn of a holder; from then on it counts.

        Raises:
            TooBusy

        """
        if self.fits(holder):
            self.count(holder)
            return
        if self._ended or (holder.kept and holder.kept + self._waits_with(holder.client) > self._kept):
            raise TooBusy(_RETRY)
        self._waiting[holder] = turn = asyncio.get_running_loop().create_future()
        self._wanted.set()
        try:
            await turn
        except asyncio.CancelledError:
            self.let_go(holder)  # its turn may have come at the same moment
            raise
        finally:
            self._waiting.pop(holder, None)

    def count(self, holder: H) -> None:
        if not holder.counts:
            holder.counts = True
            self._hold(holder.client, holder.size)

    def forgive(self, holder: H) -> None:
        """Count it no longer; whose turn that makes it is told by ``serve``."""
        if holder.counts:
            holder.counts = False
            self._hold(holder.client, -holder.size)

    def let_go(self, holder: H) -> None:
        """Count it no longer, and give the turn to whoever it is."""
        if holder.counts:
            self.forgive(holder)
            self.serve()

    def serve(self) -> None:
        """Let begin what there is room for: first what clients that hold nothing wait for, then who waits longest."""
        if not self._waiting:
            return
        for holder in sorted(self._waiting, key=lambda one: one.client in self._of):
            turn = self._waiting[holder]
            if self.fits(holder) and not turn.done():
                del self._waiting[holder]
                holder.at = asyncio.get_running_loop().time()
                self.count(holder)
                turn.set_result(None)

    def refuse(self, holder: H) -> None:
        """Send away one that waits."""
        turn = self._waiting.pop(holder)
        if not turn.done():
            turn.set_exception(TooBusy(_RETRY))

    def refuse_late(self, now: float) -> None:
        """Send away who has waited too long."""
        for holder in self.waiting:
            if now - holder.at >= self.patience:
                self.refuse(holder)

    def end(self) -> None:
        """Send away who waits, now and from now on: another server will have more room."""
        self._ended = True
        for holder in self.waiting:
            self.refuse(holder)

    def _waits_with(self, client: str) -> int:
        """Tell how much of what a client waits with is in memory already."""
        return sum(holder.kept for holder in self._waiting if holder.client == client)

    def _hold(self, client: str, more: int) -> None:
        before = self.held(client)
        after = before + more
        self._taken += min(after, self.each) - min(before, self.each)
        if after:
            self._of[client] = after
        else:
            del self._of[client]
