"""What SQLite is told of the tables' contents, so that it searches by the index that a large registry needs.

Without statistics SQLite takes three leading columns of a primary key to leave eight rows, and would rather walk those
than use another index that finds the one row. Account, region and repository leave a whole repository here, which may
hold a million. Nobody runs ANALYZE: what is written here is the same in each database, and so are the plans.
"""

from collections.abc import Iterator
from typing import Final

import apsw
from sqlalchemy import Column, Index, Table

from moorage.store.schema import TABLES

_ROWS: Final = 1_000_000  # of each table
_SHARED: Final = {"account_id": _ROWS, "region": _ROWS, "key_id": _ROWS, "kind": _ROWS, "repository_id": _ROWS // 10}
_WITHIN: Final = 100  # rows that agree in any other column too, where more columns follow
_LAST: Final = 10  # rows that agree in all columns of an index that is not unique


def write_statistics(connection: apsw.Connection) -> None:
    """Replace the statistics; inside a transaction. Connections opened from then on plan by them."""
    connection.execute("ANALYZE sqlite_schema").fetchall()  # makes the table of statistics, counts nothing
    connection.execute("DELETE FROM sqlite_stat1").fetchall()
    connection.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", list(statistics()))


def statistics() -> Iterator[tuple[str, str, str]]:
    """Give table, index and SQLite's notation: the rows, then how many agree in one column, in two, and so on."""
    for table in TABLES:
        yield table.name, _key_of(table), _told(list(table.primary_key.columns), unique=True)
        for index in sorted(table.indexes, key=lambda each: str(each.name)):
            yield table.name, str(index.name), _told(_columns(index), unique=bool(index.unique))


def _key_of(table: Table) -> str:
    """Name the index of the primary key: the table itself where rows have no number."""
    return f"sqlite_autoindex_{table.name}_1" if table.dialect_options["sqlite"]["with_rowid"] else table.name


def _columns(index: Index) -> list[Column[object]]:
    return [column for column in index.columns if isinstance(column, Column)]


def _told(columns: list[Column[object]], *, unique: bool) -> str:
    counts = [_ROWS]
    for column in columns[:-1]:
        counts.append(min(counts[-1], _SHARED.get(column.name, _WITHIN)))
    counts.append(min(counts[-1], 1 if unique else _SHARED.get(columns[-1].name, _LAST)))
    return " ".join(map(str, counts))
