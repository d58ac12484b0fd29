"""Metadata in one SQLite file: reads inline, writes through the process's one writer thread."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from moorage.store.commits import CommitCounts
from moorage.store.connect import connect
from moorage.store.recall import Recall
from moorage.store.schema import TABLES
from moorage.store.transaction import Transaction, Unit, drive
from moorage.store.writer import Writer

T = TypeVar("T")


class SqliteStore:
    """The embedded store; any number of processes share the file."""

    def __init__(self, path: Path, lock: Path, *, reached: Callable[[str], None]) -> None:
        self._connection = connect(path)
        self._now = Transaction(self._connection)
        self._counts = CommitCounts(lock, (table.name for table in TABLES))
        self._recall = Recall(self._now, self._counts)
        self._writer = Writer(lambda: connect(path, cache_kib=16_384), lock, self._counts, reached)

    @property
    def now(self) -> Transaction:
        return self._now

    @property
    def recall(self) -> Recall:
        return self._recall

    async def read(self, unit: Unit[T]) -> T:
        self._connection.execute("BEGIN")
        try:
            return drive(unit, self._now)
        finally:
            self._connection.execute("COMMIT")

    async def write(self, unit: Unit[T]) -> T:
        result: T = await self._writer.write(unit)
        return result

    def close(self) -> None:
        self._writer.close()
        self._connection.close()
        self._counts.close()
