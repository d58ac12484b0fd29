"""One measurement: wake a server, put one load on it, note what both sides paid, and let it sleep again."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from subprocess import CalledProcessError
from typing import Final

from bench.figures import Results, Sample
from bench.load import WrkFailed
from bench.processes import cpu_of, memory_of
from bench.targets import Face, Target
from bench.wire import Lost, Refused
from bench.workloads import Bench, Restless, TagsMissing, Workload


class NothingAnswered(Exception):
    """A load ended without a single operation: there is nothing to divide by."""

    def __init__(self) -> None:
        super().__init__("not one operation was done")


FAILURES: Final = (Refused, Lost, TagsMissing, WrkFailed, Restless, NothingAnswered, CalledProcessError, OSError)


def measure(workload: Workload, bench: Bench, target: Target) -> Sample:
    """Take one sample.

    Raises:
        Exception: one of ``FAILURES``

    """
    os.sync()  # what an earlier load left to be written is not this one's
    target.wake()
    try:
        is_server = Face.DISK not in target.faces
        with _company(workload, bench, target) as count:
            before = cpu_of(target.pid) if is_server else 0.0
            load = workload.run(bench, target)
            after = cpu_of(target.pid) if is_server else 0.0
            memory = memory_of(target.pid) if is_server else 0.0
            left = count()
        if not load.operations:
            raise NothingAnswered
        return Sample.of(load, server_cpu=after - before, memory=memory, company=left)
    finally:
        target.sleep()


@contextmanager
def _company(workload: Workload, bench: Bench, target: Target) -> Iterator[Callable[[], int | None]]:
    """Let those in who are there during this work; gives how many they are."""
    if workload.company is None:
        yield lambda: None
        return
    with workload.company(bench, target) as count:
        yield count


def measure_all(workloads: Iterable[Workload], bench: Bench, targets: Sequence[Target], results: Results) -> None:
    """Do all rounds; within each, every server does a piece of work before the next piece is begun.

    What fails is not tried again; it stands among the results with its reason.
    """
    for number in range(bench.sizes.rounds):
        turned = [*targets[number % len(targets) :], *targets[: number % len(targets)]]
        for workload in workloads:
            for target in turned:
                key = f"{workload.name} on {target.name}"
                if not workload.suits(target) or key in results.failed:
                    continue
                try:
                    sample = measure(workload, bench, target)
                except FAILURES as error:
                    results.failed[key] = str(error) or type(error).__name__
                    continue
                results.row(workload.name, target.name).samples.append(sample)
                _tell(number, key, sample)


def _tell(number: int, key: str, sample: Sample) -> None:
    unit, cost = ("MB/s", "s/GB") if sample.size else ("/s", "µs")
    company = "" if sample.company is None else f"  beside {sample.company:,}"
    print(
        f"round {number + 1}: {key:48} {sample.rate:10,.1f} {unit:5} server {sample.cost:10,.2f} {cost:5}"
        f" client {sample.client_share:4.0%}{company}",
        flush=True,
    )


def tell_failures(failed: Mapping[str, str]) -> None:
    for key, reason in failed.items():
        print(f"failed: {key}: {reason}")
