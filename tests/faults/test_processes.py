"""Several processes commit and checkpoint at once on one database: nothing is lost, nothing is spoilt."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from faults.conftest import TESTS
from faults.counting import ACCOUNT
from moorage.store import accounts
from moorage.store.migrate import migrate
from moorage.store.sqlite import SqliteStore
from support.images import MEBIBYTE

PROCESSES = 4
TIMES = 4000
_SECONDS = 120
_CHECK = "import apsw, sys; print(*apsw.Connection(sys.argv[1]).execute('PRAGMA integrity_check'))"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a database in which one account stands at 1."""
    folder = tmp_path_factory.mktemp("processes")
    migrate(folder / "db", folder / "lock", folder / "backups")
    store = SqliteStore(folder / "db", folder / "lock", reached=lambda _point: None)
    asyncio.run(store.write(lambda tx: accounts.create(tx, ACCOUNT, at=1)))
    store.close()
    return folder / "db"


@pytest.fixture(scope="module")
def log_sizes(database: Path) -> list[int]:
    """Count in all processes at once; returns how large each of them saw the log in the end."""
    command = (sys.executable, "-P", "-m", "faults.counting", database, database.with_name("lock"), str(TIMES))
    running = [
        subprocess.Popen(command, env={"PYTHONPATH": str(TESTS)}, stdout=subprocess.PIPE)  # noqa: S603 - ours
        for _ in range(PROCESSES)
    ]
    return [int(process.communicate(timeout=_SECONDS)[0]) for process in running]


@pytest.mark.usefixtures("log_sizes")
def test_no_write_of_several_processes_is_lost(database: Path) -> None:
    store = SqliteStore(database, database.with_name("lock"), reached=lambda _point: None)
    found = asyncio.run(accounts.find_generation(store.now, ACCOUNT))
    store.close()
    assert found == 1 + PROCESSES * TIMES


@pytest.mark.usefixtures("log_sizes")
def test_checkpoints_of_several_processes_leave_the_database_whole(database: Path) -> None:
    check = (sys.executable, "-P", "-c", _CHECK, database)
    assert subprocess.run(check, capture_output=True, check=True).stdout == b"('ok',)\n"  # noqa: S603 - ours


def test_the_log_stays_small_while_several_processes_write(log_sizes: list[int]) -> None:
    assert max(log_sizes) < MEBIBYTE
