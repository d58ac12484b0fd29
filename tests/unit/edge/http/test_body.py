"""Bodies: bounded, never taken for whole when they were cut short, and of large ones only a few at once."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

import pytest

from moorage.domain.errors import BodyTooLarge, MalformedRequest, TooBusy
from moorage.edge.http.body import LARGE, Bodies, BodyReader, read_pieces
from unit.edge.http.wire import CUT, WHOLE, Arrived


def pieces_of(transport: Arrived, declared: int | None) -> list[bytes]:
    async def collect() -> list[bytes]:
        return [piece async for piece in read_pieces(transport, declared)]

    return asyncio.run(collect())


def body_of(pieces: Sequence[bytes], declared: int | None, limit: int) -> bytes:
    return asyncio.run(BodyReader(Bodies()).read(Arrived(pieces=pieces), declared, limit))


@pytest.mark.parametrize("declared", [5, None])
def test_a_whole_body_is_given_in_its_pieces(declared: int | None) -> None:
    assert pieces_of(Arrived(pieces=(b"ab", b"cde", *WHOLE)), declared) == [b"ab", b"cde"]


@pytest.mark.parametrize(
    ("pieces", "declared"),
    [
        ((b"ab", *CUT), None),
        ((b"abcde", *CUT), 5),
        (CUT, 0),
        ((b"ab", *WHOLE), 5),
        ((b"abcdef", *WHOLE), 5),
        (WHOLE, 1),
    ],
)
def test_a_body_that_was_cut_short_is_told_at_its_end(pieces: Sequence[bytes], declared: int | None) -> None:
    with pytest.raises(MalformedRequest, match="cut short"):
        pieces_of(Arrived(pieces=pieces), declared)


def test_what_came_before_the_cut_was_given_already() -> None:
    seen: list[bytes] = []

    async def collect() -> None:
        async for piece in read_pieces(Arrived(pieces=(b"ab", *CUT)), None):
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


async def answered(bodies: Bodies, transport: AsyncIterable[bytes]) -> bytes:
    """Read a large body as a request does that is answered in the end."""
    reader = BodyReader(bodies)
    try:
        return await reader.read(transport, None, LARGE + 1)
    finally:
        reader.close()


class Stuck:
    """Large bodies that stay on their way until they are let go."""

    def __init__(self, count: int) -> None:
        self._go = asyncio.Event()
        self.bodies = Bodies(patience=0.01)
        self._reading = [asyncio.ensure_future(self._read()) for _ in range(count)]

    async def _read(self) -> bytes:
        async def pieces() -> AsyncIterator[bytes]:
            await self._go.wait()
            yield b"large"
            yield b""

        return await answered(self.bodies, pieces())

    async def let_go(self) -> list[bytes]:
        self._go.set()
        return await asyncio.gather(*self._reading)


def test_a_fifth_large_body_is_told_to_come_back() -> None:
    async def work() -> None:
        stuck = Stuck(4)
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await BodyReader(stuck.bodies).read(Arrived(pieces=(b"x", *WHOLE)), None, LARGE + 1)
        await stuck.let_go()

    asyncio.run(work())


@pytest.mark.parametrize(("declared", "limit"), [(1, LARGE + 1), (None, LARGE)])
def test_small_bodies_do_not_wait_for_large_ones(declared: int | None, limit: int) -> None:
    async def work() -> bytes:
        stuck = Stuck(4)
        await asyncio.sleep(0)
        read = await BodyReader(stuck.bodies).read(Arrived(pieces=(b"x", *WHOLE)), declared, limit)
        await stuck.let_go()
        return read

    assert asyncio.run(work()) == b"x"


def test_a_large_body_makes_room_when_it_is_answered() -> None:
    async def work() -> list[bytes]:
        stuck = Stuck(4)
        await asyncio.sleep(0)
        await stuck.let_go()
        return [await answered(stuck.bodies, Arrived(pieces=(b"x", *WHOLE))) for _ in range(5)]

    assert asyncio.run(work()) == [b"x"] * 5


def test_a_large_body_keeps_its_place_until_it_is_answered() -> None:
    async def work() -> None:
        bodies = Bodies(patience=0.01)
        for _ in range(4):
            await BodyReader(bodies).read(Arrived(pieces=(b"x", *WHOLE)), None, LARGE + 1)
        with pytest.raises(TooBusy):
            await BodyReader(bodies).read(Arrived(pieces=(b"x", *WHOLE)), None, LARGE + 1)

    asyncio.run(work())


def test_a_large_body_makes_room_when_it_failed() -> None:
    async def work() -> None:
        bodies = Bodies(patience=0.01)
        for _ in range(5):
            with pytest.raises(MalformedRequest):
                await answered(bodies, Arrived(pieces=CUT))

    asyncio.run(work())


def test_a_large_body_that_does_not_arrive_gives_its_place_up() -> None:
    async def work() -> bytes:
        bodies = Bodies(deadline=0.01)
        for _ in range(5):
            with pytest.raises(MalformedRequest, match="too slowly"):
                await answered(bodies, never())
        return await answered(bodies, Arrived(pieces=(b"x", *WHOLE)))

    async def never() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    assert asyncio.run(work()) == b"x"
