"""What Moorage is held to: ratios against peers in the same run, and a few absolute figures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bench.decisions import BEFORE, LOADED, SIGNED
from bench.figures import Results, Sample, Spread, ratios
from bench.lineup import OURS, OURS_TLS, OURS_TWO
from bench.resident import PUSHES, REST
from bench.tables import WORKLOADS

Measure = Callable[[Sample], float]


def _rate(sample: Sample) -> float:
    return sample.rate


def _cost(sample: Sample) -> float:
    return sample.cost


@dataclass(frozen=True, slots=True)
class Goal:
    """One server's figure over another's, in one workload."""

    workload: str
    measure: Measure
    over: str
    under: str
    wanted: float
    at_least: bool = True
    against: str | None = None  # the other workload, where two of one server are compared

    @property
    def text(self) -> str:
        what = "rate" if self.measure is _rate else "server processor"
        under = self.under if self.against is None else WORKLOADS[self.against].title
        return f"{WORKLOADS[self.workload].title}: {what}, {self.over} ÷ {under}"

    def find(self, results: Results) -> Spread | None:
        """Give the ratios, or None where a row is missing or void."""
        over, under = results.find(self.workload, self.over), results.find(self.against or self.workload, self.under)
        if over is None or under is None or over.void or under.void:
            return None
        return ratios(over, under, self.measure)


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure of Moorage's own that must not be passed."""

    single: str
    unit: str
    wanted: float
    at_least: bool = False
    binding: bool = False  # a run that passes it fails

    @property
    def text(self) -> str:
        return f"{self.single}, {self.unit}"

    def find(self, results: Results) -> Spread | None:
        found = [single for single in results.singles if (single.name, single.target) == (self.single, OURS)]
        return found[0].spread if found else None


_PEER: Final = "docker-registry"


def _beside_newer(name: str) -> tuple[Goal, ...]:
    """Give what is held beside one of the newer registries, which run without authentication here."""
    return (
        Goal("manifest-get-tag", _cost, name, OURS, 3),
        Goal("push-small-1", _cost, name, OURS, 2),
        Goal("push-500mb", _rate, OURS, name, 1),
        Goal("blob-500mb-1", _rate, OURS, name, 1),
        Goal("blob-500mb-16", _rate, OURS, name, 1),
    )


GOALS: Final[tuple[Goal | Limit, ...]] = (
    Goal("manifest-get-tag", _cost, _PEER, OURS, 12),
    Goal("manifest-get-tag", _cost, OURS, "nginx", 3, at_least=False),
    Goal("push-small-1", _cost, _PEER, OURS, 10),
    Goal("push-small-1", _rate, OURS, _PEER, 5),
    Goal("push-500mb", _rate, OURS, _PEER, 2),
    Goal("push-500mb", _rate, OURS, "dd", 0.85),
    Goal("blob-500mb-1", _rate, OURS, "nginx", 0.9),
    Goal("blob-500mb-1", _cost, OURS, "nginx", 2.5, at_least=False),
    Goal("blob-500mb-1-tls", _rate, OURS_TLS, "nginx TLS", 1.3),
    *_beside_newer("distribution"),
    *_beside_newer("zot"),
    Goal("manifest-get-tag", _cost, OURS, OURS_TWO, 0.85),
    Goal("manifest-head-tag", _cost, OURS, OURS_TWO, 0.85),
    Goal("push-small-16", _cost, OURS, OURS_TWO, 0.85),
    Goal("manifest-get-dripped", _rate, OURS, OURS, 0.8, against="manifest-get-tag"),
    Goal("manifest-get-stopped", _rate, OURS, OURS, 0.8, against="manifest-get-tag"),
    Goal("manifest-get-stalled", _rate, OURS, OURS, 0.8, against="manifest-get-tag"),
    Limit(BEFORE, "µs", 30, binding=True),
    Limit(LOADED, "µs", 30, binding=True),
    Limit(SIGNED, "µs", 120, binding=True),
    Limit(REST, "MB", 100),
    Limit(PUSHES, "MB", 180),
)


def judged(results: Results) -> Iterator[tuple[Goal | Limit, Spread, bool]]:
    """Give each goal that this run can judge, what was found, and whether it holds."""
    for goal in GOALS:
        found = goal.find(results)
        if found is not None:
            yield goal, found, found.median >= goal.wanted if goal.at_least else found.median <= goal.wanted


def unjudged(results: Results) -> Iterator[Goal | Limit]:
    """Give the goals that this run says nothing of: a server or a workload was missing, or its client too busy."""
    return (goal for goal in GOALS if goal.find(results) is None)


def passed(results: Results) -> Iterator[str]:
    """Tell the binding limits that a run did not keep to."""
    for goal, found, holds in judged(results):
        if isinstance(goal, Limit) and goal.binding and not holds:
            yield f"{goal.text}: at most {goal.wanted:g}, found {found.median:.3g}"
