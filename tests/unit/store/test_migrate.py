"""The schema of a database: told by its version, made anew, brought forward with a copy aside, never taken back."""

from pathlib import Path

import apsw
import pytest

from moorage.store import migrate as migrations
from moorage.store import version
from moorage.store.migrate import migrate, script
from moorage.store.version import NEWEST, SchemaTooNewError, version_of

FUTURE = "9000"


def run(folder: Path) -> str | None:
    return migrate(folder / "db", folder / "lock", folder / "backups")


def execute(database: Path, statement: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(database))
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a database of this version, and a Moorage that knows a later one which adds a table."""
    run(tmp_path)
    execute(tmp_path / "db", "INSERT INTO accounts (account_id, created_at) VALUES ('111122223333', 1)")
    for module in (version, migrations):
        monkeypatch.setattr(module, "NEWEST", FUTURE)
    monkeypatch.setattr(version, "VERSIONS", (NEWEST, FUTURE))
    forward = f"CREATE TABLE berths (n INTEGER); UPDATE alembic_version SET version_num = '{FUTURE}';"  # noqa: S608 - ours
    monkeypatch.setattr(migrations, "script", lambda _before: forward)
    return tmp_path


def test_where_there_is_no_database_there_is_no_version(tmp_path: Path) -> None:
    assert version_of(tmp_path / "db") is None


def test_asking_for_the_version_makes_no_database(tmp_path: Path) -> None:
    version_of(tmp_path / "db")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "db").touch()
    assert version_of(tmp_path / "db") is None


def test_a_fresh_database_gets_the_newest_schema(tmp_path: Path) -> None:
    assert (run(tmp_path), version_of(tmp_path / "db")) == (None, NEWEST)


def test_of_a_fresh_database_no_copy_is_set_aside(tmp_path: Path) -> None:
    run(tmp_path)
    assert not (tmp_path / "backups").exists()


def test_a_database_of_the_newest_schema_is_left_alone(tmp_path: Path) -> None:
    run(tmp_path)
    before = (tmp_path / "db").read_bytes()
    assert (run(tmp_path), (tmp_path / "db").read_bytes() == before) == (NEWEST, True)


def test_an_older_database_is_brought_forward(newer: Path) -> None:
    assert (run(newer), version_of(newer / "db")) == (NEWEST, FUTURE)


def test_what_an_older_database_held_is_kept(newer: Path) -> None:
    run(newer)
    assert execute(newer / "db", "SELECT account_id FROM accounts") == [("111122223333",)]


def test_a_copy_of_an_older_database_is_set_aside(newer: Path) -> None:
    run(newer)
    (copy,) = (newer / "backups").iterdir()
    assert execute(copy, "SELECT version_num, account_id FROM alembic_version, accounts") == [(NEWEST, "111122223333")]


def test_the_copy_is_for_its_owner_alone(newer: Path) -> None:
    run(newer)
    (copy,) = (newer / "backups").iterdir()
    assert (copy.stat().st_mode & 0o777, copy.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_change_that_fails_leaves_the_older_database(newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "script", lambda _before: "CREATE TABLE berths (n INTEGER); nonsense;")
    with pytest.raises(apsw.SQLError):
        run(newer)
    assert execute(newer / "db", "SELECT name FROM sqlite_master WHERE name = 'berths'") == []


def test_a_database_of_a_newer_moorage_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    execute(tmp_path / "db", "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNewError, match=r"schema 9999, which is newer than this Moorage knows"):
        run(tmp_path)


def test_a_statement_that_returns_rows_does_not_end_the_script(newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "INSERT INTO accounts (account_id, created_at) VALUES ('1', 1) RETURNING 1; CREATE TABLE berths (n INTEGER);"
    )
    monkeypatch.setattr(migrations, "script", lambda _before: script)
    run(newer)
    assert execute(newer / "db", "SELECT name FROM sqlite_master WHERE name = 'berths'") == [("berths",)]


def test_a_script_from_the_newest_schema_changes_nothing() -> None:
    assert not script(NEWEST).strip()
