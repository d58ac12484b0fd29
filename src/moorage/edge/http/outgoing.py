"""Large answers on their way: what clients leave unread takes memory, so that one may leave only so much.

The server takes an answer whole, or as much of a file as its buffers hold, and does not say when the client has it. So
each large answer counts until the watch sees that its client reads it, and again once the client stops. Who asks for
more waits, and begins when others have read (``docs/decisions/0084-unread-answers.md``).
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from moorage.edge.http.turns import Turns

FREE = 64 * 1024  # answers up to here are not counted
OF_FILE = 1152 * 1024  # what the server and the kernel were found to hold of a file, at most
_SEEN = 0.1  # seconds after which a connection that the watch does not see is gone
_BEGUN = 1.0  # seconds after which an answer that was never seen on its way has been read: a busy server begins late
_READING = 2.0  # seconds in which whoever reads takes 64 kB


@dataclass(eq=False, slots=True, kw_only=True)
class Answer:
    """One large answer; what is ``made`` is in memory while it waits."""

    client: str
    size: int
    at: float
    counts: bool = False
    peer: str
    made: bool
    stalled: float | None = None  # since when nothing was taken of it, when the watch first saw it

    @property
    def kept(self) -> int:
        return self.size if self.made else 0


class Outgoing:
    """The large answers that are on their way, one for each peer: an address and port of a client, or of its proxy."""

    def __init__(self, turns: Turns[Answer] | None = None) -> None:
        self.turns = turns or Turns[Answer]()
        self._answers: dict[str, Answer] = {}

    @property
    def is_empty(self) -> bool:
        return not (self._answers or self.turns.waits)

    async def begin(self, peer: str, client: str, size: int, *, made: bool) -> None:
        """Wait until there is room for an answer.

        Raises:
            TooBusy

        """
        size = min(size, self.turns.each)
        now = asyncio.get_running_loop().time()
        answer = Answer(client=client, size=size, at=now, peer=peer, made=made)
        await self.turns.take(answer)
        before = self._answers.get(peer)
        if before is not None:  # who waits may begin behind a later request of the same address and port
            self.turns.forgive(before)
        self._answers[peer] = answer

    def over(self, peer: str) -> None:
        """Note that a peer asks for something else: what it was answered before has left our hands."""
        answer = self._answers.pop(peer, None)
        if answer is not None:
            self.turns.let_go(answer)

    def look(self, now: float, stalled: Mapping[str, float | None], left: Collection[str] = ()) -> None:
        """Take note of who reads, and who went away.

        ``stalled`` has every peer, and since when it took nothing of what is on its way to it: None if nothing is. Who
        ``left`` does not wait any longer; what has begun counts on, since it may still be read.
        """
        for answer in self.turns.waiting:
            if answer.peer in left:
                self.turns.refuse(answer)
        self.turns.refuse_late(now)
        for peer, answer in tuple(self._answers.items()):
            age, since = now - answer.at, stalled.get(peer)
            if peer not in stalled:
                if age >= _SEEN:
                    del self._answers[peer]
                    self.turns.forgive(answer)
            elif since is None:
                if age >= _BEGUN or answer.stalled is not None:
                    self.turns.forgive(answer)
            elif answer.stalled is None:
                answer.stalled = since
                self.turns.count(answer)
            elif since == answer.stalled or now - since >= _READING:
                self.turns.count(answer)
            else:
                self.turns.forgive(answer)
        self.turns.serve()
