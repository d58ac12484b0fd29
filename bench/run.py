"""Measure Moorage beside its peers on this machine: ``make bench``, or ``python -m bench.run --help``.

The servers have one core, the load another; each piece of work is done by all of them before the next is begun, and
all of it again in each round. Absolute figures are this machine's, on this day: read the ratios.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.about import about, committed
from bench.compare import compare
from bench.decisions import time_decisions
from bench.figures import Results
from bench.forms import COMMITTED, FOLDERS, NOTHING_MEASURED, Form, tell_folder
from bench.goals import passed
from bench.lineup import NAMES, OURS, lined_up
from bench.measure import measure_all, tell_failures
from bench.peers import SCRATCH, scratch_folder
from bench.plots import draw_all
from bench.processes import CLIENT_CORE, pin
from bench.report import markdown
from bench.resident import watch_residents
from bench.sizes import FULL, QUICK, Sizes
from bench.stock import Stock
from bench.tables import WORKLOADS
from bench.where import draw_where, look_where
from bench.workloads import Bench

_EVERYTHING = (*WORKLOADS, "resident", "decisions", "where")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    form: Form
    sizes: Sizes
    only: Sequence[str]
    peers: Sequence[str]
    out: Path
    scratch: Path
    rewrite: bool


def read_options(words: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="bench.run", description="Measure Moorage beside its peers.")
    parser.add_argument("--quick", action="store_true", help="prove that everything runs; the figures mean nothing")
    parser.add_argument("--only", nargs="+", choices=_EVERYTHING, metavar="WORKLOAD", help="these alone")
    parser.add_argument("--peers", nargs="+", choices=NAMES, default=list(NAMES), help="these servers alone")
    parser.add_argument("--rewrite", action="store_true", help="measure nothing: write page and pictures from the JSON")
    parser.add_argument("--out", type=Path, help=FOLDERS)
    parser.add_argument("--scratch", type=Path, default=SCRATCH, help="a folder on the disk that is measured")
    told = parser.parse_args(words)
    only = told.only or list(_EVERYTHING)
    form = Form.of(quick=told.quick, partial=not {*only, *told.peers}.issuperset({*_EVERYTHING, *NAMES}))
    if told.rewrite and form is not Form.FULL:
        parser.error(NOTHING_MEASURED)
    sizes, out = QUICK if told.quick else FULL, told.out or form.folder
    return Options(form, sizes, only, told.peers, out.resolve(), told.scratch, told.rewrite)


def run(options: Options) -> int:
    if options.rewrite:
        tell(options.out)
        return 0
    results = Results(about(options.form))
    pin(CLIENT_CORE)
    with scratch_folder(options.scratch) as folder:
        goods = Stock.new(options.sizes.middle, options.sizes.large)
        bench = Bench(options.sizes, goods, folder)
        workloads = [workload for name, workload in WORKLOADS.items() if name in options.only]
        if workloads:
            with lined_up(options.peers, bench, results) as targets:
                measure_all(workloads, bench, targets, results)
        if "resident" in options.only:
            watch_residents(options.peers, bench, results)
    if "decisions" in options.only and OURS in options.peers:
        time_decisions(options.sizes, results)
    if "where" in options.only and OURS in options.peers:
        look_where(options.sizes, results)
    write(results, options.out)
    tell_failures(results.failed)
    return 1 if results.failed or tell_passed(options, results) else 0


def tell_passed(options: Options, results: Results) -> bool:
    """Tell which limits were passed that no run may pass; the quick form's figures mean nothing."""
    found = [] if options.form is Form.QUICK else list(passed(results))
    for one in found:
        print(f"limit passed: {one}", file=sys.stderr)
    return bool(found)


def write(results: Results, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.json").write_bytes(results.to_json())
    tell(out)


def tell(out: Path) -> None:
    """Write the page and the pictures of the JSON that is there, say the page, and where it is."""
    told = (out / "results.json").read_bytes()
    results, old = Results.from_json(told), committed(COMMITTED / "results.json", other_than=told)
    page = markdown(results, [] if old is None else compare(results, Results.from_json(old)))
    (out / "results.md").write_text(page, encoding="utf-8")
    draw_all(results, out)
    draw_where(results, out)
    print(page)
    tell_folder(out)


if __name__ == "__main__":
    sys.exit(run(read_options(sys.argv[1:])))
