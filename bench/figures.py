"""What was measured: samples, the rows they make, medians, spreads, and ratios round by round."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from bench.load import Load

BUSY: Final = 0.9  # a client busier than this may itself have been the limit


@dataclass(frozen=True, slots=True)
class Sample:
    """One load on one server, with what it cost both sides."""

    operations: int
    seconds: float
    server_cpu: float  # seconds
    client_cpu: float  # seconds
    p50: float  # ms
    p99: float  # ms
    size: int
    memory: float  # MB
    company: int | None = None  # of a crowd, who were still there at the end

    @classmethod
    def of(cls, load: Load, *, server_cpu: float, memory: float, company: int | None) -> "Sample":
        times = load.p50, load.p99
        return cls(load.operations, load.seconds, server_cpu, load.client_cpu, *times, load.size, memory, company)

    @property
    def rate(self) -> float:
        """Operations a second, or MB a second where bytes are what counts."""
        return (self.size / 1e6 if self.size else self.operations) / self.seconds

    @property
    def cost(self) -> float:
        """Server µs for each operation, or seconds for each GB."""
        if self.size:
            return self.server_cpu / (self.size / 1e9)
        return self.server_cpu / self.operations * 1e6

    @property
    def client_share(self) -> float:
        return self.client_cpu / self.seconds


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some rounds, and between what they lay."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        found = list(values)
        return cls(statistics.median(found), min(found), max(found))

    def moved_from(self, old: "Spread") -> bool:
        """Tell whether neither median lies where the other's rounds lay."""
        return not (old.least <= self.median <= old.most or self.least <= old.median <= self.most)


@dataclass(slots=True)
class Row:
    """One workload on one server, a sample for each round."""

    workload: str
    target: str
    samples: list[Sample] = field(default_factory=list)

    def spread(self, what: Callable[[Sample], float]) -> Spread:
        return Spread.of(what(sample) for sample in self.samples)

    @property
    def void(self) -> bool:
        return self.spread(lambda sample: sample.client_share).median > BUSY

    @property
    def counts_bytes(self) -> bool:
        return any(sample.size for sample in self.samples)


@dataclass(frozen=True, slots=True)
class Single:
    """A figure that is no load: a start, memory, a decision; one value for each round."""

    name: str
    target: str
    unit: str
    values: Sequence[float]

    @property
    def spread(self) -> Spread:
        return Spread.of(self.values)


@dataclass(slots=True)
class Results:
    """All that a run found out."""

    about: dict[str, str]
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # work that ended early, with the reason
    rows: list[Row] = field(default_factory=list)
    singles: list[Single] = field(default_factory=list)
    where: dict[str, dict[str, float]] = field(default_factory=dict)  # µs of each room, by route

    def row(self, workload: str, target: str) -> Row:
        for row in self.rows:
            if (row.workload, row.target) == (workload, target):
                return row
        self.rows.append(Row(workload, target))
        return self.rows[-1]

    def find(self, workload: str, target: str) -> Row | None:
        return next((row for row in self.rows if (row.workload, row.target) == (workload, target)), None)

    def to_json(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @staticmethod
    def from_json(told: bytes) -> "Results":
        return msgspec.json.decode(told, type=Results)


def ratios(row: Row, ours: Row, what: Callable[[Sample], float]) -> Spread | None:
    """Give a row's figure over ours, round by round: machines drift, and both rounds drifted alike."""
    pairs = [(what(other), what(own)) for other, own in zip(row.samples, ours.samples, strict=False)]
    found = [other / own for other, own in pairs if own]
    return Spread.of(found) if found else None
