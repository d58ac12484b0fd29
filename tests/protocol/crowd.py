"""Several clients at once: each with a connection of its own, all let go in the same moment."""

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from protocol.registry import Registry
from support.wire import Wire

T = TypeVar("T")


def at_once(host: str, password: str, jobs: Sequence[Callable[[Registry], T]]) -> list[T]:
    """Do all jobs at the same time; give what each came to, in their order."""
    gate = Barrier(len(jobs))

    def run(job: Callable[[Registry], T]) -> T:
        with contextlib.closing(Wire(host)) as wire:
            gate.wait(30)
            return job(Registry(wire, password))

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [done.result() for done in [pool.submit(run, job) for job in jobs]]
