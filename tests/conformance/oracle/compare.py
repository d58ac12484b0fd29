"""Cases decided by both, and what the explained differences had to do with it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.oracle.evaluate import ours, theirs
from conformance.oracle.explained import EXPLAINED, rewritten
from conformance.oracle.generate import Case

MOST = 0.02  # the share of cases that may be explained at all
MARGIN = 3  # cases of a kind that chance may add where the cases are few
OUTCOMES = frozenset({"ALLOWED", "EXPLICIT_DENY", "IMPLICIT_DENY"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out: ``wrong`` in words, the outcomes, and how many cases each explained difference decided."""

    cases: int
    wrong: tuple[str, ...]
    outcomes: Counter[str]
    explained: int
    kinds: Counter[str]

    @property
    def complaints(self) -> list[str]:
        """Say what is not as it has to be."""
        found = [f"{len(self.wrong)} of {self.cases} differ, the first: {self.wrong[0]}"] if self.wrong else []
        if self.explained > MOST * self.cases:
            found.append(f"{self.explained} of {self.cases} are explained, at most {MOST:.1%} may be")
        found += [
            f"{self.kinds[difference.name]} of {self.cases} are explained by: {difference.name}"
            for difference in EXPLAINED
            if self.kinds[difference.name] > difference.most * self.cases + MARGIN
        ]
        return found

    @property
    def idle(self) -> list[str]:
        """Name the differences that decided nothing."""
        return [difference.name for difference in EXPLAINED if not self.kinds[difference.name]]


def compare(cases: Sequence[Case], tools: Path) -> Comparison:
    """Ask both; the oracle once more in the case's own words where these had to be others."""
    asked = [rewritten(case) for case in cases]
    mine, right = [ours(case) for case in cases], _answers(asked, tools)
    wrong = tuple(
        f"{own}, but the oracle says {other}: {case}"
        for case, own, other in zip(cases, mine, right, strict=True)
        if own != other
    )
    others = [(case, other) for case, words, other in zip(cases, asked, right, strict=True) if words != case]
    plain = _answers([case for case, _ in others], tools)
    explained = [(case, found) for (case, other), found in zip(others, plain, strict=True) if found != other]
    return Comparison(len(cases), wrong, Counter(mine), len(explained), _kinds(explained, tools))


def _kinds(explained: Sequence[tuple[Case, str]], tools: Path) -> Counter[str]:
    """Count the differences by which alone the oracle changes its mind, or those that do it together."""
    applied = [
        (index, difference.name, anew, plain)
        for index, (case, plain) in enumerate(explained)
        for difference in EXPLAINED
        if (anew := difference.rewrite(case)) != case
    ]
    answers = _answers([anew for _, _, anew, _ in applied], tools)
    alone = [(index, name) for (index, name, _, plain), found in zip(applied, answers, strict=True) if found != plain]
    decided = {index for index, _ in alone}
    together = [(index, name) for index, name, _, _ in applied if index not in decided]
    return Counter(name for _, name in (*alone, *together))


def _answers(cases: Sequence[Case], tools: Path) -> list[str]:
    answers = theirs(cases, tools)
    if len(answers) != len(cases):
        raise RuntimeError(f"the oracle answered {len(answers)} of {len(cases)} cases")
    return answers
