"""What comes after an early answer is taken in bounds: so many bytes, pieces, seconds and clients."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import repeat

import pytest

from moorage.edge.http.linger import ALL, EACH, LEAST, MOST, NOT_WAITED_FOR, Leftovers, Rest
from moorage.edge.http.patience import WORTH

BLOCK = bytes(WORTH)


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time goes on when it is told to."""

    now = 0.0

    def time(self) -> float:
        return self.now


class Sending:
    """A body whose pieces come every so many seconds; it is looked after meanwhile."""

    def __init__(self, pieces: Iterator[bytes], seconds: float = 0.0) -> None:
        self._pieces, self._seconds = pieces, seconds
        self.taken = 0
        self.ended_at: float | None = None

    def take(self, length: int | None = None) -> int:
        """Take it as a rest, and give the number of its pieces that were taken."""
        with asyncio.Runner(loop_factory=Clock) as runner:
            runner.run(self._take(length))
        return self.taken

    async def _take(self, length: int | None) -> None:
        leftovers, clock = Leftovers(), asyncio.get_running_loop()
        assert isinstance(clock, Clock)
        await leftovers.take(Rest(self._arrive(leftovers, clock), length), "client")
        self.ended_at = clock.now

    async def _arrive(self, leftovers: Leftovers, clock: Clock) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            until = clock.now + self._seconds
            while clock.now < until:
                clock.now = min(clock.now + 0.25, until)
                leftovers.look(clock.now)
                await asyncio.sleep(0)
            self.taken += 1
            yield piece


def test_large_pieces_are_taken_up_to_a_number_of_bytes() -> None:
    assert Sending(repeat(BLOCK)).take() == MOST // WORTH


@pytest.mark.parametrize("piece", [b"", b"x", bytes(LEAST)], ids=["empty", "a byte", "the least"])
def test_small_pieces_count_as_larger_ones(piece: bytes) -> None:
    assert Sending(repeat(piece)).take() == MOST // LEAST


def test_what_was_told_of_is_taken_and_nothing_behind_it() -> None:
    assert Sending(repeat(BLOCK)).take(3 * WORTH) == 3


def test_who_sends_enough_is_heard_for_half_a_minute() -> None:
    sending = Sending(repeat(BLOCK), 4.0)
    assert (sending.take(), sending.ended_at) == (7, 30.0)


@pytest.mark.parametrize(("piece", "ended_at"), [(BLOCK, 30.0), (BLOCK[1:], 5.0)], ids=["64 kB in 5 s", "a byte less"])
def test_who_sends_less_than_is_worth_it_is_not_heard_for_longer(piece: bytes, ended_at: float) -> None:
    sending = Sending(repeat(piece), 4.75)
    sending.take()
    assert sending.ended_at == ended_at


async def nothing() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


LONG = WORTH + 1


async def hold(leftovers: Leftovers, peer: str, length: int | None) -> bool:
    """Begin to take a rest that never comes, if it may be taken."""
    rest = leftovers.admit(Rest(nothing(), length), peer)
    if rest is not NOT_WAITED_FOR:
        _TASKS.add(asyncio.create_task(leftovers.take(rest, peer)))
        await asyncio.sleep(0)
    return rest is not NOT_WAITED_FOR


_TASKS: set[asyncio.Task[None]] = set()


@pytest.mark.parametrize("length", [None, LONG])
def test_one_client_has_only_so_many(length: int | None) -> None:
    async def ask() -> list[bool]:
        leftovers = Leftovers()
        return [await hold(leftovers, "one", length) for _ in range(EACH + 5)] + [
            await hold(leftovers, "other", length)
        ]

    assert asyncio.run(ask()) == [True] * EACH + [False] * 5 + [True]


def test_all_clients_have_only_so_many() -> None:
    async def ask() -> list[bool]:
        leftovers = Leftovers()
        return [await hold(leftovers, f"client {number}", None) for number in range(ALL + 1)]

    assert asyncio.run(ask()) == [True] * ALL + [False]


def test_what_is_soon_over_is_not_counted() -> None:
    async def ask() -> list[bool]:
        leftovers = Leftovers()
        return [await hold(leftovers, "one", WORTH) for _ in range(ALL + 1)]

    assert all(asyncio.run(ask()))


@pytest.mark.parametrize("way", ["ended", "cancelled"])
def test_who_is_gone_leaves_room(way: str) -> None:
    async def ask() -> bool:
        leftovers = Leftovers()
        tasks = [asyncio.create_task(leftovers.take(Rest(nothing(), None), "one")) for _ in range(EACH)]
        await asyncio.sleep(0)
        full = not await hold(leftovers, "one", None)
        for task in tasks:
            if way == "cancelled":
                task.cancel()
        leftovers.look(asyncio.get_running_loop().time() + 60)
        await asyncio.wait(tasks)
        return full and await hold(leftovers, "one", None)

    assert asyncio.run(ask())


@pytest.mark.parametrize("length", [None, 5])
def test_nobody_is_waited_for_when_the_server_is_to_end(length: int | None) -> None:
    async def ask() -> bool:
        leftovers = Leftovers()
        task = asyncio.create_task(leftovers.take(Rest(nothing(), length), "one"))
        await asyncio.sleep(0)
        leftovers.end()
        await task
        return await hold(leftovers, "one", length)

    assert not asyncio.run(ask())
