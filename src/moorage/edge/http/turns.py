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
RETRY = 10  # seconds after which there may be room


class Holder(Protocol):
    """What may hold memory for a client, and whether it counts; ``at`` is when it wanted to, or began."""

    at: float
    counts: bool

    @property
    def client(self) -> str: ...

    @property
    def size(self) -> int: ...


H = TypeVar("H", bound=Holder)


class Turns(Generic[H]):
    """What clients hold, and who waits for their turn to hold more."""

    def __init__(self, wanted: asyncio.Event | None = None, *, each: int = EACH, everyone: int = ALL) -> None:
        self.each, self._everyone = each, everyone
        self._of = dict[str, int]()
        self._waiting: dict[H, asyncio.Future[None]] = {}
        self._ended = False
        self._wanted = wanted or asyncio.Event()  # set when somebody begins to wait

    @property
    def waiting(self) -> tuple[H, ...]:
        """Who waits, longest first."""
        return tuple(self._waiting)

    def held(self, client: str) -> int:
        return self._of.get(client, 0)

    def fits(self, holder: H) -> bool:
        size, ours = holder.size, self.held(holder.client)
        taken = sum(min(held, self.each) for held in self._of.values())  # who has more takes nobody else's for it
        return taken + size <= self._everyone and ours + size <= self.each

    async def take(self, holder: H) -> None:
        """Wait for the turn of a holder; from then on it counts.

        Raises:
            TooBusy

        """
        if self.fits(holder):
            self.count(holder)
            return
        if self._ended:
            raise TooBusy(RETRY)
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
            self._of[holder.client] = self.held(holder.client) + holder.size

    def forgive(self, holder: H) -> None:
        """Count it no longer; whose turn that makes it is told by ``serve``."""
        if holder.counts:
            holder.counts = False
            self._of[holder.client] -= holder.size
            if not self._of[holder.client]:
                del self._of[holder.client]

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
            turn.set_exception(TooBusy(RETRY))

    def end(self) -> None:
        """Send away who waits, now and from now on: another server will have more room."""
        self._ended = True
        for holder in self.waiting:
            self.refuse(holder)
