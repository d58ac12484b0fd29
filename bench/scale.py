"""Growth: one registry filled to 1,000, 100,000 and 1,000,000 images, the workloads at each size.

``make bench-scale``. Half of the images are in one repository, which is the one that is asked; the rest are spread
over a thousand others.
"""

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import msgspec
from bench import fill, moorage
from bench.about import about
from bench.figures import Results, Spread
from bench.forms import FOLDERS, NOTHING_MEASURED, Form, tell_folder
from bench.growing import GROWING, OF_ANY, walked
from bench.lineup import OURS
from bench.measure import measure_all, tell_failures
from bench.peers import SCRATCH, scratch_folder
from bench.processes import CLIENT_CORE, memory_of, pin
from bench.report import number, with_spread
from bench.sizes import FULL, QUICK, Sizes
from bench.stock import Stock
from bench.svg import lines
from bench.targets import Target
from bench.workloads import Bench

_STEPS: Final = (1_000, 100_000, 1_000_000)
_QUICK_STEPS: Final = (100, 400)
_ALLOWED: Final = 2.0  # times the cost at the first size
_REMEMBERED: Final = 10_000  # images of the large repository: of more, a worker does not remember all
_INTRODUCTION: Final = (
    "Written by `make bench-scale`: server processor time in µs for each operation, in one registry that grows; "
    "medians of all rounds, with the least and the most in brackets. "
    f"Nothing may cost more than {_ALLOWED:.0f} times what it costs at the first size. What asks for any of all images "
    "is compared from the first size of which a worker does not remember all: of a smaller registry it looks nothing "
    "up. The last column compares with that one all the same.\n"
)


@dataclass(slots=True)
class Growth:
    """Server µs of each workload at each size, and what the size itself costs."""

    about: dict[str, str]
    steps: tuple[int, ...]
    costs: dict[str, list[Spread]] = field(default_factory=dict)
    started: list[float] = field(default_factory=list)  # seconds to the first answer
    memory: list[float] = field(default_factory=list)  # MB after the workloads
    database: list[float] = field(default_factory=list)  # MB on the disk
    filled: list[float] = field(default_factory=list)  # seconds that it took to come from one size to the next

    def growth(self, workload: str) -> float:
        """Tell how many times its first cost a workload costs at its dearest size."""
        return _dearest(self.costs[workload][self.first(workload) :])

    def first(self, workload: str) -> int:
        """Give the place of the size that a workload's other sizes are compared with."""
        if workload not in OF_ANY:
            return 0
        return next((place for place, step in enumerate(self.steps) if step // 2 > _REMEMBERED), 0)

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @staticmethod
    def from_json(told: bytes) -> "Growth":
        return msgspec.json.decode(told, type=Growth)

    @property
    def excessive(self) -> list[str]:
        return [name for name in self.costs if self.growth(name) > _ALLOWED]


def grow(form: Form, sizes: Sizes, steps: tuple[int, ...], folder: Path) -> tuple[Growth, dict[str, str]]:
    """Fill and measure, one size after the other; each on a server that has just been started."""
    growth, failed, filled = Growth(about(form), steps), dict[str, str](), 0
    goods = Stock.new(sizes.middle, sizes.middle)
    bench = Bench(sizes, goods, folder)
    for step in steps:
        target = moorage.start(folder / "data")
        try:
            moorage.prepare(target)
            if not filled:
                fill.stock(target, goods)
            growth.filled.append(_fill(target, filled, step))
            filled = step
        finally:
            target.stop()
        target = moorage.start(folder / "data")
        try:
            growth.started.append(target.started)
            held = replace(bench, sizes=replace(sizes, images=step // 2))
            _measure(growth, held, target, failed)
        finally:
            target.stop()
    return growth, failed


def _dearest(spreads: Sequence[Spread]) -> float:
    """Tell how many times the first median the largest one is."""
    medians = [spread.median for spread in spreads]
    return max(medians) / medians[0] if medians and medians[0] else 0.0


def _fill(target: Target, first: int, last: int) -> float:
    """Put images there, the last ones by these numbers; give the seconds that it took."""
    server = moorage.running(target)
    began = time.perf_counter()

    def told(done: int) -> None:
        if done % 50_000 == 0 or done == last:
            print(f"filled {done:,} images after {time.perf_counter() - began:.0f} s", flush=True)

    fill.generate(target.data, fill.registry_of(server.account_id, server.region), first, last, told=told)
    return time.perf_counter() - began


def _measure(growth: Growth, bench: Bench, target: Target, failed: dict[str, str]) -> None:
    moorage.prepare(target)
    bench, results = walked(bench, target), Results({})
    target.sleep()
    measure_all(GROWING.values(), bench, [target], results)
    failed.update(results.failed)
    for name in GROWING:
        row = results.find(name, OURS)
        if row is not None:
            growth.costs.setdefault(name, []).append(row.spread(lambda sample: sample.cost))
    target.wake()
    growth.memory.append(memory_of(target.pid))
    growth.database.append(sum(path.stat().st_size for path in target.data.glob("metadata.sqlite3*")) / 1e6)


def markdown(growth: Growth) -> str:
    sizes = [f"{step:,}" for step in growth.steps]
    head = ["work", *(f"{size} images" for size in sizes), "dearest ÷ first", f"dearest ÷ that at {sizes[0]}"]
    told = [
        "# Growth\n",
        _INTRODUCTION,
        *(f"- {name}: {value}" for name, value in growth.about.items()),
        "",
        f"| {' | '.join(head)} |",
        f"|---|{'--:|' * (len(growth.steps) + 2)}",
    ]
    for name, spreads in growth.costs.items():
        mark = " (more than allowed)" if name in growth.excessive else ""
        ratios = (f"{growth.growth(name):.2f}", f"{_dearest(spreads):.2f}")
        cells = [GROWING[name].title + mark, *map(with_spread, spreads), *ratios]
        told.append(f"| {' | '.join(cells)} |")
    others: Mapping[str, Sequence[float]] = {
        "start to first answer, s": growth.started,
        "memory, MB": growth.memory,
        "database, MB": growth.database,
        "filled from the size before, s": growth.filled,
    }
    told += [f"| {name} | {' | '.join(map(number, values))} | | |" for name, values in others.items() if values]
    return "\n".join(told) + "\n"


def write(growth: Growth, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "growth.json").write_bytes(growth.to_json())
    tell(out)


def tell(out: Path) -> None:
    """Write the page and the picture of the JSON that is there, say the page, and where it is."""
    growth = Growth.from_json((out / "growth.json").read_bytes())
    page = markdown(growth)
    (out / "growth.md").write_text(page, encoding="utf-8")
    relative = {
        name: [each.median / (spreads[growth.first(name)].median or 1) for each in spreads]
        for name, spreads in growth.costs.items()
    }
    ticks = [f"{step:,}" for step in growth.steps]
    picture = lines("Cost of an operation in a growing registry", "times its cost at the first size", ticks, relative)
    (out / "growth.svg").write_text(picture, encoding="utf-8")
    print(page)
    tell_folder(out)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for."""

    form: Form
    sizes: Sizes
    steps: tuple[int, ...]
    out: Path
    scratch: Path
    rewrite: bool


def read_options(words: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(prog="bench.scale", description="Measure Moorage while it grows.")
    parser.add_argument("--quick", action="store_true", help="prove that everything runs; the figures mean nothing")
    parser.add_argument("--steps", type=int, nargs="+", help="other numbers of images than these: " + str(_STEPS))
    parser.add_argument("--rewrite", action="store_true", help="measure nothing: write page and picture from the JSON")
    parser.add_argument("--out", type=Path, help=FOLDERS)
    parser.add_argument("--scratch", type=Path, default=SCRATCH, help="a folder on the disk that is measured")
    told = parser.parse_args(words)
    form = Form.of(quick=told.quick, partial=bool(told.steps))
    if told.rewrite and form is not Form.FULL:
        parser.error(NOTHING_MEASURED)
    sizes = QUICK if told.quick else replace(FULL, rounds=3)
    steps = tuple(told.steps or (_QUICK_STEPS if told.quick else _STEPS))
    return Options(form, sizes, steps, (told.out or form.folder).resolve(), told.scratch, told.rewrite)


def run(options: Options) -> int:
    if options.rewrite:
        tell(options.out)
        return 0
    pin(CLIENT_CORE)
    with scratch_folder(options.scratch) as folder:
        growth, failed = grow(options.form, options.sizes, options.steps, folder)
    write(growth, options.out)
    tell_failures(failed)
    return 1 if failed or (growth.excessive and options.form is not Form.QUICK) else 0


if __name__ == "__main__":
    sys.exit(run(read_options(sys.argv[1:])))
