"""Which pictures a run leaves behind."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.figures import Results, Sample
from bench.resident import START
from bench.svg import Group, bars
from bench.tables import WORKLOADS


def draw_all(results: Results, out: Path) -> None:
    """Draw what there is: cost of small work, speed of large work, memory."""
    small = _groups(results, lambda sample: sample.cost, of_bytes=False)
    large = _groups(results, lambda sample: sample.rate, of_bytes=True)
    drawn: Mapping[str, str | None] = {
        "processor.svg": bars("Server processor time for each operation", "µs", small, logarithmic=True)
        if small
        else None,
        "throughput.svg": bars("Large blobs", "MB/s", large) if large else None,
        "memory.svg": _memory(results),
    }
    for name, picture in drawn.items():
        if picture is not None:
            (out / name).write_text(picture, encoding="utf-8")


def _groups(results: Results, what: Callable[[Sample], float], *, of_bytes: bool) -> list[Group]:
    found: list[Group] = []
    for name, workload in WORKLOADS.items():
        rows = [row for row in results.rows if row.workload == name and row.counts_bytes == of_bytes]
        spreads = {row.target: row.spread(what) for row in rows if row.spread(what).median}
        if spreads:
            found.append(Group(workload.title, spreads))
    return found


def _memory(results: Results) -> str | None:
    singles = [single for single in results.singles if single.unit == "MB" and single.name != START]
    if not singles:
        return None
    names = dict.fromkeys(single.name for single in singles)
    groups = [Group(name, {one.target: one.spread for one in singles if one.name == name}) for name in names]
    return bars("Memory that a server itself holds", "MB", groups)
