"""What each hot route costs, counted and not timed: whoever changes a number says why."""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from guards.counting import Cost, counted
from guards.routes import HOT, PAGE
from guards.shop import LARGE, Shop, open_shop
from guards.wire import Wire
from moorage.store.sqlite import SqliteStore

# Reading: who calls and where (one statement), and what is asked for (one more). A write adds its group's commit, and
# opens the lock file that keeps processes in line. A new draft is looked for in two places before it is made.
COSTS: Final[Mapping[str, Cost]] = {
    "/v2/": Cost(reads=1),
    "manifest GET by tag": Cost(reads=2),
    "manifest GET by digest": Cost(reads=2),
    "manifest HEAD": Cost(reads=2),
    "manifest HEAD by digest": Cost(reads=2),
    "blob HEAD": Cost(reads=2),
    "blob GET": Cost(reads=2),
    "large blob HEAD": Cost(reads=2),
    "large blob GET": Cost(reads=2),  # the HTTP server opens the file, once, in a thread of its own
    "large blob GET of a range": Cost(reads=2),
    "tags/list": Cost(reads=3),
    "upload POST": Cost(reads=1),
    "upload PATCH": Cost(reads=2, writes=1, commits=1, hops=1),
    "upload PUT": Cost(reads=3, writes=5, commits=1, hops=1),
    "upload in one POST": Cost(reads=2, writes=4, commits=1, hops=1),
    "large upload PATCH": Cost(reads=4, writes=2, commits=2, opened=4, synced=2, hops=4),
    # The first of its two commits is empty and syncs nothing: that the upload is not small is found out inside it.
    "large upload PUT": Cost(reads=5, writes=4, commits=2, opened=2, synced=1, renamed=1, hops=3),
    "large upload in one POST": Cost(reads=2, writes=3, commits=1, opened=4, synced=2, renamed=1, removed=1, hops=4),
    "manifest PUT": Cost(reads=4, writes=6, commits=1, hops=1),
    "manifest PUT of 5,000 layers": Cost(reads=4, writes=6, commits=1, hops=2),  # the second: it is read in a thread
    "manifest PUT again": Cost(reads=4, commits=1, hops=1),
    "GetAuthorizationToken": Cost(reads=2),
    "BatchGetImage of one": Cost(reads=3),
    "BatchGetImage of ten": Cost(reads=3),
    "BatchGetImage of 100": Cost(reads=12),
    "DescribeImages, a page": Cost(reads=5),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        asyncio.run(fill_a_page(opened))
        yield opened


async def fill_a_page(shop: Shop) -> None:
    """Push as many images as a page holds: a page that isn't full takes one more look for what is left."""
    for _ in range(PAGE):
        assert (await shop.put(await HOT["manifest PUT"](shop))).status == 201


# What is asked for again while nobody wrote to its tables takes no statement at all.
AGAIN: Final[Mapping[str, Cost]] = {
    "/v2/": Cost(),
    "manifest GET by tag": Cost(),
    "manifest GET by digest": Cost(),
    "manifest HEAD": Cost(),
    "manifest HEAD by digest": Cost(),
    "blob HEAD": Cost(),
    "blob GET": Cost(),
    "large blob HEAD": Cost(),
    "large blob GET": Cost(),
    "large blob GET of a range": Cost(),
    "tags/list": Cost(reads=2),
    "upload PATCH": Cost(writes=1, commits=1, hops=1),
    "upload PUT": Cost(reads=1, writes=5, commits=1, hops=1),
    "upload in one POST": Cost(writes=4, commits=1, hops=1),
    "manifest PUT": Cost(reads=2, writes=6, commits=1, hops=1),
    "manifest PUT again": Cost(reads=2, commits=1, hops=1),
    "GetAuthorizationToken": Cost(),
    "BatchGetImage of one": Cost(),
    "DescribeImages, a page": Cost(reads=3),
}


def count_everything(shop: Shop) -> None:
    """Pretend that somebody wrote to every table."""
    assert isinstance(shop.env.store, SqliteStore)
    counts = shop.env.store._counts  # noqa: SLF001  # nobody else counts without a write
    counts.begin()
    counts.end(None)


def cost_of(shop: Shop, route: str, *, after_writes: bool = True) -> Cost:
    """Count the last of three requests: those before fill what is remembered, the first the registry."""

    async def again() -> Cost:
        for _ in range(2):
            assert (await shop.put(await HOT[route](shop))).status in range(200, 300)
        posed = await HOT[route](shop)
        if after_writes:
            count_everything(shop)
        with counted(shop.env.store) as tally:
            await shop.put(posed)
        return tally.cost

    return asyncio.run(again())


@pytest.mark.parametrize("route", HOT)
def test_a_hot_route_costs_what_it_did(shop: Shop, route: str) -> None:
    assert cost_of(shop, route) == COSTS[route]


@pytest.mark.parametrize(
    ("route", "status", "stretch"), [("large blob GET", 200, None), ("large blob GET of a range", 206, (1000, 91_000))]
)
def test_a_large_blob_is_handed_over_as_a_file(
    shop: Shop, route: str, status: int, stretch: tuple[int, int] | None
) -> None:
    async def ask() -> Wire:
        return await shop.put(await HOT[route](shop))

    wire = asyncio.run(ask())
    assert (wire.status, wire.answer, wire.stretch) == (status, b"", stretch)
    assert Path(wire.file).read_bytes() == LARGE


@pytest.mark.parametrize("route", AGAIN)
def test_what_is_asked_for_again_costs_less(shop: Shop, route: str) -> None:
    assert cost_of(shop, route, after_writes=False) == AGAIN[route]
