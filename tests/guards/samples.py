"""Results made by hand, whose figures are known."""

from collections.abc import Sequence

from bench.figures import Results, Row, Sample, Single
from bench.forms import Form

ROUND = 2.0  # seconds


def sample(  # noqa: PLR0913 - the figures of a sample
    rate: float = 1000, cost: float = 100, *, share: float = 0.1, p50: float = 1, p99: float = 2, memory: float = 50
) -> Sample:
    """Make a load of small operations: so many a second, each of so many µs of the server."""
    operations = round(rate * ROUND)
    return Sample(operations, ROUND, operations * cost / 1e6, share * ROUND, p50, p99, 0, memory)


def large(size: int, seconds: float, server_cpu: float) -> Sample:
    """Make a load of which the bytes count."""
    return Sample(1, seconds, server_cpu, 0.1, 1, 1, size, 50)


def of_rates(workload: str, target: str, rates: Sequence[float]) -> Row:
    return Row(workload, target, [sample(rate) for rate in rates])


def of_costs(workload: str, target: str, costs: Sequence[float]) -> Row:
    return Row(workload, target, [sample(cost=cost) for cost in costs])


def run_of(*rows: Row, form: Form = Form.FULL, machine: str = "this", singles: list[Single] | None = None) -> Results:
    """Make the results of a run of two cores, on one day and at one commit."""
    about = {"form": form.value, "commit": "abc", "date": "2026-01-02", "machine": machine, "cores": "2", "kernel": "6"}
    return Results(about, rows=list(rows), singles=singles or [])
