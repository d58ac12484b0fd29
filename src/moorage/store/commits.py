"""How often metadata was committed: a number that all processes of a server see without asking SQLite.

It lies in the lock file of the writers, which every process maps into its memory. It is odd from just before a group
is committed until just after, and even otherwise; it only grows. Whoever remembers what a statement gave while the
number was even may give it again as long as the number is still the same: nothing at all was committed in between. A
process that dies inside a commit leaves it odd, and nobody remembers anything until the next group sets it right.

Only whoever holds the write lock changes it.
"""

import mmap
import os
from pathlib import Path

_SIZE = 8


class CommitCount:
    """The number, read without a system call."""

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(handle).st_size < _SIZE:
                # Written and not only made longer: a page without a place on a full disk would kill whoever sets it.
                os.pwrite(handle, bytes(_SIZE), 0)
            self._map = mmap.mmap(handle, _SIZE)
        finally:
            os.close(handle)
        self._view = memoryview(self._map).cast("Q")

    def read(self) -> int:
        return self._view[0]

    def begin(self) -> None:
        """Tell that a commit is about to be made."""
        self._view[0] |= 1

    def end(self) -> None:
        """Tell that it was made, or given up."""
        self._view[0] = (self._view[0] | 1) + 1

    def close(self) -> None:
        self._view.release()
        self._map.close()
