"""What point reads gave, remembered until a table they read is written to and never a moment longer.

Hot reads ask for the same few rows again and again. While none of its tables was written to, by any process, an answer
is the one that SQLite gave before; what may change is never trusted for a time, only for unchanged ``CommitCounts``.
What is remembered is bounded by number and by bytes.
"""

import json
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import apsw
from sqlalchemy import Executable

from moorage.store.commits import CommitCounts
from moorage.store.transaction import Row, Transaction, Value, compiled

_MOST = 8_192
_MOST_BYTES = 16 * 1024 * 1024
_LARGEST = 64 * 1024  # bytes; a larger row costs little beside what is done with it
_FEWEST = 2  # that are worth asking for together
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
        count = self._count(statement)
        key = (statement, *values.values())
        seen, known = self._known.get(key, _NEVER)
        if seen == count:
            return known  # type: ignore[return-value]  # what ``make`` gave for that very statement
        row = await self._asking.first(statement, **values)
        made = None if row is None else make(row)
        if count is not None:
            self._keep(key, count, row, made)
        return made

    async def fetch(
        self, statement: Executable, together: Executable, make: Make[T], wanted: Sequence[str], /, **values: Value
    ) -> None:
        """Ask at once for what ``statement`` will be asked for each of ``wanted``, its last value.

        ``together`` takes them as ``wanted``, and gives each before the columns of ``statement``. Nothing depends on
        it but how often SQLite is asked: what is not remembered, or not any more, is asked for alone.
        """
        count = self._count(statement)
        known = tuple(values.values())
        missing = [one for one in wanted if self._known.get((statement, *known, one), _NEVER)[0] != count]
        if count is None or len(missing) < _FEWEST:
            return
        for one, *columns in await self._asking.all(together, **values, wanted=json.dumps(missing)):
            row = tuple(columns)
            self._keep((statement, *known, one), count, row, make(row))

    def _count(self, statement: Executable) -> int | None:
        slots = self._slots.get(statement)
        if slots is None:
            slots = self._slots[statement] = self._counts.slots(compiled(statement).reads)
        return self._counts.read(slots)

    def _keep(self, key: tuple[object, ...], count: int, row: Row | None, made: object) -> None:
        size = 0
        for value in row or ():
            if value.__class__ is bytes or value.__class__ is str:
                size += len(value)
        if size > _LARGEST:
            self._known.pop(key, None)
            return
        if len(self._known) >= _MOST or self._bytes + size > _MOST_BYTES:
            self._known.clear()
            self._bytes = 0
        self._known[key] = (count, made)
        self._bytes += size


class RecallingTransaction(Transaction):
    """The writer's transaction, which remembers what no write of its own group may have changed.

    Nobody else commits while its group holds the write lock, so what is remembered holds until the group ends.
    """

    __slots__ = ("_recall",)

    def __init__(self, connection: apsw.Connection, counts: CommitCounts) -> None:
        super().__init__(connection)
        self._recall = Recall(self, counts)

    async def known(self, statement: Executable, make: Make[T], /, **values: Value) -> T | None:
        """Give what ``make`` made of the first row; the same object again while nobody wrote to its tables."""
        if not self.written.isdisjoint(compiled(statement).reads):  # what it wrote is neither counted nor certain yet
            return await super().known(statement, make, **values)
        return await self._recall.first(statement, make, **values)
