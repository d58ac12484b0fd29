"""The whole process group is killed while somebody pushes: what was acknowledged stays, what was not is not seen."""

import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from faults.conftest import Failing
from faults.killedpush import EXCHANGES, Image, Push, examine, go_on, pull
from faults.rawclient import ConnectionLost
from support.server import RunningServer

BETWEEN = ("renamed", "published", "commit")  # a blob's file lies in its place, its row is not there yet
ELSEWHERE = ("synced", "committed")
INSIDE = "inside an upload"
# How often the kill is aimed at each exchange: those that take longest are hit best.
WEIGHTS = (0.3, 6, 4, 2, 0.3, 4, 0.3, 4, 4, 0.5)


class Killer:
    """Kills the server a moment after the push has come to a chosen place."""

    def __init__(self, server: RunningServer, aim: tuple[int, float], *, delay: float) -> None:
        self._server, self._aim, self._delay = server, aim, delay
        self._reached = threading.Event()
        self.inside: int | None = None  # the exchange that was under way

    def watch(self, exchange: int, fraction: float) -> None:
        if (exchange, fraction) >= self._aim:
            self._reached.set()

    def run(self, push: Push) -> None:
        self._reached.wait()
        time.sleep(self._delay)
        self.inside = push.current
        self._server.kill()


def round_with_failpoint(failing: Failing, image: Image, point: str, publishes: int) -> tuple[Push, str]:
    """Push until the server dies by itself at a named point."""
    failing.fuse.light(point, publishes=publishes)
    push = Push(image, lambda _exchange, _fraction: None)
    with failing.connect() as client, pytest.raises(ConnectionLost):
        push.run(client)
    failing.server.kill()
    assert failing.fuse.struck == point
    return push, f"at {point}"


def round_with_random_kill(failing: Failing, image: Image, chance: random.Random) -> tuple[Push, str]:
    """Push until the server is killed from outside at a random moment."""
    aim = (chance.choices(range(len(EXCHANGES)), WEIGHTS)[0], chance.random() * 0.9)
    killer = Killer(failing.server, aim, delay=chance.random() * 0.001)
    push = Push(image, killer.watch)
    thread = threading.Thread(target=killer.run, args=(push,))
    thread.start()
    lost = False
    with failing.connect() as client:
        try:
            push.run(client)
        except ConnectionLost:
            lost = True
        finally:
            killer.watch(len(EXCHANGES), 0.0)
            thread.join()
    sending = push.current is not None and EXCHANGES[push.current] in {"part", "finish", "whole"}
    inside = lost and killer.inside == push.current and sending
    return push, INSIDE if inside else "between or after"


def one_round(failing: Failing, number: int, chance: random.Random) -> str:
    image = Image.of(number)
    failing.fuse.reset()
    if number % 6 == 0:
        push, kind = round_with_failpoint(failing, image, BETWEEN[number // 6 % 3], publishes=1 + number // 18 % 3)
    elif number % 12 == 3:
        push, kind = round_with_failpoint(failing, image, ELSEWHERE[number // 12 % 2], publishes=number // 24 % 3)
    else:
        push, kind = round_with_random_kill(failing, image, chance)
    where = "done" if push.current is None else f"{push.current} {EXCHANGES[push.current]}"
    print(f"round {number}: killed {kind}, last exchange {where}")  # noqa: T201 - the log that proves the kills
    failing.fuse.reset()
    failing.server.restart()
    with failing.connect() as client:
        examine(client, push)
        go_on(client, push)
    return kind


def expect_everything(failing: Failing, rounds: int) -> None:
    with failing.connect() as client:
        for number in range(rounds):
            pull(client, Image.of(number))
    failing.server.stop()
    inspection = (sys.executable, "-P", Path(__file__).with_name("inspection.py"), failing.server.data)
    assert subprocess.run(inspection, capture_output=True, text=True, check=True).stdout == ""  # noqa: S603 - ours
    shutil.rmtree(failing.server.data / "blobs")  # pytest would keep it for several runs


def kill_again_and_again(failing: Failing, *, rounds: int, inside: int, seed: int) -> Counter[str]:
    """Kill so many times, and on until enough kills fell inside an upload, which is chance: twice as often at most."""
    print(f"the seed is {seed}")  # noqa: T201 - a failure can be tried again with it
    chance, kills = random.Random(seed), Counter[str]()  # noqa: S311 - must repeat
    while kills.total() < rounds or (kills[INSIDE] < inside and kills.total() < 2 * rounds):
        kills[one_round(failing, kills.total(), chance)] += 1
    print(dict(kills))  # noqa: T201 - the log that proves the kills
    expect_everything(failing, kills.total())
    return kills


def expect_kills(failing: Failing, *, rounds: int, inside: int, between: int) -> None:
    kills = kill_again_and_again(failing, rounds=rounds, inside=inside, seed=random.randrange(2**32))  # noqa: S311 - printed
    assert kills[INSIDE] >= inside
    assert sum(kills[f"at {point}"] for point in BETWEEN) >= between


def test_thirty_kills_lose_nothing(failing: Failing) -> None:
    expect_kills(failing, rounds=30, inside=15, between=3)


@pytest.mark.nightly
@pytest.mark.timeout(1200)
def test_two_hundred_kills_lose_nothing(failing: Failing) -> None:
    expect_kills(failing, rounds=200, inside=100, between=20)
