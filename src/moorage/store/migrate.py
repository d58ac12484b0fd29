"""Bring a database to the newest schema: a copy aside first, then every change in one transaction.

Alembic only renders the SQL; the raw driver runs it, so that no second SQLite library ever opens the live file. This
module is loaded by ``moorage migrate`` alone, a child of ``serve`` under the lock of the data folder.
"""

import io
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import apsw
from alembic import command
from alembic.config import Config

from moorage.store.connect import connect
from moorage.store.statistics import write_statistics
from moorage.store.version import NEWEST, version_of
from moorage.store.writer import WriteLock


def migrate(database: Path, lock: Path, backups: Path) -> str | None:
    """Bring ``database`` to the newest schema; gives the version it had before.

    Raises:
        SchemaTooNewError

    """
    with closing(WriteLock(lock)) as held, held:
        before = version_of(database)
        if before == NEWEST:
            return before
        connection = connect(database)
        try:
            if before is not None:
                _copy_aside(connection, backups / f"metadata-before-{NEWEST}-from-{before}.sqlite3")
            _apply(connection, script(before))
        finally:
            connection.close()
    return before


def script(before: str | None) -> str:
    """Render the SQL that leads from schema ``before`` to the newest."""
    output = io.StringIO()
    config = Config(output_buffer=output)
    config.set_main_option("script_location", str(files("moorage.store") / "migrations"))
    command.upgrade(config, f"{before or 'base'}:{NEWEST}", sql=True)
    return output.getvalue()


def _apply(connection: apsw.Connection, statements: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # A statement that returns a row would keep those behind it waiting until the row is fetched.
        connection.execute(statements).fetchall()
        write_statistics(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _copy_aside(connection: apsw.Connection, target: Path) -> None:
    """Copy with SQLite's own backup call: a plain copy of the file would miss what is still in the log."""
    target.parent.mkdir(mode=0o700, exist_ok=True)
    target.unlink(missing_ok=True)
    copy = apsw.Connection(str(target))
    target.chmod(0o600)
    try:
        with copy.backup("main", connection, "main") as backup:
            while not backup.done:
                backup.step(1_000)
    finally:
        copy.close()
