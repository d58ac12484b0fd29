"""Every statement finds its rows by an index: none walks a whole table."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from sqlalchemy import Delete, Executable, Select, Update

from moorage import store
from moorage.store.migrate import migrate
from moorage.store.transaction import compiled

# Statements of the administrator, the housekeeper and the start, which look at whole tables on purpose.
WHOLE = {"totals._COUNT", "accounts._ALL", "uploads._DRAFTS"}


def statements() -> Iterator[tuple[str, Executable]]:
    for module in pkgutil.iter_modules(store.__path__):
        if module.name in {"migrate", "migrations"}:
            continue
        loaded = importlib.import_module(f"moorage.store.{module.name}")
        for name, value in vars(loaded).items():
            is_whole = re.fullmatch(r"_[A-Z_]+", name) is not None
            if is_whole and isinstance(value, Select | Update | Delete):
                yield f"{module.name}.{name}", value


STATEMENTS = dict(statements())


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    folder = tmp_path_factory.mktemp("plans")
    path: Path = folder / "db"
    migrate(path, folder / "lock", folder / "backups")
    connection = apsw.Connection(str(path))
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - WHOLE))
def test_a_statement_searches_by_an_index(database: apsw.Connection, name: str) -> None:
    text = compiled(STATEMENTS[name]).text
    rows = database.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?")).fetchall()
    walks = [row[3] for row in rows if re.match(r"SCAN (?!json_each|anon_|CONSTANT)", str(row[3]))]
    assert walks == []
