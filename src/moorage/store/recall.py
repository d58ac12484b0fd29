"""What point reads gave, remembered until a table they read is written to and never a moment longer.

Hot reads ask for the same few rows again and again. While none of its tables was written to, by any process, an answer
is the one that SQLite gave before; what may change is never trusted for a time, only for unchanged ``CommitCounts``.
What is remembered is bounded by number and by bytes.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from sqlalchemy import Executable

from moorage.store.commits import CommitCounts
from moorage.store.transaction import Row, Transaction, Value, compiled

_MOST = 8_192
_MOST_BYTES = 16 * 1024 * 1024
_LARGEST = 64 * 1024  # bytes; a larger row costs little beside what is done with it
_NEVER: Final = (-1, None)

T = TypeVar("T")
Make = Callable[[Row], T]


class Recall:
    """Point reads of one process, as of the newest commit."""

    __slots__ = ("_asking", "_bytes", "_counts", "_known", "_slots")

    def __init__(self, asking: Transaction, counts: CommitCounts) -> None:
        self._asking, self._counts = asking, counts
        self._known: dict[tuple[object, ...], tuple[int, object]] = {}
        self._slots: dict[Executable, tuple[int, ...]] = {}
        self._bytes = 0

    async def first(self, statement: Executable, make: Make[T], /, **values: Value) -> T | None:
        """Give what ``make`` made of the first row; the same object again while nothing was changed."""
        slots = self._slots.get(statement)
        if slots is None:
            slots = self._slots[statement] = self._counts.slots(compiled(statement).reads)
        count = self._counts.read(slots)
        key = (statement, *values.values())
        seen, known = self._known.get(key, _NEVER)
        if seen == count:
            return known  # type: ignore[return-value]  # what ``make`` gave for that very statement
        row = await self._asking.first(statement, **values)
        made = None if row is None else make(row)
        if count is not None:
            self._keep(key, count, row, made)
        return made

    def _keep(self, key: tuple[object, ...], count: int, row: Row | None, made: object) -> None:
        size = 0 if row is None else sum(len(value) for value in row if isinstance(value, (bytes, str)))
        if size > _LARGEST:
            self._known.pop(key, None)
            return
        if len(self._known) >= _MOST or self._bytes + size > _MOST_BYTES:
            self._known.clear()
            self._bytes = 0
        self._known[key] = (count, made)
        self._bytes += size
