"""Telling the results as a page for people: what was done and paid, how long it took, what is held to."""

from collections.abc import Callable, Iterator
from textwrap import shorten
from typing import Final

from bench.figures import BUSY, Results, Row, Sample, Single, Spread, ratios
from bench.goals import judged, unjudged
from bench.lineup import OURS, OURS_FULL, OURS_TLS, OURS_TWO
from bench.tables import OF_TWO_WORKERS, WORKLOADS

# Two tables: with the spread of everything, one would be too wide to read.
_DONE: Final = (
    "| work | server | rate | server processor | client busy | rate ÷ ours | processor ÷ ours |\n"
    "|---|---|--:|--:|--:|--:|--:|\n"
)
_TOOK: Final = "| work | server | p50 ms | p99 ms | memory MB |\n|---|---|--:|--:|--:|\n"
_NOTHING: Final = "-"
_REASON: Final = 200  # characters of what a server said before it failed
_INTRODUCTION: Final = (
    "Written by `make bench`; how to read it stands in [performance](../performance.md). Medians of all rounds, with "
    "the least and the most in brackets. Ratios are taken round by round, other servers over Moorage. A row is "
    f"**void** where the client was busier than {BUSY:.0%}. What was done and what the server paid for it comes first, "
    "then how long each piece took and the memory that the server held afterwards. Beside a crowd, the server's name "
    "is followed by how many of it were still there at the end.\n"
)


def markdown(results: Results, changes: list[str]) -> str:
    """Write everything as one page with two tables of loads and one of single figures."""
    parts = [
        "# Benchmark results\n",
        _INTRODUCTION,
        "\n".join(f"- {name}: {value}" for name, value in results.about.items()),
        "\n" + "\n".join(f"- {name}: {value}" for name, value in results.versions.items()),
    ]
    parts += [f"- missing: {reason}" for reason in results.missing.values()]
    parts += [f"- failed: {what}: {shorten(reason, _REASON)}" for what, reason in results.failed.items()]
    pairs = list(_pairs(results))
    parts += ["", _DONE + "\n".join(map(_done, pairs))]
    parts += ["", _TOOK + "\n".join(_took(row) for row, _ in pairs)]
    if results.singles:
        head = "| figure | server | median | least to most |\n|---|---|--:|--:|\n"
        parts += ["", head + "\n".join(map(_single, results.singles))]
    parts += ["", *_two_workers(results), *_goals(results)]
    if changes:
        parts += ["Since the last committed run, with what moved by more than the spread:\n", *changes]
    return "\n".join(parts).rstrip() + "\n"


def ours_of(results: Results, row: Row) -> Row | None:
    """Find the row of Moorage that another server's row is compared with."""
    return results.find(row.workload, OURS_TLS if WORKLOADS[row.workload].tls else OURS)


def units_of(row: Row) -> tuple[str, str]:
    """Give the units of a row's rate and of what it costs its server."""
    return ("MB/s", "s/GB") if row.counts_bytes else ("/s", "µs")


def _pairs(results: Results) -> Iterator[tuple[Row, Row | None]]:
    for name in WORKLOADS:
        for row in (row for row in results.rows if row.workload == name):
            yield row, ours_of(results, row)


def _done(pair: tuple[Row, Row | None]) -> str:
    row, ours = pair
    rate, cost = units_of(row)
    cells = [
        _title(row),
        row.target + _company(row) + (" (void)" if row.void else ""),
        f"{with_spread(row.spread(lambda sample: sample.rate))} {rate}",
        f"{with_spread(row.spread(lambda sample: sample.cost))} {cost}" if _has_cost(row) else _NOTHING,
        f"{row.spread(lambda sample: sample.client_share).median:.0%}",
        _ratio(row, ours, lambda sample: sample.rate),
        _ratio(row, ours, lambda sample: sample.cost) if _has_cost(row) else _NOTHING,
    ]
    return f"| {' | '.join(cells)} |"


def _company(row: Row) -> str:
    found = [sample.company for sample in row.samples if sample.company is not None]
    return f", beside {with_spread(Spread.of(found))}" if found else ""


def _took(row: Row) -> str:
    cells = [
        _title(row),
        row.target,
        with_spread(row.spread(lambda sample: sample.p50)),
        with_spread(row.spread(lambda sample: sample.p99)),
        with_spread(row.spread(lambda sample: sample.memory)) if _has_cost(row) else _NOTHING,
    ]
    return f"| {' | '.join(cells)} |"


def _title(row: Row) -> str:
    return WORKLOADS[row.workload].title


def _has_cost(row: Row) -> bool:
    return any(sample.memory for sample in row.samples)


def _ratio(row: Row, ours: Row | None, what: Callable[[Sample], float]) -> str:
    if ours is None or ours is row:
        return ""
    found = ratios(row, ours, what)
    return _NOTHING if found is None else with_spread(found)


def with_spread(spread: Spread) -> str:
    """Write a median with the least and the most, where they differ."""
    if spread.least == spread.most:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.least)} to {number(spread.most)})"


def _single(single: Single) -> str:
    spread = single.spread
    least, most = number(spread.least), number(spread.most)
    return f"| {single.name} | {single.target} | {number(spread.median)} {single.unit} | {least} to {most} |"


def number(value: float) -> str:
    """Write a figure with as many digits as mean something."""
    for least, form in ((100, ",.0f"), (10, ".1f"), (0.1, ".2f")):
        if value >= least:
            return format(value, form)
    return f"{value:.3f}" if value else "0"


def _two_workers(results: Results) -> Iterator[str]:
    """Tell what two workers do for each second of processor time, beside what one does."""
    for name in sorted(OF_TWO_WORKERS):
        one = results.find(name, OURS)
        for form, where in ((OURS_TWO, "where the load is not"), (OURS_FULL, "on all cores, one of them the load's")):
            two = results.find(name, form)
            if one is None or two is None:
                continue
            found = ratios(one, two, lambda sample: sample.cost)
            rates = ratios(two, one, lambda sample: sample.rate)
            if found is not None and rates is not None:
                share = two.spread(lambda sample: sample.client_share).median
                yield (
                    f"- {WORKLOADS[name].title}: two workers {where} answer {with_spread(found)} of what one answers "
                    f"for each second of server processor, and {with_spread(rates)} of its rate; client busy "
                    f"{share:.0%}.\n"
                )


def _goals(results: Results) -> Iterator[str]:
    rows = [
        f"| {goal.text} | {'at least' if goal.at_least else 'at most'} {goal.wanted:g} | {with_spread(found)} "
        f"| {'yes' if holds else '**no**'} |"
        for goal, found, holds in judged(results)
    ]
    rows += [
        f"| {goal.text} | {'at least' if goal.at_least else 'at most'} {goal.wanted:g} | {_NOTHING} | not measured |"
        for goal in unjudged(results)
    ]
    if rows:
        yield "\n".join(["| held to | wanted | found | held |", "|---|--:|--:|---|", *rows, ""])
