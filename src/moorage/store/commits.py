"""How often each table was written to: numbers that all processes of a server see without asking SQLite.

They lie in the lock file of the writers, which every process maps into its memory, and only grow. Whoever remembers
what a statement gave may give it again as long as the numbers of all tables that it reads are the same: none of them
was written to in between. The first number is odd from just before a group is committed until just after; while it is
odd nobody remembers anything. A process that dies inside a commit leaves it odd, and the next group then counts for
every table, since nobody knows what the dead one changed.

Only whoever holds the write lock changes them.
"""

import mmap
import os
from collections.abc import Iterable
from pathlib import Path

_SLOTS = 64  # the first one, and one for each table
_SIZE = 8 * _SLOTS


class CommitCounts:
    """The numbers, read without a system call; tables are known by their place in ``tables``."""

    def __init__(self, path: Path, tables: Iterable[str]) -> None:
        self._slots = {name: slot for slot, name in enumerate(tables, start=1)}
        if len(self._slots) >= _SLOTS:
            raise ValueError(len(self._slots))
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(handle).st_size < _SIZE:
                # Written and not only made longer: a page without a place on a full disk would kill whoever sets it.
                os.pwrite(handle, bytes(_SIZE), 0)
            self._map = mmap.mmap(handle, _SIZE)
        finally:
            os.close(handle)
        self._view = memoryview(self._map).cast("Q")

    def slots(self, tables: Iterable[str]) -> tuple[int, ...]:
        return tuple(sorted(self._slots[name] for name in tables))

    def read(self, slots: tuple[int, ...]) -> int | None:
        """Give what changes whenever one of these tables does; None while a group is committed."""
        view = self._view
        if view[0] & 1:
            return None
        total = 0
        for slot in slots:
            total += view[slot]
        return total

    def begin(self) -> bool:
        """Tell that a commit is about to be made; False when another process died in one."""
        clean = not self._view[0] & 1
        self._view[0] |= 1
        return clean

    def end(self, tables: Iterable[str] | None) -> None:
        """Tell that it was made, or given up, and to which tables it wrote; None for who knows which."""
        for slot in self._slots.values() if tables is None else self.slots(tables):
            self._view[slot] += 1
        self._view[0] += 1

    def close(self) -> None:
        self._view.release()
        self._map.close()
