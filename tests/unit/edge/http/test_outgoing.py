"""Large answers: how many a client may leave unread, who waits, and who begins next."""

import asyncio
from collections.abc import Collection, Coroutine, Mapping
from typing import Final

import pytest

from moorage.domain.errors import TooBusy
from moorage.edge.http.outgoing import Outgoing
from moorage.edge.http.turns import Turns

HALF: Final = 50
OURS, THEIRS, OTHERS = "10.0.0.1", "10.0.0.2", "10.0.0.3"
READ: Final = None  # nothing is on its way any more


class Gate:
    """Room for two answers of one client and three of all, and the time as the watch tells it."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.outgoing = Outgoing(Turns(self.wanted, patience=10, each=2 * HALF, everyone=3 * HALF, kept=2 * HALF))
        self._now = asyncio.get_running_loop().time()

    def ask(self, client: str, port: int, *, made: bool = False, size: int = HALF) -> "asyncio.Task[None]":
        peer = f"{client}:{port}"
        return asyncio.ensure_future(self.outgoing.begin(peer, client, size, made=made))

    async def begun(self, *asking: "asyncio.Task[None]") -> list[bool]:
        for _ in range(5):
            await asyncio.sleep(0)
        return [task.done() and not task.cancelled() and task.exception() is None for task in asking]

    def look(self, after: float, stalled: Mapping[str, float | None], left: Collection[str] = ()) -> None:
        """Look so long after the beginning; the times of ``stalled`` count from there too."""
        told = {peer: None if since is None else self._now + since for peer, since in stalled.items()}
        self.outgoing.look(self._now + after, told, left)


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(work)


def test_one_client_has_so_much_and_others_go_on() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, 1), gate.ask(OURS, 2), gate.ask(OURS, 3), gate.ask(THEIRS, 1)]
        assert await gate.begun(*asking) == [True, True, False, True]

    run(work())


def test_all_clients_have_so_much_together_and_who_has_nothing_comes_first() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, 1), gate.ask(OURS, 2), gate.ask(THEIRS, 1)]
        later = [gate.ask(THEIRS, 2), gate.ask(OTHERS, 1)]
        assert await gate.begun(*asking, *later) == [True, True, True, False, False]
        gate.outgoing.over(f"{OURS}:1")
        assert await gate.begun(*later) == [False, True]

    run(work())


def test_who_is_asked_for_something_else_has_the_answer_before() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, number) for number in (1, 2, 3)]
        await gate.begun(*asking)
        gate.outgoing.over(f"{OURS}:2")
        assert await gate.begun(*asking) == [True, True, True]

    run(work())


@pytest.mark.parametrize(
    ("looks", "begins"),
    [
        ([(0.05, {})], False),  # it may not have been looked at yet
        ([(1, {})], True),  # the connection is gone
        ([(0.5, {f"{OURS}:1": READ})], False),  # it may not have been on its way yet
        ([(2, {f"{OURS}:1": READ})], True),
        ([(0.5, {f"{OURS}:1": 0.2}), (0.7, {f"{OURS}:1": READ})], True),
        ([(1, {f"{OURS}:1": 0.5})], False),
        ([(1, {f"{OURS}:1": 0.5}), (2, {f"{OURS}:1": 2})], True),  # 64 kB more were taken
        ([(1, {f"{OURS}:1": 0.5}), (2, {f"{OURS}:1": 0.5})], False),
        ([(1, {f"{OURS}:1": 0.5}), (9, {f"{OURS}:1": 2})], False),  # but that is long ago
    ],
)
def test_what_is_seen_to_be_read_does_not_count(
    looks: list[tuple[float, dict[str, float | None]]],
    begins: bool,  # noqa: FBT001 - a row's outcome
) -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, number) for number in (1, 2, 3)]
        await gate.begun(*asking)
        for after, stalled in looks:
            gate.look(after, stalled | {f"{OURS}:2": 0.5})
        assert await gate.begun(asking[2]) == [begins]

    run(work())


def test_who_stops_reading_counts_again() -> None:
    async def work() -> None:
        gate = Gate()
        first, second = f"{OURS}:1", f"{OURS}:2"
        await gate.begun(gate.ask(OURS, 1), gate.ask(OURS, 2))
        gate.look(1, {first: 0.5, second: 0.5})
        gate.look(2, {first: 2, second: 0.5})
        gate.look(5, {first: 2, second: 0.5})
        assert await gate.begun(gate.ask(OURS, 3)) == [False]

    run(work())


def test_who_waits_too_long_is_told_to_come_back() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, number) for number in (1, 2, 3)]
        await gate.begun(*asking)
        assert gate.wanted.is_set()
        assert gate.outgoing.turns.waits
        gate.look(11, {f"{OURS}:1": 0.5, f"{OURS}:2": 0.5})
        with pytest.raises(TooBusy):
            await asking[2]
        assert not gate.outgoing.turns.waits

    run(work())


def test_of_answers_that_are_in_memory_no_more_may_wait_than_may_be_on_their_way() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, number, made=True) for number in range(5)]
        assert await gate.begun(*asking) == [True, True, False, False, False]
        with pytest.raises(TooBusy):
            await asking[4]
        assert [task.done() for task in asking[2:4]] == [False, False]
        for task in asking[2:4]:
            task.cancel()

    run(work())


def test_who_goes_away_while_waiting_takes_no_room() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, number) for number in (1, 2, 3)]
        await gate.begun(*asking)
        asking[2].cancel()
        gate.outgoing.over(f"{OURS}:1")
        await gate.begun(asking[2])
        assert await gate.begun(gate.ask(OURS, 4)) == [True]

    run(work())


def test_who_goes_away_when_it_is_their_turn_takes_no_room() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, number) for number in (1, 2, 3)]
        await gate.begun(*asking)
        gate.outgoing.over(f"{OURS}:1")
        asking[2].cancel()
        await gate.begun(asking[2])
        assert await gate.begun(gate.ask(OURS, 4)) == [True]

    run(work())


def test_a_server_that_ends_lets_nobody_wait() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, number) for number in (1, 2, 3)]
        await gate.begun(*asking)
        gate.outgoing.turns.end()
        for task in (asking[2], gate.ask(OURS, 4)):
            with pytest.raises(TooBusy):
                await task

    run(work())


def test_an_answer_larger_than_all_room_of_a_client_has_it_alone() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, 1, size=10 * HALF), gate.ask(OURS, 2)]
        assert await gate.begun(*asking) == [True, False]

    run(work())


def test_when_everything_is_read_nothing_is_left_to_look_at() -> None:
    async def work() -> None:
        gate = Gate()
        await gate.begun(gate.ask(OURS, 1))
        assert not gate.outgoing.is_empty
        gate.look(1, {})
        assert gate.outgoing.is_empty

    run(work())


def test_who_leaves_does_not_wait_before_others() -> None:
    async def work() -> None:
        gate = Gate()
        begun = [gate.ask(OURS, 1), gate.ask(OURS, 2)]
        ghost, waiting = gate.ask(OURS, 3), gate.ask(OURS, 4)
        assert await gate.begun(*begun, ghost, waiting) == [True, True, False, False]
        gate.look(1, {f"{OURS}:{port}": 0 if port < 3 else READ for port in range(1, 5)}, {f"{OURS}:3"})
        gate.outgoing.over(f"{OURS}:1")
        assert await gate.begun(waiting) == [True]
        with pytest.raises(TooBusy):
            await ghost

    run(work())


def test_an_answer_behind_another_one_of_its_peer_takes_its_place() -> None:
    async def work() -> None:
        gate = Gate()
        asking = [gate.ask(OURS, 1), gate.ask(OURS, 1)]
        assert await gate.begun(*asking) == [True, True]
        gate.outgoing.over(f"{OURS}:1")
        later = [gate.ask(OURS, 2), gate.ask(OURS, 3)]
        assert await gate.begun(*later) == [True, True]

    run(work())
