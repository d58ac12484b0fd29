"""Of generated cases the reasons are those of the decision: no statement is named that did not make it."""

from conformance.oracle.evaluate import reasons_for
from conformance.oracle.generate import Generator
from moorage.policy.decide import Outcome, Side


def test_reasons_and_decisions_agree() -> None:
    generator = Generator(20_261_125)
    for case in (generator.case() for _ in range(2_000)):
        found = reasons_for(case)
        decision = found.decision
        denials = {ref for place in found.places for ref in place.denials}
        assert (decision.outcome is Outcome.EXPLICIT_DENY) is bool(denials), case
        assert set(decision.because) <= denials | {ref for place in found.places for ref in place.allowances}, case
        if decision.allowed:
            assert set(decision.because) <= set(found.matched), case
        elif decision.outcome is Outcome.IMPLICIT_DENY:
            assert decision.side in found.silent, case
            place = found.at(decision.side or Side.IDENTITY)
            assert place is None or not place.allowances, case
