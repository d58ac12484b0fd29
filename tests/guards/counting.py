"""Counting what a piece of work costs in things that take no clock: statements, files, syncs, hops."""

import builtins
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import apsw

from moorage.store.port import Store
from moorage.store.sqlite import SqliteStore
from moorage.store.writer import Writer

_CONTROL: Final = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
_FILES: Final = {
    "open": "opened",
    "fsync": "synced",
    "fdatasync": "synced",
    "rename": "renamed",
    "replace": "renamed",
    "unlink": "removed",
    "remove": "removed",
}


class Cost(NamedTuple):
    """What a route takes: statements that look and that write, commits (SQLite syncs once in each), files, hops."""

    reads: int = 0
    writes: int = 0
    commits: int = 0
    opened: int = 0
    synced: int = 0
    renamed: int = 0
    removed: int = 0
    hops: int = 0  # to another thread and back


class Tally:
    """What has been counted so far."""

    def __init__(self, writing: apsw.Connection) -> None:
        self._writing = writing
        self._seen: Counter[str] = Counter()

    @property
    def cost(self) -> Cost:
        return Cost(**self._seen)

    def note(self, what: str) -> None:
        self._seen[what] += 1

    def statement(self, cursor: apsw.Cursor, text: str, _values: object) -> bool:
        if text == "COMMIT":  # one that ends a mere look at a snapshot syncs nothing
            self._seen["commits"] += cursor.connection is self._writing
        elif not text.startswith(_CONTROL):
            self._seen["reads" if text.startswith("SELECT") else "writes"] += 1
        return True


@contextmanager
def counted(store: Store) -> Iterator[Tally]:
    """Count everything that happens in this process inside the block."""
    assert isinstance(store, SqliteStore)
    connections = (store._connection, store._writer._connection)  # noqa: SLF001  # nobody else looks at them
    tally = Tally(connections[1])
    with ExitStack() as stack:
        for connection in connections:
            connection.exec_trace = tally.statement
            stack.callback(_forget, connection)
        for name, what in _FILES.items():
            stack.enter_context(patch.object(os, name, _noted(tally, what, getattr(os, name))))
        for module in (builtins, io):  # pathlib takes the second
            stack.enter_context(patch.object(module, "open", _noted(tally, "opened", module.open, unless=_is_open)))
        for owner, name in ((ThreadPoolExecutor, "submit"), (Writer, "write")):
            stack.enter_context(patch.object(owner, name, _noted(tally, "hops", getattr(owner, name))))
        yield tally


def _forget(connection: apsw.Connection) -> None:
    connection.exec_trace = None


def _is_open(*given: object, **_named: object) -> bool:
    """Tell whether what is to be opened is a descriptor: that is, no file more."""
    return bool(given) and isinstance(given[0], int)


def _noted(
    tally: Tally, what: str, real: Callable[..., Any], *, unless: Callable[..., bool] = lambda *_, **_named: False
) -> Callable[..., Any]:
    def call(*given: object, **named: object) -> Any:  # noqa: ANN401  # it stands in for any function
        if not unless(*given, **named):
            tally.note(what)
        return real(*given, **named)

    return call
