"""Which schema a database has, told by the raw driver alone: the supervisor asks at each start and loads no more."""

from pathlib import Path

import apsw

VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012")
NEWEST = VERSIONS[-1]


class SchemaTooNewError(Exception):
    """The database was written by a newer Moorage."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the database has schema {found}, which is newer than this Moorage knows ({NEWEST}): "
            "start the newer Moorage again, or restore the copy that was set aside before the upgrade"
        )


class DatabaseUnreadableError(Exception):
    """The file is no database, or one that is spoilt."""

    def __init__(self, database: Path, reason: str) -> None:
        super().__init__(f"{database} cannot be read as a database ({reason}): restore it from a backup")
        self.database = database


def version_of(database: Path) -> str | None:
    """Give the schema's version, or None where there is none yet.

    Raises:
        DatabaseUnreadableError, SchemaTooNewError

    """
    if not database.exists():
        return None
    try:
        found = _read_version(database)
    except apsw.Error as error:
        raise DatabaseUnreadableError(database, str(error)) from None
    if found is not None and found not in VERSIONS:
        raise SchemaTooNewError(found)
    return found


def _read_version(database: Path) -> str | None:
    connection = apsw.Connection(str(database))
    try:
        kept = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall() if kept else []
    finally:
        connection.close()
    return str(rows[0][0]) if rows else None
