"""Every statement finds its rows by an index: none walks a whole table, nor a whole repository it does not ask for.

The plans are those of a registry of a million images, since the statistics say that the tables are that large.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from sqlalchemy import Delete, Executable, Insert, Select, Update

from moorage import store
from moorage.store.migrate import migrate
from moorage.store.transaction import compiled

# Statements of the administrator, the housekeeper and the start, which look at whole tables on purpose.
WHOLE = {"totals._COUNT", "accounts._ALL", "uploads._DRAFTS"}
# Those that ask for all rows of a repository, or for the first of them.
OF_REPOSITORY = {
    "blobs._UNLINKED",
    "blobs._UNLINK_ALL",
    "images._ANY",
    "images._DELETE_ALL",
    "images._DIGESTS",
    "referrers._DELETE_ALL",
    "references._DELETE_ALL",
    "repositories._BEYOND",
    "tags._DELETE_ALL",
    "uploads._DELETE_ALL",
}
# What is large in a large registry; other tables hold a row or a few for each repository.
# Those that sort what they found, and why they may; all others read it in the order of an index.
SORTED = {
    "access_keys._OF_USER": "a user has two",
    "attachments._HOLDERS": "the administrator's list of who has a policy, which names entities by another table",
    "entities._BOUNDED": "the same for a permissions boundary: an index by name would be longer for all who have none",
    "members._OF_HOLDER": "the users of a group, by names that stand in another table",
    "members._OF_MEMBER": "the groups of a user, at most ten",
}
LARGE = {"blobs", "contents", "image_references", "images", "links", "manifests", "referrers", "tags", "uploads"}
OWNERS = {"account_id", "region", "repository_id", "key_id"}


def statements() -> Iterator[tuple[str, Executable]]:
    for module in pkgutil.iter_modules(store.__path__):
        if module.name in {"migrate", "migrations"}:
            continue
        loaded = importlib.import_module(f"moorage.store.{module.name}")
        for name, value in vars(loaded).items():
            is_whole = re.fullmatch(r"_[A-Z_]+", name) is not None
            if is_whole and isinstance(value, Select | Update | Delete | Insert):
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


def plan(database: apsw.Connection, name: str) -> list[str]:
    text = compiled(STATEMENTS[name]).text
    rows = database.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?")).fetchall()
    return [str(row[3]) for row in rows]


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - WHOLE))
def test_a_statement_searches_by_an_index(database: apsw.Connection, name: str) -> None:
    walks = [step for step in plan(database, name) if re.match(r"SCAN (?!json_each|anon_|CONSTANT)", step)]
    assert walks == []


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - WHOLE - OF_REPOSITORY))
def test_a_search_in_a_large_table_asks_for_more_than_whose_rows(database: apsw.Connection, name: str) -> None:
    walks = []
    for step in plan(database, name):
        found = re.match(r"SEARCH (\w+) USING [^(]*\((.*)\)", step)
        if found is None:
            continue
        table = {"others": "links"}.get(found[1], found[1])
        if table in LARGE and set(re.findall(r"(\w+)[=<>]", found[2])) <= OWNERS:
            walks.append(step)
    assert walks == []


def sorts(steps: list[str]) -> bool:
    return any("TEMP B-TREE" in step for step in steps)


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - SORTED.keys()))
def test_a_statement_finds_its_rows_in_the_order_it_gives_them_in(database: apsw.Connection, name: str) -> None:
    assert not sorts(plan(database, name))


@pytest.mark.parametrize("name", SORTED)
def test_what_is_said_to_sort_does(database: apsw.Connection, name: str) -> None:
    assert sorts(plan(database, name))


def test_the_statistics_know_every_table_and_index(database: apsw.Connection) -> None:
    schema = "SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' AND name <> 'alembic_version'"
    told = "SELECT * FROM (SELECT tbl FROM sqlite_stat1 UNION SELECT idx FROM sqlite_stat1)"
    assert database.execute(f"{schema} EXCEPT {told}").fetchall() == []
