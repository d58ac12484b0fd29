"""Who is connected: so many at once, so many of one peer, and whoever keeps us waiting makes room for who comes."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Slot:
    """One connection; ``cut`` ends it."""

    peer: str
    cut: Callable[[], None]


class Slots:
    """``most`` connections at once, of which one peer has ``share`` at most."""

    def __init__(self, most: int, share: int) -> None:
        self._most = most
        self._share = share
        self._held: set[Slot] = set()
        self._waiting: dict[Slot, None] = {}  # for its client, whoever has waited longest first

    def take(self, slot: Slot) -> bool:
        """Give a connection a slot, if need be that of one that waits for its client; tell whether there was any."""
        held = Counter(each.peer for each in self._held)
        crowded = held[slot.peer] >= self._share
        if crowded or len(self._held) >= self._most:
            # Holding connections open must not shut others out: least of all those of another peer.
            waiting = [each for each in self._waiting if not crowded or each.peer == slot.peer]
            if not waiting:
                return False
            longest = max(waiting, key=lambda each: held[each.peer])  # the first of those that hold as many
            self.leave(longest)
            longest.cut()
        self._held.add(slot)
        self.wait(slot)
        return True

    def wait(self, slot: Slot) -> None:
        """Note that a connection waits for its client from now on."""
        self._waiting.pop(slot, None)
        if slot in self._held:
            self._waiting[slot] = None

    def work(self, slot: Slot) -> None:
        """Note that it is we who are waited for."""
        self._waiting.pop(slot, None)

    def leave(self, slot: Slot) -> None:
        self._held.discard(slot)
        self._waiting.pop(slot, None)
