"""What is remembered of point reads holds until somebody writes to what was read, and no longer."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path

import apsw
import pytest
from sqlalchemy import Executable, delete, insert

from moorage.domain.caller import Registry
from moorage.domain.digest import Digest
from moorage.domain.names import AccountId, Tag
from moorage.domain.repository import RepositoryKey
from moorage.store import accounts, blobs, pulls, recall, repositories, standing
from moorage.store.commits import CommitCounts
from moorage.store.images import images
from moorage.store.manifests import manifests
from moorage.store.schema import TABLES
from moorage.store.sqlite import SqliteStore
from moorage.store.standing import Standing
from moorage.store.tags import tags
from moorage.store.transaction import Transaction, compiled
from support.env import HOME, OTHER, REGION, close_env, make_env
from support.layers import digest_of

REGISTRY = Registry(HOME, REGION)
TABLE_NAMES = [table.name for table in TABLES]
KEY = RepositoryKey(HOME, REGION, "i")
DIGESTS = [Digest(digest_of(data)) for data in (b"a", b"b")]
TAG: Mapping[str, str | int] = {
    "account_id": "1",
    "region": "r",
    "repository_id": "i",
    "name": "n",
    "digest": "d",
    "tagged_at": 1,
}
REMEMBERED = {
    "standing": standing._FIND,  # noqa: SLF001  # the statements that are remembered
    "by tag": pulls._BY_TAG,  # noqa: SLF001  # as above
    "by digest": pulls._BY_DIGEST,  # noqa: SLF001  # as above
    "blob": blobs._FIND,  # noqa: SLF001  # as above
    "content": blobs._OPEN,  # noqa: SLF001  # as above
    "repository": repositories._FIND,  # noqa: SLF001  # as above
    "repository is there": repositories._IS_THERE,  # noqa: SLF001  # as above
}


TOGETHER = {
    "tags": (pulls._BY_TAG, pulls._BY_TAGS),  # noqa: SLF001  # as above
    "digests": (pulls._BY_DIGEST, pulls._BY_DIGESTS),  # noqa: SLF001  # as above
}


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
def commits(store: SqliteStore, tmp_path: Path) -> Iterator[CommitCounts]:
    del store  # whose lock file it is
    count = CommitCounts(tmp_path / "metadata.lock", TABLE_NAMES)
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


def test_a_write_to_another_table_changes_nothing(store: SqliteStore) -> None:
    before = look(store)
    asyncio.run(store.write(lambda tx: tx.run(insert(tags), **TAG)))
    assert look(store) is before


def test_nothing_is_remembered_while_a_group_is_committed(store: SqliteStore, commits: CommitCounts) -> None:
    look(store)
    commits.begin()
    assert look(store) is not look(store)


def test_what_a_process_changed_that_died_in_its_commit_is_nowhere_remembered(
    store: SqliteStore, commits: CommitCounts
) -> None:
    before = look(store)
    commits.begin()
    asyncio.run(store.write(lambda tx: tx.run(insert(tags), **TAG)))
    assert (look(store) is before, look(store) is look(store)) == (False, True)


def test_the_counts_only_grow(commits: CommitCounts) -> None:
    slots = commits.slots(("tags", "images"))
    seen = [commits.read(slots)]
    for tables in (("tags",), ("images",), ("tags", "images"), None, ("events",)):
        commits.begin()
        assert commits.read(slots) is None
        commits.end(tables)
        seen.append(commits.read(slots))
    assert seen == [0, 1, 2, 4, 6, 6]


def test_a_unit_that_fails_alone_changes_nothing(store: SqliteStore) -> None:
    async def fail(tx: Transaction) -> None:
        await bump(tx)
        raise ZeroDivisionError

    before = look(store)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(store.write(fail))
    assert (look(store) is before, look(store).caller_generation) == (True, 1)


@pytest.mark.parametrize("statement", REMEMBERED.values(), ids=REMEMBERED)
def test_sqlite_reads_no_other_table_than_is_known(store: SqliteStore, statement: Executable) -> None:
    read: set[str] = set()

    def note(operation: int, table: str | None, *_: object) -> int:
        if operation == apsw.SQLITE_READ and table is not None:
            read.add(table)
        return int(apsw.SQLITE_OK)

    connection = store._connection  # noqa: SLF001  # SQLite itself is asked
    connection.authorizer = note
    connection.execute(f"EXPLAIN {compiled(statement).text}", [None] * len(compiled(statement)._names)).fetchall()  # noqa: SLF001  # a statement of ours
    connection.authorizer = None
    assert read == compiled(statement).reads


def test_no_more_is_remembered_than_there_is_room_for(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "_MOST", 3)
    first = look(store)
    for number in range(5):
        look(store, AccountId(f"{number:012}"))
    assert look(store) is not first


def test_a_large_row_is_not_remembered(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recall, "_LARGEST", -1)
    assert look(store) is not look(store)


@pytest.mark.parametrize(("one", "together"), TOGETHER.values(), ids=TOGETHER)
def test_what_is_asked_together_reads_the_tables_of_what_is_asked_alone(one: Executable, together: Executable) -> None:
    assert compiled(together).reads == compiled(one).reads


def test_what_was_fetched_together_is_not_asked_for_again(store: SqliteStore) -> None:
    asyncio.run(store.write(_images))
    asyncio.run(pulls.fetch(store.recall, KEY, [Tag("v0"), DIGESTS[0], Tag("v1"), Tag("v2"), DIGESTS[1]]))
    asked: list[str] = []

    def note(_cursor: object, text: str, _values: object) -> bool:
        asked.append(text)
        return True

    store._connection.exec_trace = note  # noqa: SLF001  # counts
    wanted: list[Tag | Digest] = [Tag("v0"), Tag("v1"), *DIGESTS]
    found = [asyncio.run(pulls.find(store.recall, KEY, one)) for one in wanted]
    assert [None if pull is None else pull.digest for pull in found] == [*DIGESTS, *DIGESTS]
    assert asked == []
    assert (asyncio.run(pulls.find(store.recall, KEY, Tag("v2"))), len(asked)) == (None, 1)


def test_what_was_fetched_is_forgotten_with_the_next_change(store: SqliteStore) -> None:
    asyncio.run(store.write(_images))
    asyncio.run(pulls.fetch(store.recall, KEY, [Tag("v0"), Tag("v1")]))
    asyncio.run(store.write(lambda tx: tx.run(delete(tags).where(tags.c.name == "v1"))))
    assert asyncio.run(pulls.find(store.recall, KEY, Tag("v1"))) is None


async def _images(tx: Transaction) -> None:
    owner = {"account_id": HOME, "region": REGION}
    for number, digest in enumerate(DIGESTS):
        image: dict[str, str | int | None] = {"digest": digest, "media_type": "m", "size": 1, "pushed_at": 1}
        image |= {"artifact_type": None, "subject": None, "pulled_at": None, "other_form": None}
        await tx.run(insert(images), **owner, repository_id="i", **image)
        await tx.run(insert(manifests), **owner, digest=digest, body=b"{}")
        await tx.run(insert(tags), **owner, repository_id="i", name=f"v{number}", digest=digest, tagged_at=1)
