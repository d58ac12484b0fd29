"""The forms of a run, and where the results of each go: only a full one writes over those that are committed."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from bench.peers import ROOT, SCRATCH

COMMITTED: Final = ROOT / "docs/benchmarks"
ELSEWHERE: Final = SCRATCH / "benchmarks"
# What both command lines say of themselves.
FOLDERS: Final = "where the results go; else docs/benchmarks, or .cache/benchmarks where not everything is measured"
NOTHING_MEASURED: Final = "--rewrite measures nothing, so there is nothing to choose"


class Form(StrEnum):
    """How much of everything is measured, as the results tell it."""

    FULL = "full"
    PART = "a part"
    QUICK = "quick, so the figures mean nothing"

    @classmethod
    def of(cls, *, quick: bool, partial: bool) -> "Form":
        if quick:
            return cls.QUICK
        return cls.PART if partial else cls.FULL

    @property
    def folder(self) -> Path:
        return COMMITTED if self is Form.FULL else ELSEWHERE


def tell_folder(out: Path) -> None:
    print(f"written to {out.relative_to(ROOT) if out.is_relative_to(ROOT) else out}")
