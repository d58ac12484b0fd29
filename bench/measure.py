"""One measurement: wake a server, put one load on it, note what both sides paid, and let it sleep again."""

import os
from collections.abc import Iterable, Mapping, Sequence
from subprocess import CalledProcessError

from bench.figures import Results, Sample
from bench.load import WrkFailed
from bench.processes import cpu_of, memory_of
from bench.targets import Face, Target
from bench.wire import Lost, Refused
from bench.workloads import Bench, TagsMissing, Workload


def measure(workload: Workload, bench: Bench, target: Target) -> Sample:
    os.sync()  # what an earlier load left to be written is not this one's
    target.wake()
    try:
        is_server = Face.DISK not in target.faces
        before = cpu_of(target.pid) if is_server else 0.0
        load = workload.run(bench, target)
        after = cpu_of(target.pid) if is_server else 0.0
        return Sample.of(load, server_cpu=after - before, memory=memory_of(target.pid) if is_server else 0.0)
    finally:
        target.sleep()


def measure_all(
    workloads: Iterable[Workload], bench: Bench, targets: Sequence[Target], results: Results, failed: dict[str, str]
) -> None:
    """Do all rounds; within each, every server does a piece of work before the next piece is begun."""
    for number in range(bench.sizes.rounds):
        turned = [*targets[number % len(targets) :], *targets[: number % len(targets)]]
        for workload in workloads:
            for target in turned:
                key = f"{workload.name} on {target.name}"
                if not workload.suits(target) or key in failed:
                    continue
                try:
                    sample = measure(workload, bench, target)
                except (Refused, Lost, TagsMissing, WrkFailed, CalledProcessError, OSError) as error:
                    failed[key] = str(error) or type(error).__name__
                    continue
                results.row(workload.name, target.name).samples.append(sample)
                _tell(number, key, sample)


def _tell(number: int, key: str, sample: Sample) -> None:
    unit, cost = ("MB/s", "s/GB") if sample.size else ("/s", "µs")
    print(
        f"round {number + 1}: {key:48} {sample.rate:10,.1f} {unit:5} server {sample.cost:10,.2f} {cost:5}"
        f" client {sample.client_share:4.0%}",
        flush=True,
    )


def tell_failures(failed: Mapping[str, str]) -> None:
    for key, reason in failed.items():
        print(f"failed: {key}: {reason}")
