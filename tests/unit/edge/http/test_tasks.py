"""Running requests: what waits for nothing is over at once, everything else goes on as a task that can be cancelled."""

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from moorage.edge.http.tasks import begin_request


class Noted:
    """A request as the server keeps it, and what was said of it."""

    def __init__(self, method: str) -> None:
        self.scope, self.proto = SimpleNamespace(method=method), None
        self.finished = False
        self.error: BaseException | None = None
        self.task: asyncio.Task[None] | None = None

    def done(self) -> None:
        self.finished = True

    def err(self, error: BaseException) -> None:
        self.error = error

    def taskref(self, task: asyncio.Task[None]) -> None:
        self.task = task


def begun(method: str, work: Callable[[], Awaitable[None]], *, then: Callable[[Noted], None] | None = None) -> Noted:
    """Begin a request, and see it through where a task was made of it."""
    noted = Noted(method)

    async def application(_scope: object, _proto: object) -> None:
        await work()

    async def turn() -> None:
        begin_request(asyncio.get_running_loop(), application, noted)
        if noted.task is not None:
            if then is not None:
                then(noted)
            await noted.task

    asyncio.run(turn())
    return noted


async def nothing() -> None:
    """Wait for nothing."""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_waits_for_nothing_is_over_at_once(method: str) -> None:
    noted = begun(method, nothing)
    assert (noted.finished, noted.task) == (True, None)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_may_have_a_body_is_a_task_from_its_first_step(method: str) -> None:
    seen: list[object] = []

    async def look() -> None:
        seen.append(asyncio.current_task())

    noted = begun(method, look)
    assert (noted.finished, seen) == (True, [noted.task])


def test_what_has_to_wait_gets_what_it_waits_for() -> None:
    got: list[object] = []

    async def wait() -> None:
        got.append(await asyncio.to_thread(lambda: "read"))
        await asyncio.sleep(0)
        got.append(await asyncio.wait_for(asyncio.sleep(0, "slept"), 1))

    noted = begun("GET", wait)
    assert (noted.finished, got) == (True, ["read", "slept"])


def test_a_failure_of_what_it_waits_for_is_raised_where_it_waits() -> None:
    caught: list[str] = []

    def fail() -> None:
        raise ValueError("no such thing")

    async def wait() -> None:
        try:
            await asyncio.to_thread(fail)
        except ValueError as error:
            caught.append(str(error))

    assert (begun("GET", wait).finished, caught) == (True, ["no such thing"])


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_failure_is_told_to_the_server(method: str, *, waits: bool) -> None:
    async def fail() -> None:
        if waits:
            await asyncio.sleep(0)
        raise ZeroDivisionError

    noted = begun(method, fail)
    assert (noted.finished, type(noted.error)) == (False, ZeroDivisionError)


def test_a_client_that_goes_away_ends_what_waits() -> None:
    ended: list[bool] = []

    async def wait() -> None:
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(True)

    def go_away(noted: Noted) -> None:
        assert noted.task is not None
        asyncio.get_running_loop().call_soon(noted.task.cancel)

    noted = begun("GET", wait, then=go_away)
    assert (ended, type(noted.error)) == ([True], asyncio.CancelledError)


def test_what_was_ended_keeps_nothing_of_its_request() -> None:
    """A body that is kept keeps its connection open."""
    kept: list[weakref.ref[Noted]] = []

    async def wait() -> None:
        body = Noted("a body")
        kept.append(weakref.ref(body))
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(600)

    def give_up(noted: Noted) -> None:
        assert noted.task is not None
        asyncio.get_running_loop().call_soon(noted.task.cancel)

    gc.disable()
    try:
        begun("GET", wait, then=give_up)
        assert [known() for known in kept] == [None]
    finally:
        gc.enable()
