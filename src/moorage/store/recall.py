"""What point reads gave, remembered until the next commit of any process and never a moment longer.

Hot reads ask for the same few rows again and again. While nothing is committed, the answer is the one that SQLite gave
before; what may change is never trusted for a time, only for an unchanged ``CommitCount``. What is remembered is
bounded by number and by bytes.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Executable

from moorage.store.commits import CommitCount
from moorage.store.transaction import Row, Transaction, Value

_MOST = 8_192
_MOST_BYTES = 16 * 1024 * 1024
_LARGEST = 64 * 1024  # bytes; a larger row costs little beside what is done with it
_UNKNOWN: Final = object()

T = TypeVar("T")
Make = Callable[[Row], T]


class Recall:
    """Point reads of one process, as of the newest commit."""

    __slots__ = ("_asking", "_bytes", "_commits", "_count", "_known")

    def __init__(self, asking: Transaction, commits: CommitCount) -> None:
        self._asking, self._commits = asking, commits
        self._known: dict[tuple[object, ...], object] = {}
        self._count, self._bytes = -1, 0

    async def first(self, statement: Executable, make: Make[T], /, **values: Value) -> T | None:
        """Give what ``make`` made of the first row; the same object again while nothing was committed."""
        count = self._commits.read()
        if count != self._count:
            self._forget(count)
        key = (statement, *values.values())
        known = self._known.get(key, _UNKNOWN)
        if known is not _UNKNOWN:
            return known  # type: ignore[return-value]  # what ``make`` gave for that very statement
        row = await self._asking.first(statement, **values)
        made = None if row is None else make(row)
        if not count & 1:
            self._keep(key, row, made)
        return made

    def _keep(self, key: tuple[object, ...], row: Row | None, made: object) -> None:
        size = 0 if row is None else sum(len(value) for value in row if isinstance(value, (bytes, str)))
        if size > _LARGEST:
            return
        if len(self._known) >= _MOST or self._bytes + size > _MOST_BYTES:
            self._forget(self._count)
        self._known[key] = made
        self._bytes += size

    def _forget(self, count: int) -> None:
        self._known.clear()
        self._count, self._bytes = count, 0
