"""Bodies: bounded, paced, never taken for whole when they were cut short, and of large ones only a few at once."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

import pytest

from moorage.domain.errors import BodyTooLarge, BodyTooSlow, MalformedRequest, TooBusy
from moorage.edge.http.body import Bodies, BodyReader, read_pieces
from moorage.edge.http.pace import Pace
from moorage.edge.http.patience import WORTH, Patience
from moorage.edge.http.room import FREE, Room, Sender
from unit.edge.http.wire import CUT, WHOLE, Arrived


def pieces_of(transport: Arrived, declared: int | None, *, judged: bool = False) -> list[bytes]:
    async def collect() -> list[bytes]:
        return [piece async for piece in read_pieces(aiter(transport), declared, Pace(0), judged=judged)]

    return asyncio.run(collect())


def body_of(pieces: Sequence[bytes], declared: int | None, limit: int) -> bytes:
    return asyncio.run(BodyReader(Bodies()).read(Arrived(pieces=pieces), declared, limit))


@pytest.mark.parametrize("declared", [5, None])
def test_a_whole_body_is_given_in_its_pieces(declared: int | None) -> None:
    assert pieces_of(Arrived(pieces=(b"ab", b"cde", *WHOLE)), declared) == [b"ab", b"cde"]


def test_the_end_of_a_body_whose_length_was_told_is_not_waited_for() -> None:
    arrived = Arrived(pieces=(b"ab", b"cde", *CUT))
    assert pieces_of(arrived, 5) == [b"ab", b"cde"]


@pytest.mark.parametrize(
    ("pieces", "declared"),
    [
        ((b"ab", *CUT), None),
        (CUT, 0),
        ((b"ab", *WHOLE), 5),
        ((b"abcdef", *WHOLE), 5),
        (WHOLE, 1),
    ],
)
def test_a_body_that_was_cut_short_is_told_at_its_end(pieces: Sequence[bytes], declared: int | None) -> None:
    with pytest.raises(MalformedRequest, match="cut short"):
        pieces_of(Arrived(pieces=pieces), declared)


def test_bytes_that_somebody_judges_may_have_trailers_behind_them() -> None:
    assert pieces_of(Arrived(pieces=(b"ab", *CUT)), None, judged=True) == [b"ab"]


def test_bytes_that_somebody_judges_are_as_many_as_was_told() -> None:
    with pytest.raises(MalformedRequest, match="cut short"):
        pieces_of(Arrived(pieces=(b"ab", *CUT)), 5, judged=True)


def test_what_came_before_the_cut_was_given_already() -> None:
    seen: list[bytes] = []

    async def collect() -> None:
        async for piece in read_pieces(aiter(Arrived(pieces=(b"ab", *CUT))), None, Pace(0)):
            seen.append(piece)  # noqa: PERF401 - a comprehension would keep nothing of a body that breaks off

    with pytest.raises(MalformedRequest):
        asyncio.run(collect())
    assert seen == [b"ab"]


@pytest.mark.parametrize("pieces", [WHOLE, (b"one", *WHOLE), (b"one", b"two", *WHOLE)])
def test_a_body_is_read_whole(pieces: Sequence[bytes]) -> None:
    assert body_of(pieces, None, 10) == b"".join(pieces)


def test_a_body_may_be_as_large_as_the_limit() -> None:
    assert body_of((b"12345", *WHOLE), 5, 5) == b"12345"


@pytest.mark.parametrize("declared", [6, None])
def test_a_body_beyond_the_limit_is_refused(declared: int | None) -> None:
    with pytest.raises(BodyTooLarge):
        body_of((b"123", b"456", *WHOLE), declared, 5)


def test_a_body_that_says_it_is_too_large_is_refused_unread() -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError
        yield b""

    with pytest.raises(BodyTooLarge):
        asyncio.run(BodyReader(Bodies()).read(never(), 6, 5))


SIZE = FREE + 1
PLACES = 4


def crowded(peer: str = "10.0.0.1") -> tuple[Bodies, Sender]:
    """Give bodies that have room for four of ``SIZE``, so for two from one place."""
    return Bodies(room=Room(PLACES * SIZE)), Sender(peer)


class Stuck:
    """Large bodies that stay on their way until they are let go, each from a place of its own."""

    def __init__(self, bodies: Bodies, count: int = PLACES) -> None:
        self._go = asyncio.Event()
        self.readers = [BodyReader(bodies) for _ in range(count)]
        self.reading = [
            asyncio.ensure_future(reader.read(self._pieces(), None, SIZE, Sender(f"10.0.1.{number}")))
            for number, reader in enumerate(self.readers)
        ]

    async def _pieces(self) -> AsyncIterator[bytes]:
        await self._go.wait()
        yield b"large"
        yield b""

    async def let_go(self) -> list[bytes]:
        self._go.set()
        return await asyncio.gather(*self.reading)


async def answered(bodies: Bodies, transport: AsyncIterable[bytes], sender: Sender) -> bytes:
    """Read a large body as a request does that is answered in the end."""
    reader = BodyReader(bodies)
    try:
        return await reader.read(transport, None, SIZE, sender)
    finally:
        reader.close()


async def settle() -> None:
    """Let everything that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def now() -> float:
    return asyncio.get_running_loop().time()


def small() -> Arrived:
    return Arrived(pieces=(b"x", *WHOLE))


def test_one_large_body_too_many_waits_and_is_told_to_come_back() -> None:
    async def work() -> None:
        bodies, sender = crowded()
        stuck = Stuck(bodies)
        await settle()
        more = asyncio.ensure_future(answered(bodies, small(), sender))
        await settle()
        bodies.room.look(now() + 60)
        with pytest.raises(TooBusy):
            await more
        await stuck.let_go()

    asyncio.run(work())


def test_who_waits_gets_the_room_that_is_given_back() -> None:
    async def work() -> bytes:
        bodies, sender = crowded()
        stuck = Stuck(bodies)
        await settle()
        more = asyncio.ensure_future(answered(bodies, small(), sender))
        await stuck.let_go()
        stuck.readers[0].close()
        return await more

    assert asyncio.run(work()) == b"x"


@pytest.mark.parametrize(("declared", "limit"), [(1, SIZE), (None, FREE)])
def test_small_bodies_do_not_wait_for_large_ones(declared: int | None, limit: int) -> None:
    async def work() -> bytes:
        bodies, sender = crowded()
        stuck = Stuck(bodies)
        await settle()
        read = await BodyReader(bodies).read(small(), declared, limit, sender)
        await stuck.let_go()
        return read

    assert asyncio.run(work()) == b"x"


def test_a_large_body_keeps_its_room_until_it_is_answered() -> None:
    async def work() -> bool:
        bodies, sender = crowded()
        stuck = Stuck(bodies)
        await stuck.let_go()
        more = asyncio.ensure_future(answered(bodies, small(), sender))
        await settle()
        waited = not more.done()
        stuck.readers[0].close()
        await more
        return waited

    assert asyncio.run(work())


def test_one_place_has_no_more_than_half_of_the_room() -> None:
    async def work() -> list[bool]:
        bodies, sender = crowded()
        mine = [asyncio.ensure_future(BodyReader(bodies).read(small(), None, SIZE, sender)) for _ in range(PLACES)]
        await settle()
        other = await answered(bodies, small(), Sender("10.0.0.2"))
        had = [task.done() for task in mine] + [other == b"x"]
        for task in mine:
            task.cancel()
        return had

    assert asyncio.run(work()) == [True, True, False, False, True]


def test_a_large_body_makes_room_when_it_failed() -> None:
    async def work() -> bytes:
        bodies, sender = crowded()
        for _ in range(PLACES + 1):
            with pytest.raises(MalformedRequest):
                await answered(bodies, Arrived(pieces=CUT), sender)
        return await answered(bodies, small(), sender)

    assert asyncio.run(work()) == b"x"


def test_who_waits_takes_the_room_of_one_that_is_slow() -> None:
    async def work() -> tuple[bytes, int]:
        bodies, sender = crowded()
        stuck = Stuck(bodies)
        await settle()
        more = asyncio.ensure_future(answered(bodies, small(), sender))
        await settle()
        bodies.room.look(now() + 6)
        await settle()
        ended = [task.exception() for task in stuck.reading if task.done()]
        for reader in stuck.readers:
            reader.close()
        for task in stuck.reading:
            task.cancel()
        return await more, sum(isinstance(each, BodyTooSlow) for each in ended)

    assert asyncio.run(work()) == (b"x", 1)


def test_a_body_that_stops_is_not_waited_for() -> None:
    async def work() -> None:
        bodies = Bodies(Patience(body=5))
        reading = asyncio.ensure_future(BodyReader(bodies).read(never(), 10, 10))
        await settle()
        bodies.look(now() + 4)
        await settle()
        assert not reading.done()
        bodies.look(now() + 6)
        with pytest.raises(BodyTooSlow):
            await reading

    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    asyncio.run(work())


@pytest.mark.parametrize(("size", "goes_on"), [(WORTH, True), (WORTH - 1, False)])
def test_a_body_is_waited_for_while_it_brings_what_is_worth_the_wait(size: int, *, goes_on: bool) -> None:
    async def work() -> bool:
        bodies = Bodies(Patience(body=5))
        reading = asyncio.ensure_future(BodyReader(bodies).read(some(), None, 2 * WORTH))
        await settle()
        bodies.look(now() + 6)
        await settle()
        going = not reading.done()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return going

    async def some() -> AsyncIterator[bytes]:
        yield bytes(size)
        await asyncio.Event().wait()

    assert asyncio.run(work()) == goes_on


class TestForgeries:
    """Who sends large bodies that nobody signed waits before the next one is read."""

    @staticmethod
    async def forge(bodies: Bodies, sender: Sender) -> None:
        reader = BodyReader(bodies)
        await reader.read(small(), None, SIZE, sender)
        reader.blame(sender)
        reader.close()

    def test_the_next_large_body_from_there_is_not_read(self) -> None:
        async def work() -> None:
            bodies, sender = crowded()
            await self.forge(bodies, sender)
            with pytest.raises(TooBusy):
                await answered(bodies, small(), sender)

        asyncio.run(work())

    @pytest.mark.parametrize("other", [Sender("10.0.0.2"), Sender("10.0.0.1", proven=True)])
    def test_nobody_else_suffers(self, other: Sender) -> None:
        async def work() -> bytes:
            bodies, sender = crowded()
            await self.forge(bodies, sender)
            return await answered(bodies, small(), other)

        assert asyncio.run(work()) == b"x"

    def test_a_small_body_under_a_wrong_signature_bars_nothing(self) -> None:
        async def work() -> bytes:
            bodies, sender = crowded()
            reader = BodyReader(bodies)
            await reader.read(small(), 1, SIZE, sender)
            reader.blame(sender)
            return await answered(bodies, small(), sender)

        assert asyncio.run(work()) == b"x"

    def test_all_addresses_of_a_network_of_ipv6_are_one_sender(self) -> None:
        assert Sender("2001:db8:1:2::1").peer == Sender("2001:db8:1:2:ffff::9").peer != Sender("2001:db8:1:3::1").peer
