"""A newer Moorage sets a copy aside and changes the schema whole or not at all; an older one keeps its hands off."""

import asyncio
import shutil
import stat
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import apsw
import pytest

from moorage.domain.names import AccountId
from moorage.store import accounts, version
from moorage.store import migrate as migration
from moorage.store.sqlite import SqliteStore
from moorage.store.version import NEWEST, SchemaTooNewError, version_of
from support.fixtures import StartServer
from support.server import ServerNotReady

ACCOUNT = AccountId("123456789012")
FUTURE = "9999"
CHANGE = 'op.add_column("accounts", sa.Column("colour", sa.Text(), nullable=True))'
BROKEN = f'{CHANGE}; op.execute("INSERT INTO no_such_table VALUES (1)")'  # noqa: S608 - ours
_SCRIPT = """
import sqlalchemy as sa
from alembic import op
revision = "{future}"
down_revision = "{newest}"
def upgrade():
    {change}
"""

Upgrade = Callable[[str], str | None]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    migration.migrate(tmp_path / "db", tmp_path / "lock", tmp_path / "backups")
    return tmp_path / "db"


@pytest.fixture
def store(database: Path) -> Iterator[SqliteStore]:
    """Keep the database open, so that its last change is in the log alone."""
    store = SqliteStore(database, database.with_name("lock"), reached=lambda _point: None)
    asyncio.run(store.write(lambda tx: accounts.create(tx, ACCOUNT, at=1)))
    yield store
    store.close()


@pytest.fixture
def upgrade(database: Path, monkeypatch: pytest.MonkeyPatch) -> Upgrade:
    """Become the next Moorage, whose schema has one more change, and bring the database to it."""
    coming = database.with_name("coming")
    shutil.copytree(str(files("moorage.store") / "migrations"), coming / "migrations")

    def run(change: str) -> str | None:
        script = _SCRIPT.format(future=FUTURE, newest=NEWEST, change=change)
        (coming / "migrations" / "versions" / f"{FUTURE}_next.py").write_text(script, encoding="utf-8")
        with monkeypatch.context() as patch:
            patch.setattr(version, "VERSIONS", (*version.VERSIONS, FUTURE))
            patch.setattr(migration, "NEWEST", FUTURE)
            patch.setattr(migration, "files", lambda _package: coming)
            return migration.migrate(database, database.with_name("lock"), database.with_name("backups"))

    return run


def query(database: Path, statement: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(database))
    try:
        return [tuple(row) for row in connection.execute(statement)]
    finally:
        connection.close()


def copy_of(database: Path) -> Path:
    (copy,) = database.with_name("backups").iterdir()
    return copy


def test_a_first_start_sets_no_copy_aside(database: Path) -> None:
    assert not database.with_name("backups").exists()


def test_an_upgrade_tells_which_schema_there_was(upgrade: Upgrade) -> None:
    assert upgrade(CHANGE) == NEWEST


@pytest.mark.usefixtures("store")
def test_an_upgrade_keeps_what_is_stored(database: Path, upgrade: Upgrade) -> None:
    upgrade(CHANGE)
    assert query(database, "SELECT account_id, colour FROM accounts") == [(ACCOUNT, None)]


@pytest.mark.usefixtures("store")
def test_the_copy_has_the_old_schema(database: Path, upgrade: Upgrade) -> None:
    upgrade(CHANGE)
    assert version_of(copy_of(database)) == NEWEST


@pytest.mark.usefixtures("store")
def test_the_copy_holds_what_was_in_the_log_alone(database: Path, upgrade: Upgrade) -> None:
    upgrade(CHANGE)
    assert query(copy_of(database), "SELECT account_id FROM accounts") == [(ACCOUNT,)]


def test_the_copy_is_for_its_owner_alone(database: Path, upgrade: Upgrade) -> None:
    upgrade(CHANGE)
    assert stat.S_IMODE(copy_of(database).stat().st_mode) == 0o600


@pytest.mark.usefixtures("store")
def test_an_upgrade_that_fails_changes_nothing(database: Path, upgrade: Upgrade) -> None:
    before = query(database, "SELECT sql FROM sqlite_master")
    with pytest.raises(apsw.SQLError):
        upgrade(BROKEN)
    assert (version_of(database), query(database, "SELECT sql FROM sqlite_master")) == (NEWEST, before)


def test_an_upgrade_that_failed_can_be_tried_again(database: Path, upgrade: Upgrade) -> None:
    with pytest.raises(apsw.SQLError):
        upgrade(BROKEN)
    upgrade(CHANGE)
    assert query(database, "SELECT version_num FROM alembic_version") == [(FUTURE,)]


def test_a_newer_schema_is_refused(database: Path, upgrade: Upgrade) -> None:
    upgrade(CHANGE)
    with pytest.raises(SchemaTooNewError, match=FUTURE):
        migration.migrate(database, database.with_name("lock"), database.with_name("backups"))


def test_a_server_does_not_start_on_a_newer_schema(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    query(server.data / "metadata.sqlite3", f"UPDATE alembic_version SET version_num = '{FUTURE}'")  # noqa: S608 - ours
    with pytest.raises(ServerNotReady, match=f"has schema {FUTURE}, which is newer than this Moorage knows"):
        server.restart()
