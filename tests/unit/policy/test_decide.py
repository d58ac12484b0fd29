"""A denial is told in AWS's words (spec/ecr/iam.md section 5)."""

import pytest

from moorage.policy.decide import Decision, Outcome, Side, denial
from moorage.policy.request import Request, Requester, RequesterType

ALICE = Requester("111122223333", "arn:aws:iam::111122223333:user/alice", "AIDAEXAMPLEEXAMPLE12", RequesterType.USER)
REPOSITORY = "arn:aws:ecr:us-east-1:111122223333:repository/app"
ASKED = f"User: {ALICE.arn} is not authorized to perform: ecr:PutImage on resource: {REPOSITORY}"


@pytest.mark.parametrize(
    ("outcome", "side", "reason"),
    [
        (Outcome.IMPLICIT_DENY, Side.IDENTITY, "because no identity-based policy allows the ecr:PutImage action"),
        (Outcome.IMPLICIT_DENY, Side.RESOURCE, "because no resource-based policy allows the ecr:PutImage action"),
        (Outcome.EXPLICIT_DENY, Side.IDENTITY, "with an explicit deny in an identity-based policy"),
        (Outcome.EXPLICIT_DENY, Side.RESOURCE, "with an explicit deny in a resource-based policy"),
    ],
)
def test_a_denial_says_which_side_it_comes_from(outcome: Outcome, side: Side, reason: str) -> None:
    request = Request(ALICE, "ecr:PutImage", REPOSITORY, "111122223333")
    assert denial(Decision(outcome, side=side), request) == f"{ASKED} {reason}"


def test_an_action_without_resource_is_denied_on_a_star() -> None:
    request = Request(ALICE, "ecr:GetAuthorizationToken", "*", "111122223333")
    told = denial(Decision(Outcome.IMPLICIT_DENY, side=Side.IDENTITY), request)
    assert "ecr:GetAuthorizationToken on resource: * because" in told
