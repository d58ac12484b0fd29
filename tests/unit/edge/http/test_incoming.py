"""Large bodies: how many of one client may stand still, who waits, and whose wait ends whom."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Final

import pytest

from moorage.domain.errors import BodyTooSlow, TooBusy
from moorage.edge.http.body import read_pieces
from moorage.edge.http.incoming import BUFFER, GROWN, Incoming
from moorage.edge.http.pace import Pace
from moorage.edge.http.turns import Turns

OURS, THEIRS = "10.0.0.1", "10.0.0.2"
SOME: Final = 16 * 1024  # bytes that show that a body goes on
TWO: Final = 4 * BUFFER  # room for two bodies of which nobody knows yet whether they move
PATIENCE: Final = 40.0


class Body:
    """A body on its way, and who reads it."""

    def __init__(self, incoming: Incoming, client: str, *, chunked: bool = False) -> None:
        self.pace, self.came = Pace(asyncio.get_running_loop().time(), chunked=chunked), 0
        self._sent = asyncio.Queue[bytes]()
        self._incoming, self._client = incoming, client
        self.reading = asyncio.ensure_future(self._read())

    def send(self, size: int = GROWN + 1) -> None:
        self._sent.put_nowait(bytes(size))

    async def _read(self) -> None:
        try:
            pieces = read_pieces(self._pieces(), None, self.pace, grown=self._grown)
            async for piece in pieces:
                self.came += len(piece)
        finally:
            self._incoming.over(self.pace)

    async def _pieces(self) -> AsyncIterator[bytes]:
        while piece := await self._sent.get():
            yield piece
        yield b""

    async def _grown(self) -> None:
        await self._incoming.begin(self.pace, self._client)


class Door:
    """Room for two bodies of one client and three of all, and the time as the watch tells it."""

    def __init__(self) -> None:
        self.incoming = Incoming(Turns(patience=PATIENCE, each=TWO, everyone=TWO * 3 // 2, kept=2 * BUFFER))
        self._now = asyncio.get_running_loop().time()

    async def bring(self, *clients: str, size: int = GROWN + 1) -> list[Body]:
        """Have bodies come of which one piece of this size is here, and read it."""
        bodies = [Body(self.incoming, client) for client in clients]
        for body in bodies:
            body.send(size)
        await settle()
        return bodies

    async def look(self, *after: float) -> None:
        for seconds in after:
            self.incoming.look(self._now + seconds)
            await settle()


async def settle(steps: int = 12) -> None:
    for _ in range(steps):
        await asyncio.sleep(0)


async def goes_on(body: Body) -> bool:
    """Tell whether another piece of a body is taken."""
    before = body.came
    body.send(1)
    await settle()
    return body.came > before


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(work)


def test_of_bodies_that_may_stand_still_one_client_has_only_so_many() -> None:
    async def work() -> None:
        bodies = await Door().bring(OURS, OURS, OURS, THEIRS)
        assert [await goes_on(body) for body in bodies] == [True, True, False, True]
        assert bodies[2].came == GROWN + 1  # what was here already is not kept meanwhile

    run(work())


def test_small_pieces_take_no_turn() -> None:
    async def work() -> None:
        bodies = await Door().bring(*[OURS] * 9, size=GROWN)
        assert [await goes_on(body) for body in bodies] == [True] * 9

    run(work())


@pytest.mark.parametrize(("sent", "after"), [(SOME, 1.5), (2 * BUFFER, 0.1)])
def test_who_goes_on_holds_nobody_up(sent: int, after: float) -> None:
    async def work() -> None:
        door = Door()
        first, second, third = await door.bring(OURS, OURS, OURS)
        first.send(sent)
        await settle()
        await door.look(after)
        assert [await goes_on(body) for body in (first, second, third)] == [True, True, True]

    run(work())


def test_who_began_just_now_is_not_known_to_go_on() -> None:
    async def work() -> None:
        door = Door()
        first, _, third = await door.bring(OURS, OURS, OURS)
        first.send(SOME)
        await settle()
        await door.look(0.5)
        assert not await goes_on(third)

    run(work())


def test_who_sends_a_little_at_a_time_stands_still() -> None:
    async def work() -> None:
        door = Door()
        first, second, third = await door.bring(OURS, OURS, OURS, size=BUFFER)
        for body in (first, second):
            body.send(SOME - 1)
        await settle()
        await door.look(0.5, 2.5)
        assert not await goes_on(third)

    run(work())


def test_who_stands_still_counts_by_what_its_buffer_can_be() -> None:
    async def work() -> None:
        door = Door()
        first, second, third = await door.bring(OURS, OURS, OURS)
        await door.look(0.5)
        assert not await goes_on(third)
        await door.look(2.5)
        assert third.came > GROWN + 1
        long = await door.bring(OURS, OURS, size=BUFFER)
        await door.look(5)  # the other three are known to hold little, but not so little that two more might come
        assert [await goes_on(body) for body in (first, second, *long)] == [True, True, True, False]

    run(work())


def test_a_buffer_counts_until_as_much_came_in_small_pieces() -> None:
    pace = Pace(0)
    reached = []

    async def work() -> None:
        async def pieces() -> AsyncIterator[bytes]:
            for size in (100, 900, 300, 300, 200):
                yield bytes(size)

        coming = pieces()
        for _ in range(5):
            await pace.next(coming)
            reached.append(pace.reach)

    run(work())
    assert reached == [100, 900, 600, 300, 200]


def test_of_chunks_only_what_came_in_all_tells_how_large_the_buffer_can_be() -> None:
    async def work() -> None:
        door = Door()
        for body in (Body(door.incoming, OURS, chunked=True), Body(door.incoming, OURS, chunked=True)):
            for _ in range(100):
                body.send(GROWN)
        await settle(400)
        await door.look(1, 4)
        (late,) = await door.bring(OURS)
        assert not await goes_on(late)

    run(work())


def test_of_bodies_that_hold_much_while_they_wait_one_client_has_only_so_many() -> None:
    async def work() -> None:
        bodies = await Door().bring(*[OURS] * 5, size=BUFFER)
        with pytest.raises(TooBusy):
            await asyncio.wait_for(bodies[4].reading, 1)
        assert [body.reading.done() for body in bodies[:4]] == [False] * 4

    run(work())


def test_who_stops_after_going_on_counts_again() -> None:
    async def work() -> None:
        door = Door()
        bodies = await door.bring(OURS, OURS, size=BUFFER)
        for body in bodies:
            body.send(BUFFER)
        await settle()
        await door.look(1.5, 4)
        (late,) = await door.bring(OURS)
        assert not await goes_on(late)

    run(work())


def test_who_has_more_than_its_share_takes_nobody_elses() -> None:
    async def work() -> None:
        door = Door()
        for after in (0.1, 0.2):
            for body in await door.bring(OURS, OURS, size=BUFFER):
                body.send(2 * BUFFER)
            await settle()
            await door.look(after)
        await door.look(3)  # four of ours stand still now
        (theirs,) = await door.bring(THEIRS, size=BUFFER)
        assert await goes_on(theirs)

    run(work())


def test_a_body_that_is_over_makes_room() -> None:
    async def work() -> None:
        bodies = await Door().bring(OURS, OURS, OURS)
        bodies[0].send(0)
        await bodies[0].reading
        assert await goes_on(bodies[2])

    run(work())


def test_who_goes_away_while_waiting_takes_no_room() -> None:
    async def work() -> None:
        door = Door()
        first, _, gone = await door.bring(OURS, OURS, OURS)
        gone.reading.cancel()
        await settle()
        first.send(0)
        await settle()
        (late,) = await door.bring(OURS)
        assert await goes_on(late)

    run(work())


def test_who_waits_long_ends_the_slowest_that_stands_still_in_the_way() -> None:
    async def work() -> None:
        door = Door()
        first, second, theirs = await door.bring(OURS, OURS, THEIRS, size=BUFFER)
        second.send(SOME)
        await settle()
        await door.look(1.5, 4)
        (waiting,) = await door.bring(OURS)
        await door.look(PATIENCE / 2 - 1)
        assert not first.reading.done()
        await door.look(PATIENCE / 2 + 1)
        with pytest.raises(BodyTooSlow):
            await asyncio.wait_for(first.reading, 1)
        assert [await goes_on(body) for body in (second, theirs, waiting)] == [True, True, True]

    run(work())


def test_where_all_room_is_taken_anybodys_body_may_be_ended() -> None:
    async def work() -> None:
        door = Door()
        ours = await door.bring(OURS, OURS, size=BUFFER)
        first, waiting = await door.bring(THEIRS, THEIRS, size=BUFFER)
        await door.look(3, PATIENCE / 2 + 1)
        assert [body.reading.done() for body in (*ours, first)] == [True, False, False]
        assert await goes_on(waiting)

    run(work())


def test_who_waits_too_long_is_told_to_come_back() -> None:
    async def work() -> None:
        door = Door()
        *_, waiting = await door.bring(OURS, OURS, OURS, size=BUFFER)
        assert door.incoming.turns.waits
        await door.look(PATIENCE + 1)
        with pytest.raises(TooBusy):
            await asyncio.wait_for(waiting.reading, 1)
        assert not door.incoming.turns.waits

    run(work())


def test_a_server_that_ends_lets_nobody_wait() -> None:
    async def work() -> None:
        door = Door()
        first, _, waiting = await door.bring(OURS, OURS, OURS)
        door.incoming.turns.end()
        with pytest.raises(TooBusy):
            await asyncio.wait_for(waiting.reading, 1)
        (late,) = await door.bring(OURS)
        with pytest.raises(TooBusy):
            await asyncio.wait_for(late.reading, 1)
        assert await goes_on(first)

    run(work())


def test_when_every_body_is_over_nothing_is_left_to_look_at() -> None:
    async def work() -> None:
        door = Door()
        (body,) = await door.bring(OURS)
        assert not door.incoming.is_empty
        body.send(0)
        await body.reading
        assert door.incoming.is_empty

    run(work())
