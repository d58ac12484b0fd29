"""Large answers on their way: what clients leave unread takes memory, so that one may leave only so much.

The server takes an answer whole, or as much of a file as its buffers hold, and does not say when the client has it. So
each large answer counts until the watch sees that its client reads it, and again once the client stops. Who asks for
more waits, which takes next to nothing, and begins when others have read
(``docs/decisions/0084-unread-answers.md``).
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from moorage.domain.errors import TooBusy

MIB = 1024 * 1024
FREE = 64 * 1024  # answers up to here are not counted
OF_FILE = 768 * 1024  # what the server's buffers hold of a file, at most
EACH = 32 * MIB  # of one client: 42 large blobs that nobody is seen to read yet
ALL = 128 * MIB
_SEEN = 0.1  # seconds after which a connection that the watch does not see is gone
_BEGUN = 1.0  # seconds after which an answer that was never seen on its way has been read: a busy server begins late
_READING = 2.0  # seconds in which whoever reads takes 64 kB
_RETRY = 10  # seconds


@dataclass(eq=False, slots=True)
class Answer:
    """One large answer, and whether what it holds counts."""

    client: str
    size: int
    at: float
    stalled: float | None = None  # since when nothing was taken of it, when the watch first saw it
    unread: bool = False


@dataclass(eq=False, slots=True)
class _Waiting:
    peer: str
    answer: Answer
    kept: int  # bytes that are in memory already
    turn: asyncio.Future[None]


class Outgoing:
    """The large answers that are on their way, one for each peer: an address and port of a client, or of its proxy."""

    def __init__(self, patience: float = 30, *, each: int = EACH, everyone: int = ALL) -> None:
        self._patience, self._each, self._everyone = patience, each, everyone
        self._answers: dict[str, Answer] = {}
        self._of = Counter[str]()  # bytes that each client leaves unread
        self._waiting: dict[_Waiting, None] = {}
        self._ended = False
        self.wanted = asyncio.Event()  # set while somebody waits

    @property
    def is_empty(self) -> bool:
        return not (self._answers or self._waiting)

    async def begin(self, peer: str, client: str, size: int, *, made: bool) -> None:
        """Wait until there is room for an answer; what is ``made`` is in memory while it waits.

        Raises:
            TooBusy

        """
        loop = asyncio.get_running_loop()
        answer = Answer(client, min(size, self._each), loop.time())
        if self._fits(answer):
            self._start(peer, answer)
            return
        kept = answer.size if made else 0
        if self._ended:
            raise TooBusy(_RETRY)
        if kept and kept + sum(one.kept for one in self._waiting if one.answer.client == client) > self._each:
            raise TooBusy(_RETRY)
        waiting = _Waiting(peer, answer, kept, loop.create_future())
        self._waiting[waiting] = None
        self.wanted.set()
        try:
            await waiting.turn
        except asyncio.CancelledError:
            self.over(peer)  # its turn may have come at the same moment
            raise
        finally:
            self._waiting.pop(waiting, None)

    def over(self, peer: str) -> None:
        """Note that a peer asks for something else: what it was answered before has left our hands."""
        answer = self._answers.pop(peer, None)
        if answer is not None and answer.unread:
            self._judge(answer, unread=False)
            self._serve()

    def look(self, now: float, stalled: Mapping[str, float | None], left: Collection[str] = ()) -> None:
        """Take note of who reads, and who went away.

        ``stalled`` has every peer, and since when it took nothing of what is on its way to it: None if nothing is. Who
        ``left`` does not wait any longer; what has begun counts on, since it may still be read.
        """
        self._send_away(now, left)
        for peer, answer in tuple(self._answers.items()):
            age, since = now - answer.at, stalled.get(peer)
            if peer not in stalled:
                if age >= _SEEN:
                    del self._answers[peer]
                    self._judge(answer, unread=False)
            elif since is None:
                if age >= _BEGUN or answer.stalled is not None:
                    self._judge(answer, unread=False)
            elif answer.stalled is None:
                answer.stalled = since
                self._judge(answer, unread=True)
            else:
                self._judge(answer, unread=since == answer.stalled or now - since >= _READING)
        self._serve()
        if not self._waiting:
            self.wanted.clear()

    def end(self) -> None:
        """Send away who waits, now and from now on: another server will have more room."""
        self._ended = True
        for waiting in tuple(self._waiting):
            self._refuse(waiting)

    def _fits(self, answer: Answer) -> bool:
        size = answer.size
        return self._of.total() + size <= self._everyone and self._of[answer.client] + size <= self._each

    def _start(self, peer: str, answer: Answer) -> None:
        before = self._answers.get(peer)
        if before is not None:  # who waits may begin behind a later request of the same address and port
            self._judge(before, unread=False)
        self._answers[peer] = answer
        self._judge(answer, unread=True)

    def _judge(self, answer: Answer, *, unread: bool) -> None:
        if answer.unread is unread:
            return
        answer.unread = unread
        self._of[answer.client] += answer.size if unread else -answer.size
        if not self._of[answer.client]:
            del self._of[answer.client]

    def _serve(self) -> None:
        """Let begin what there is room for: first what clients with nothing unread wait for, then who waits longest."""
        if not self._waiting:
            return
        for waiting in sorted(self._waiting, key=lambda one: one.answer.client in self._of):
            if self._fits(waiting.answer) and not waiting.turn.done():
                del self._waiting[waiting]
                waiting.answer.at = asyncio.get_running_loop().time()
                self._start(waiting.peer, waiting.answer)
                waiting.turn.set_result(None)

    def _send_away(self, now: float, left: Collection[str]) -> None:
        for waiting in tuple(self._waiting):
            if waiting.peer in left or now - waiting.answer.at >= self._patience:
                self._refuse(waiting)

    def _refuse(self, waiting: _Waiting) -> None:
        del self._waiting[waiting]
        if not waiting.turn.done():
            waiting.turn.set_exception(TooBusy(_RETRY))
