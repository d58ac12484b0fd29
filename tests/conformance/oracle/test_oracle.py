"""Generated cases are decided as the oracle decides them, but for the differences that are explained."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from conformance.oracle.evaluate import ours, theirs
from conformance.oracle.explained import EXPLAINED, Difference
from conformance.oracle.generate import Case, Generator

TOOLS = Path(__file__).parents[3] / ".tools" / "oracle"
MANY = 20_000


def compare(cases: list[Case]) -> None:
    answers = theirs(cases, TOOLS)
    assert len(answers) == len(cases)
    wrong = [text for case, theirs in zip(cases, answers, strict=True) if (text := _difference(case, theirs))]
    assert not wrong, f"{len(wrong)} of {len(cases)} differ, the first: {wrong[0]}"


def _difference(case: Case, theirs: str) -> str:
    mine = ours(case)
    if mine == theirs or any(difference.applies(case) for difference in EXPLAINED):
        return ""
    return f"{mine}, but the oracle says {theirs}: {case}"


def _outcomes(cases: Iterable[Case]) -> set[str]:
    return set(map(ours, cases))


def test_a_thousand_cases_are_decided_as_the_oracle_does() -> None:
    generator = Generator(20_261_124)
    cases = [generator.case() for _ in range(1_000)]
    assert _outcomes(cases) == {"ALLOWED", "EXPLICIT_DENY", "IMPLICIT_DENY"}
    compare(cases)


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("seed", [7])
def test_many_cases_are_decided_as_the_oracle_does(seed: int) -> None:
    generator = Generator(seed)
    compare([generator.case() for _ in range(MANY)])


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("difference", EXPLAINED, ids=lambda difference: difference.name)
def test_an_explanation_is_still_needed(difference: Difference) -> None:
    """Where the oracle has come round, the explanation goes."""
    generator = Generator(7)
    cases = [case for case in (generator.case() for _ in range(MANY)) if difference.applies(case)]
    answers = theirs(cases, TOOLS)
    assert any(ours(case) != answer for case, answer in zip(cases, answers, strict=True))
