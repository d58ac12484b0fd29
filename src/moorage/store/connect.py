"""Opening the SQLite file, always in the same way."""

from pathlib import Path
from typing import Final

import apsw

_BUSY_MS = 10_000
_MAPPED: Final = 1 << 40  # bytes; SQLite takes the most that it was built for


def connect(path: Path, *, cache_kib: int = 32_768) -> apsw.Connection:
    """Open the database for one thread of one process.

    The log is checkpointed by the writer alone, under the write lock: SQLite before 3.51.3 could corrupt a database
    whose log several processes reset at once, and a checkpoint that nobody asked for would stall a read.
    """
    connection = apsw.Connection(str(path))
    # apsw's build plans with statistics: without QPSG each new binding would prepare the statement again.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.set_busy_timeout(_BUSY_MS)
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "wal_autocheckpoint=0",
        f"cache_size=-{cache_kib}",
        f"mmap_size={_MAPPED}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection
