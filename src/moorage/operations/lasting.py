"""Work that must not be left half done, whoever waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Do work; whoever is cancelled meanwhile, as when a client goes away, is so when the work is over."""
    task = asyncio.create_task(work)
    cancelled = False
    try:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                cancelled = True
        if not cancelled:
            return task.result()
        if not task.cancelled():
            task.exception()  # asked for, lest it be told of as one that nobody looked at
        raise asyncio.CancelledError
    finally:
        del task  # what it raised knows this frame: a circle, which would keep the connection open
