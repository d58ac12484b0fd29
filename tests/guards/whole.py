"""What a whole run of the benchmark holds."""

from collections.abc import Iterator
from typing import Final

from bench.decisions import BEFORE, DECIDE, LOADED, LOADED_RATIO, SIGNED, SIGNED_RATIO
from bench.figures import Results
from bench.lineup import OURS, OURS_FULL, OURS_TLS, OURS_TWO
from bench.resident import IDLE, PUSHES, REST, START
from bench.tables import OF_TWO_WORKERS, WORKLOADS

from guards.routes import HOT

PICTURES: Final = ("processor.svg", "throughput.svg", "memory.svg", "where.svg")
_SINGLES: Final = (START, REST, PUSHES, IDLE, DECIDE, BEFORE, LOADED, LOADED_RATIO, SIGNED, SIGNED_RATIO)


def lacking(results: Results, rounds: int) -> list[str]:
    """Name what Moorage was not measured at, or not in each round."""
    measured = {(row.workload, row.target) for row in results.rows if len(row.samples) == rounds}
    found = [f"{workload} on {target}" for workload, target in _works() if (workload, target) not in measured]
    told = {single.name for single in results.singles if single.target == OURS and len(single.values) >= rounds}
    found += [single for single in _SINGLES if single not in told]
    return found + [f"where: {route}" for route in HOT if not results.where.get(route)]


def _works() -> Iterator[tuple[str, str]]:
    for name, workload in WORKLOADS.items():
        yield name, OURS_TLS if workload.tls else OURS
        if name in OF_TWO_WORKERS:
            yield from ((name, form) for form in (OURS_TWO, OURS_FULL))
