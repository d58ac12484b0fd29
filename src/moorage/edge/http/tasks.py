"""Running requests in the event loop: at once as far as they go without waiting, and as a task from there on.

Most requests read what is in memory and are answered without waiting for anything. A task for each of them would cost
a turn of the loop more than the answer needs.
"""

import asyncio
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextvars import Context
from functools import partial
from typing import Any, Protocol, Self

from granian._granian import CallbackScheduler

Application = Callable[..., Coroutine[Any, Any, None]]
# What reads no body. Only a task can be cancelled, and a body that is too slow is ended that way.
_AT_ONCE = frozenset({"GET", "HEAD"})


class Watcher(Protocol):
    """The server's record of one request."""

    scope: Any
    proto: Any

    def done(self) -> None: ...

    def err(self, error: BaseException) -> None: ...

    def taskref(self, task: "asyncio.Task[None]") -> None:
        """Have the task cancelled when the client goes away."""
        ...


class Scheduler(CallbackScheduler):  # type: ignore[misc]  # the server's stubs do not have it
    """What the server calls, from a thread of its own, when the head of a request has come."""

    def __new__(cls, loop: asyncio.AbstractEventLoop, application: Application) -> Self:
        tasks = asyncio.tasks
        enter, leave = partial(tasks._enter_task, loop), partial(tasks._leave_task, loop)  # noqa: SLF001 - as granian's own does
        made: Self = super().__new__(cls, loop, application, None, enter, leave)
        return made

    def __init__(self, loop: asyncio.AbstractEventLoop, application: Application) -> None:
        super().__init__()
        self._schedule_fn = _scheduling(loop, application, self._ctx)


def _scheduling(
    loop: asyncio.AbstractEventLoop, application: Application, context: Context
) -> Callable[[Watcher], None]:
    begin = partial(begin_request, loop, application)

    def schedule(watcher: Watcher) -> None:
        loop.call_soon_threadsafe(begin, watcher, context=context)

    return schedule


def begin_request(loop: asyncio.AbstractEventLoop, application: Application, watcher: Watcher) -> None:
    """Run a request as far as it goes; to be called in the loop."""
    scope = watcher.scope
    work = application(scope, watcher.proto)
    if scope.method not in _AT_ONCE:
        watcher.taskref(loop.create_task(_to_its_end(work, watcher)))
        return
    try:
        awaited = work.send(None)
    except StopIteration:
        watcher.done()
    except BaseException as error:  # noqa: BLE001 - the server tells it to the client
        watcher.err(error)
    else:
        watcher.taskref(loop.create_task(_to_its_end(_go_on(work, awaited), watcher)))


async def _to_its_end(work: Awaitable[None], watcher: Watcher) -> None:
    try:
        await work
    except BaseException as error:  # noqa: BLE001 - as above
        watcher.err(error)
        return
    watcher.done()


@types.coroutine
def _go_on(work: Coroutine[Any, Any, None], awaited: object) -> Generator[Any, Any, None]:
    """Wait for what a coroutine that was begun waits for, and go on with it."""
    while True:
        try:
            sent = yield awaited
        except BaseException as error:  # noqa: BLE001 - it is the coroutine's: a cancellation, most often
            step = partial(work.throw, error)
        else:
            step = partial(work.send, sent)
        try:
            awaited = step()
        except StopIteration:
            return
        finally:
            del step  # what was thrown knows this frame: a circle, which would keep the connection open
