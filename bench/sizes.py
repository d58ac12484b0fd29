"""How much is measured: the real thing, and a quick form that only proves that the benchmark runs."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of one run; bytes unless told otherwise."""

    rounds: int
    seconds: float  # of each load that repeats small operations
    middle: int  # of a blob
    large: int  # of a blob
    tags: int
    images: int
    batch: int
    page: int
    connections: int  # of the GETs and HEADs of small things
    crowd: int  # of the other loads' many-clients form
    pushes: int  # that go on at once while memory is watched
    push: int  # the size of each of them
    idle: int  # connections that say nothing
    starts: int  # starts in each round


FULL: Final = Sizes(
    rounds=5,
    seconds=2,
    middle=1_000_000,
    large=500_000_000,
    tags=10_000,
    images=10_000,
    batch=100,
    page=1000,
    connections=32,
    crowd=16,
    pushes=20,
    push=200_000_000,
    idle=1000,
    starts=3,
)
QUICK: Final = Sizes(
    rounds=1,
    seconds=0.2,
    middle=100_000,
    large=2_000_000,
    tags=50,
    images=50,
    batch=10,
    page=20,
    connections=4,
    crowd=2,
    pushes=2,
    push=1_000_000,
    idle=20,
    starts=1,
)
