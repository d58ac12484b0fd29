"""Generated cases are decided as the oracle decides them, but for the differences that are explained."""

from collections import Counter
from pathlib import Path

import pytest

from conformance.oracle.compare import OUTCOMES, Comparison, compare
from conformance.oracle.evaluate import ours
from conformance.oracle.explained import EXPLAINED, Difference
from conformance.oracle.generate import Case, Generator

TOOLS = Path(__file__).parents[3] / ".tools" / "oracle"
FEW, MANY = 1_000, 20_000
SEED = 7
LIMIT = 3_000  # seconds: the oracle takes some milliseconds for each, and many more on a machine that does other things


def generated(seed: int, count: int) -> list[Case]:
    generator = Generator(seed)
    return [generator.case() for _ in range(count)]


@pytest.fixture(scope="module")
def many() -> Comparison:
    return compare(generated(SEED, MANY), TOOLS)


def test_a_thousand_cases_are_decided_as_the_oracle_does() -> None:
    found = compare(generated(20_261_124, FEW), TOOLS)
    assert set(found.outcomes) == OUTCOMES
    assert not found.complaints


@pytest.mark.nightly
@pytest.mark.timeout(LIMIT)
def test_many_cases_are_decided_as_the_oracle_does(many: Comparison) -> None:
    assert not many.complaints


@pytest.mark.nightly
@pytest.mark.timeout(LIMIT)
def test_every_explanation_is_needed(many: Comparison) -> None:
    """Where the oracle has come round, the explanation goes."""
    assert not many.idle


@pytest.mark.parametrize("difference", EXPLAINED, ids=lambda difference: difference.name)
def test_other_words_mean_the_same_here(difference: Difference) -> None:
    """An explanation tells this evaluator's own rule: asked in its words, it decides as before."""
    for case in generated(11, 200):
        assert ours(difference.rewrite(case)) == ours(case), case


def test_too_many_explained_cases_are_told() -> None:
    name = EXPLAINED[0].name
    found = Comparison(100, (), Counter(ALLOWED=100), 2, Counter({name: 4}))
    assert found.complaints == [f"4 of 100 are explained by: {name}"]
    assert found.idle == [difference.name for difference in EXPLAINED[1:]]
    assert Comparison(100, (), Counter(), 3, Counter()).complaints == ["3 of 100 are explained, at most 2.0% may be"]


def test_a_wrong_decision_is_told() -> None:
    (told,) = Comparison(100, ("ALLOWED, but",), Counter(), 0, Counter()).complaints
    assert told == "1 of 100 differ, the first: ALLOWED, but"
