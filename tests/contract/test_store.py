"""What every metadata store promises; one suite, every back end."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from moorage.domain.errors import RepositoryAlreadyExists
from moorage.domain.names import AccountId
from moorage.store import accounts
from moorage.store.migrate import migrate
from moorage.store.sqlite import SqliteStore
from moorage.store.transaction import Transaction

T = TypeVar("T")
A, B = AccountId("1" * 12), AccountId("2" * 12)


class Stopped(Exception):
    """A unit that fails half-way."""


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteStore]:
    def sqlite() -> SqliteStore:
        migrate(tmp_path / "db", tmp_path / "lock", tmp_path / "backups")
        return SqliteStore(tmp_path / "db", tmp_path / "lock", reached=lambda _: None)

    makers: dict[str, Callable[[], SqliteStore]] = {"sqlite": sqlite}
    made = makers[request.param]()
    yield made
    made.close()


def run(work: Coroutine[object, object, T]) -> T:
    return asyncio.run(work)


async def begin(tx: Transaction) -> bool:
    return await accounts.create(tx, A, at=1)


async def bump(tx: Transaction) -> None:
    await accounts.bump(tx, A)


async def fail(tx: Transaction) -> None:
    await accounts.bump(tx, A)
    raise Stopped


def test_a_write_is_seen_by_the_next_read(store: SqliteStore) -> None:
    async def work() -> int | None:
        await store.write(begin)
        return await accounts.find_generation(store.now, A)

    assert run(work()) == 1


def test_a_unit_that_fails_changes_nothing(store: SqliteStore) -> None:
    async def work() -> int | None:
        await store.write(begin)
        with pytest.raises(Stopped):
            await store.write(fail)
        return await accounts.find_generation(store.now, A)

    assert run(work()) == 1


def test_a_failure_in_a_group_is_its_own(store: SqliteStore) -> None:
    async def work() -> tuple[int, int | None]:
        await store.write(begin)
        units = [fail if number % 3 == 0 else bump for number in range(300)]
        done = await asyncio.gather(*(store.write(unit) for unit in units), return_exceptions=True)
        return sum(isinstance(one, Stopped) for one in done), await accounts.find_generation(store.now, A)

    assert run(work()) == (100, 201)


def test_the_sentence_of_a_fact_reaches_the_caller(store: SqliteStore) -> None:
    async def refuse(_tx: Transaction) -> None:
        raise RepositoryAlreadyExists.__new__(RepositoryAlreadyExists)

    async def work() -> None:
        await store.write(refuse)

    with pytest.raises(RepositoryAlreadyExists):
        run(work())


def test_a_unit_may_await_nothing_but_its_transaction(store: SqliteStore) -> None:
    async def wander(_tx: Transaction) -> None:
        await asyncio.sleep(0)

    async def work() -> None:
        await store.write(wander)

    with pytest.raises(RuntimeError):
        run(work())


def test_a_read_of_several_statements_sees_one_state(store: SqliteStore) -> None:
    async def look(tx: Transaction) -> tuple[int | None, int | None]:
        return await accounts.find_generation(tx, A), await accounts.find_generation(tx, B)

    async def work() -> tuple[int | None, int | None]:
        await store.write(begin)
        return await store.read(look)

    assert run(work()) == (1, None)


def test_a_cancelled_request_does_not_stop_the_writer(store: SqliteStore) -> None:
    async def work() -> int | None:
        await store.write(begin)
        task = asyncio.ensure_future(store.write(bump))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.write(bump)
        return await accounts.find_generation(store.now, A)

    assert run(work()) in {2, 3}
