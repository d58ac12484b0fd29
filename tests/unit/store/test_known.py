"""What the writer remembers of its own reads is what the database holds, whoever wrote to it last."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.domain.caller import Registry
from moorage.domain.names import RepositoryName
from moorage.domain.repository import MutabilityRule, Repository, RepositoryKey, TagMutability
from moorage.store import repositories
from moorage.store.sqlite import SqliteStore
from moorage.store.transaction import Transaction
from support.env import HOME, REGION, close_env, make_env

REGISTRY = Registry(HOME, REGION)
MADE = Repository(
    account=HOME,
    region=REGION,
    id="r1",
    name=RepositoryName("app"),
    created_at=1,
    rule=MutabilityRule(),
    scan_on_push=False,
)
KEY = RepositoryKey(HOME, REGION, "r1")
FIXED = MutabilityRule(TagMutability.IMMUTABLE)


def open_store(folder: Path) -> SqliteStore:
    return SqliteStore(folder / "metadata.sqlite3", folder / "metadata.lock", reached=lambda _: None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    close_env(make_env(tmp_path))
    opened = open_store(tmp_path)
    asyncio.run(opened.write(lambda tx: repositories.create(tx, MADE)))
    yield opened
    opened.close()


async def find(tx: Transaction) -> Repository | None:
    return await repositories.find(tx, REGISTRY, "r1")


async def fix(tx: Transaction) -> Repository | None:
    await repositories.set_rule(tx, MADE, FIXED)
    return await find(tx)


async def delete(tx: Transaction) -> bool:
    await repositories.delete_repository(tx, MADE)
    return await repositories.is_there(tx, KEY)


def found(store: SqliteStore) -> Repository | None:
    return asyncio.run(store.write(find))


def test_a_write_is_given_what_an_earlier_one_read(store: SqliteStore) -> None:
    assert found(store) is found(store)


def test_a_read_outside_of_the_writer_remembers_nothing(store: SqliteStore) -> None:
    assert asyncio.run(store.read(find)) is not asyncio.run(store.read(find))


def test_a_unit_sees_what_it_wrote_itself(store: SqliteStore) -> None:
    assert found(store) == MADE
    assert asyncio.run(store.write(fix)) == replace(MADE, rule=FIXED)
    assert found(store) == replace(MADE, rule=FIXED)


def test_what_a_failed_unit_wrote_is_not_remembered(store: SqliteStore) -> None:
    async def fail(tx: Transaction) -> None:
        assert await fix(tx) == replace(MADE, rule=FIXED)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(store.write(fail))
    assert found(store) == MADE


def test_a_unit_sees_what_another_one_of_its_group_wrote(store: SqliteStore) -> None:
    async def fail(tx: Transaction) -> None:
        await delete(tx)
        raise ZeroDivisionError

    async def group() -> list[object]:
        units = (find, fix, fail, find, delete, find)
        return list(await asyncio.gather(*(store.write(unit) for unit in units), return_exceptions=True))

    before, fixed, failed, after, there, gone = asyncio.run(group())
    assert (before, fixed, after) == (MADE, replace(MADE, rule=FIXED), replace(MADE, rule=FIXED))
    assert (type(failed), there, gone) == (ZeroDivisionError, False, None)


def test_what_another_process_wrote_is_seen(store: SqliteStore, tmp_path: Path) -> None:
    other = open_store(tmp_path)
    try:
        assert found(store) == found(other) == MADE
        asyncio.run(other.write(fix))
        assert found(store) == replace(MADE, rule=FIXED)
        asyncio.run(store.write(delete))
        assert (found(other), found(store)) == (None, None)
    finally:
        other.close()


def test_whether_a_repository_is_there_is_seen_after_it_was_made_and_deleted(store: SqliteStore) -> None:
    async def is_there(tx: Transaction) -> bool:
        return await repositories.is_there(tx, KEY)

    seen = [asyncio.run(store.write(is_there))]
    asyncio.run(store.write(delete))
    seen.append(asyncio.run(store.write(is_there)))
    asyncio.run(store.write(lambda tx: repositories.create(tx, MADE)))
    assert [*seen, asyncio.run(store.write(is_there))] == [True, False, True]
