"""What is another than in an older run: the machine, which figures there are, and the figures themselves."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from bench.figures import Results, Row, Spread
from bench.forms import Form
from bench.report import number, units_of

_MACHINE: Final = ("machine", "cores", "memory", "kernel")

# What was measured, on which server; and of it each measure in its unit.
Key = tuple[str, str]
Measured = Mapping[tuple[str, str], Spread]


def compare(results: Results, old: Results) -> list[str]:
    """Tell as a list what is new, gone, or moved by more than the spread of either run since an old full one."""
    form = results.about.get("form")
    if form not in {Form.FULL, Form.PART} or old.about.get("form") != Form.FULL:
        return []
    now, then = _measured(results), _measured(old)
    lines = [f"before: commit {old.about.get('commit', 'unknown')}, {old.about.get('date', 'on some day')}"]
    lines += _another_machine(results.about, old.about)
    lines += _named("new", (key for key in now if key not in then))
    if form == Form.FULL:  # of a part nothing is gone: it was not asked for
        lines += _named("gone", (key for key in then if key not in now))
    lines += _moved(now, then)
    return [f"- {line}" for line in lines]


def _measured(results: Results) -> dict[Key, Measured]:
    found: dict[Key, Measured] = {(row.workload, row.target): _of_row(row) for row in results.rows if row.samples}
    singles = [single for single in results.singles if single.values]
    return found | {(single.name, single.target): {("median", single.unit): single.spread} for single in singles}


def _of_row(row: Row) -> Measured:
    rate, cost = units_of(row)
    return {
        ("rate", rate): row.spread(lambda sample: sample.rate),
        ("server processor", cost): row.spread(lambda sample: sample.cost),
        ("p50", "ms"): row.spread(lambda sample: sample.p50),
        ("p99", "ms"): row.spread(lambda sample: sample.p99),
        ("memory", "MB"): row.spread(lambda sample: sample.memory),
    }


def _another_machine(now: Mapping[str, str], then: Mapping[str, str]) -> Iterator[str]:
    facts = [(name, then.get(name, "unknown"), now.get(name, "unknown")) for name in _MACHINE]
    others = [f"{name} {before} → {after}" for name, before, after in facts if before != after]
    if others:
        yield f"another machine: {', '.join(others)}"


def _named(word: str, keys: Iterable[Key]) -> Iterator[str]:
    """Name what is new or gone, in one line for each server."""
    found: dict[str, list[str]] = {}
    for name, target in keys:
        found.setdefault(target, []).append(name)
    for target, names in found.items():
        yield f"{word} on {target}: {'; '.join(names)}"


def _moved(now: Mapping[Key, Measured], then: Mapping[Key, Measured]) -> Iterator[str]:
    for (name, target), measured in now.items():
        before = then.get((name, target), {})
        pairs = [(*key, spread, before[key]) for key, spread in measured.items() if key in before]
        moved = [
            f"{what} {number(old.median)} → {number(new.median)} {unit}"
            for what, unit, new, old in pairs
            if new.moved_from(old) and number(new.median) != number(old.median)
        ]
        if moved:
            yield f"{name} on {target}: {'; '.join(moved)}"
