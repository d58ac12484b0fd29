"""What is remembered of point reads holds until anybody commits, and no longer."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.domain.caller import Registry
from moorage.domain.names import AccountId
from moorage.store import accounts, recall, standing
from moorage.store.commits import CommitCount
from moorage.store.sqlite import SqliteStore
from moorage.store.standing import Standing
from moorage.store.transaction import Transaction
from support.env import HOME, OTHER, REGION, close_env, make_env

REGISTRY = Registry(HOME, REGION)


def open_store(folder: Path) -> SqliteStore:
    return SqliteStore(folder / "metadata.sqlite3", folder / "metadata.lock", reached=lambda _: None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    close_env(make_env(tmp_path))
    opened = open_store(tmp_path)
    asyncio.run(opened.write(lambda tx: accounts.create(tx, HOME, at=1)))
    yield opened
    opened.close()


@pytest.fixture
def commits(store: SqliteStore, tmp_path: Path) -> Iterator[CommitCount]:
    del store  # whose lock file it is
    count = CommitCount(tmp_path / "metadata.lock")
    yield count
    count.close()


async def bump(tx: Transaction) -> None:
    await accounts.bump(tx, HOME)


def look(store: SqliteStore, account: AccountId = HOME) -> Standing:
    return asyncio.run(standing.find(store.recall, account, REGISTRY, "app"))


def test_the_same_answer_is_given_while_nothing_is_committed(store: SqliteStore) -> None:
    assert look(store) is look(store)


def test_a_change_is_seen_by_the_next_look(store: SqliteStore) -> None:
    before = look(store)
    asyncio.run(store.write(bump))
    assert (before.caller_generation, look(store).caller_generation) == (1, 2)


def test_a_change_of_another_process_is_seen_by_the_next_look(store: SqliteStore, tmp_path: Path) -> None:
    before, other = look(store), open_store(tmp_path)
    asyncio.run(other.write(bump))
    after = look(store)
    other.close()
    assert (before.caller_generation, after.caller_generation) == (1, 2)


def test_what_was_not_there_is_found_once_it_is(store: SqliteStore) -> None:
    before = look(store, OTHER)
    asyncio.run(store.write(lambda tx: accounts.create(tx, OTHER, at=1)))
    assert (before.caller_generation, look(store, OTHER).caller_generation) == (None, 1)


def test_nothing_is_remembered_while_a_group_is_committed(store: SqliteStore, commits: CommitCount) -> None:
    commits.begin()
    assert look(store) is not look(store)


def test_a_process_that_died_in_a_commit_is_set_right_by_the_next_group(
    store: SqliteStore, commits: CommitCount
) -> None:
    commits.begin()
    asyncio.run(store.write(bump))
    assert (commits.read() % 2, look(store) is look(store)) == (0, True)


def test_the_count_only_grows(commits: CommitCount) -> None:
    seen = [commits.read()]
    for step in (commits.begin, commits.end, commits.end, commits.begin, commits.begin, commits.end):
        step()
        seen.append(commits.read())
    assert seen == sorted(seen)
    assert seen[-1] % 2 == 0


def test_no_more_is_remembered_than_there_is_room_for(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "_MOST", 3)
    first = look(store)
    for number in range(5):
        look(store, AccountId(f"{number:012}"))
    assert look(store) is not first


def test_a_large_row_is_not_remembered(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "_LARGEST", -1)
    assert look(store) is not look(store)
