"""The one executor: statements are SQLAlchemy's as a language, compiled once and run on the raw driver.

``Transaction`` methods are coroutines that never wait: the writer's thread drives a whole unit with ``send(None)``,
and a read runs inline in the event loop, where it costs less than any hop to a thread.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import apsw
from sqlalchemy import Executable, Table, UpdateBase
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import iterate

_DIALECT = sqlite.dialect(paramstyle="qmark")

Row = tuple[Any, ...]  # each statement knows its columns; the function beside it unpacks them into a domain value
Value = str | int | bytes | None
T = TypeVar("T")


class Compiled:
    """A statement's text, the order of its values, and the tables it reads and writes."""

    __slots__ = ("_constants", "_names", "reads", "text", "writes")

    def __init__(self, statement: Executable) -> None:
        compiled: SQLCompiler = statement.compile(dialect=_DIALECT)  # type: ignore[attr-defined]  # every Executable we write is a ClauseElement
        self.text = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        self.reads = frozenset(part.name for part in iterate(statement) if isinstance(part, Table))  # type: ignore[arg-type]  # as above
        self.writes = _written(statement)
        self._constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}

    def bind(self, values: Mapping[str, Value]) -> tuple[Value, ...]:
        if not self._constants:
            return tuple([values[name] for name in self._names])
        return tuple([values[name] if name in values else self._constants[name] for name in self._names])


def _written(statement: Executable) -> str | None:
    """Name the table that a statement changes."""
    table = statement.table if isinstance(statement, UpdateBase) else None
    return table.name if isinstance(table, Table) else None


_compiled: dict[Executable, Compiled] = {}


def compiled(statement: Executable) -> Compiled:
    """Compile a module constant on its first use; constants are few, so this never grows without bound."""
    found = _compiled.get(statement)
    if found is None:
        found = _compiled[statement] = Compiled(statement)
    return found


class Transaction:
    """Runs statements on one connection."""

    __slots__ = ("_connection", "_cursor", "written")

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self.written: set[str] = set()  # tables

    def _rows(self, statement: Executable, values: Mapping[str, Value]) -> list[Row]:
        plan = compiled(statement)
        if plan.writes is not None:
            self.written.add(plan.writes)
        # Everything is fetched: a cursor left half-way would hold its snapshot, and the log could not be checkpointed.
        return self._cursor.execute(plan.text, plan.bind(values)).fetchall()

    async def all(self, statement: Executable, /, **values: Value) -> list[Row]:
        return self._rows(statement, values)

    async def first(self, statement: Executable, /, **values: Value) -> Row | None:
        rows = self._rows(statement, values)
        return rows[0] if rows else None

    async def known(self, statement: Executable, make: Callable[[Row], T], /, **values: Value) -> T | None:
        """Give what ``make`` made of the first row; a transaction that remembers may give what it made before."""
        row = await self.first(statement, **values)
        return None if row is None else make(row)

    async def run(self, statement: Executable, /, **values: Value) -> int:
        """Run a change and return how many rows it touched."""
        self._rows(statement, values)
        return self._connection.changes()


Unit = Callable[[Transaction], Awaitable[T]]


def drive(unit: Unit[T], transaction: Transaction) -> T:
    """Run a unit to its end in this very thread; it may await nothing but its transaction."""
    waiting = unit(transaction).__await__()
    try:
        next(waiting)
    except StopIteration as end:
        result: T = end.value
        return result
    sentence = "a unit of the store awaited something that is not its transaction"
    raise RuntimeError(sentence)
