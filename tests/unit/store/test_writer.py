"""The one writer: what waits together is committed together, and the log does not grow without end."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import apsw
import pytest

from moorage.domain.errors import StorageFull
from moorage.domain.names import AccountId
from moorage.store import accounts, writer
from moorage.store.connect import connect
from moorage.store.sqlite import SqliteStore
from moorage.store.transaction import Transaction
from moorage.store.writer import WriteLock
from support.env import close_env, make_env

HOME = AccountId("111122223333")


@dataclass
class Points:
    """The points that the writer has reached."""

    reached: list[str] = field(default_factory=list)
    failure: BaseException | None = None

    def __call__(self, point: str) -> None:
        self.reached.append(point)
        if self.failure is not None and point == "commit":
            failure, self.failure = self.failure, None
            raise failure


@pytest.fixture
def points() -> Points:
    return Points()


@pytest.fixture
def store(tmp_path: Path, points: Points) -> Iterator[SqliteStore]:
    close_env(make_env(tmp_path))
    store = SqliteStore(tmp_path / "metadata.sqlite3", tmp_path / "metadata.lock", reached=points)
    yield store
    store.close()


async def begin(tx: Transaction) -> bool:
    return await accounts.create(tx, HOME, at=1)


async def bump(tx: Transaction) -> None:
    await accounts.bump(tx, HOME)


def generation(store: SqliteStore) -> int | None:
    return asyncio.run(accounts.find_generation(store.now, HOME))


def test_units_that_wait_together_are_one_commit(store: SqliteStore, points: Points, tmp_path: Path) -> None:
    async def work() -> None:
        await store.write(begin)
        points.reached.clear()
        with WriteLock(tmp_path / "metadata.lock"):  # as another process does that writes
            waiting = [asyncio.ensure_future(store.write(bump)) for _ in range(20)]
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    asyncio.run(work())
    assert (generation(store), points.reached.count("committed") <= 2) == (21, True)


def test_a_unit_alone_is_one_commit(store: SqliteStore, points: Points) -> None:
    asyncio.run(store.write(begin))
    assert points.reached == ["commit", "committed"]


@pytest.mark.parametrize("failure", [apsw.IOError("broken"), OSError("gone")])
def test_a_broken_disk_is_not_taken_for_a_full_one(store: SqliteStore, points: Points, failure: Exception) -> None:
    points.failure = failure
    with pytest.raises(type(failure)):
        asyncio.run(store.write(begin))
    assert generation(store) is None


def test_a_full_disk_is_told(store: SqliteStore, points: Points) -> None:
    points.failure = apsw.FullError("full")
    with pytest.raises(StorageFull):
        asyncio.run(store.write(begin))
    assert generation(store) is None


def test_the_writer_goes_on_after_a_full_disk(store: SqliteStore, points: Points) -> None:
    points.failure = apsw.FullError("full")
    with pytest.raises(StorageFull):
        asyncio.run(store.write(begin))
    asyncio.run(store.write(begin))
    assert generation(store) == 1


def test_whatever_goes_wrong_nobody_waits_for_ever(store: SqliteStore, points: Points) -> None:
    points.failure = ZeroDivisionError("odd")
    with pytest.raises(ZeroDivisionError):
        asyncio.run(store.write(begin))


def test_what_was_written_is_read_by_another_process(store: SqliteStore, tmp_path: Path) -> None:
    asyncio.run(store.write(begin))
    other = connect(tmp_path / "metadata.sqlite3")
    rows = other.execute("SELECT account_id FROM accounts").fetchall()
    other.close()
    assert rows == [(HOME,)]


def log_after(store: SqliteStore, folder: Path, rounds: int) -> int:
    """Write many pages, and give how large the log is then."""

    async def fill(tx: Transaction) -> None:
        for number in range(10):
            account = AccountId(f"{number:012}")
            await accounts.create(tx, account, at=1)
            await accounts.bump(tx, account)

    async def work() -> None:
        for _ in range(rounds):
            await store.write(fill)

    asyncio.run(work())
    return (folder / "metadata.sqlite3-wal").stat().st_size


def test_the_log_is_checkpointed_and_begun_again(store: SqliteStore, tmp_path: Path) -> None:
    with patch.object(writer, "_CHECKPOINT_PAGES", 8):
        assert log_after(store, tmp_path, 60) < 40 * 4_096


def test_without_a_checkpoint_the_log_would_grow(store: SqliteStore, tmp_path: Path) -> None:
    """The test before this one would prove nothing otherwise."""
    assert log_after(store, tmp_path, 60) > 40 * 4_096


def test_a_log_that_a_reader_needs_is_left_alone(store: SqliteStore, tmp_path: Path) -> None:
    reader = connect(tmp_path / "metadata.sqlite3")
    reader.execute("BEGIN").fetchall()
    reader.execute("SELECT count(*) FROM accounts").fetchall()
    with patch.object(writer, "_CHECKPOINT_PAGES", 8):
        log_after(store, tmp_path, 10)
    seen = reader.execute("SELECT count(*) FROM accounts").fetchall()
    reader.close()
    assert seen == [(0,)]
