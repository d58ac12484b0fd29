"""A denial is told in AWS's words (spec/ecr/iam.md section 5)."""

import json

import pytest

from moorage.policy.compiled import Compiled
from moorage.policy.decide import NO_POLICIES, Decision, Outcome, ResourcePolicies, Side, decide, denial
from moorage.policy.elements import Attached, Source
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
        (Outcome.IMPLICIT_DENY, Side.BOUNDARY, "because no permissions boundary allows the ecr:PutImage action"),
        (Outcome.EXPLICIT_DENY, Side.BOUNDARY, "with an explicit deny in a permissions boundary"),
        (Outcome.IMPLICIT_DENY, Side.SESSION, "because no session policy allows the ecr:PutImage action"),
        (Outcome.EXPLICIT_DENY, Side.SESSION, "with an explicit deny in a session policy"),
    ],
)
def test_a_denial_says_which_side_it_comes_from(outcome: Outcome, side: Side, reason: str) -> None:
    request = Request(ALICE, "ecr:PutImage", REPOSITORY, "111122223333")
    assert denial(Decision(outcome, side=side), request) == f"{ASKED} {reason}"


def test_an_action_without_resource_is_denied_on_a_star() -> None:
    request = Request(ALICE, "ecr:GetAuthorizationToken", "*", "111122223333")
    told = denial(Decision(Outcome.IMPLICIT_DENY, side=Side.IDENTITY), request)
    assert "ecr:GetAuthorizationToken on resource: * because" in told


def test_a_registrys_policy_of_the_first_scope_is_asked_about_a_few_actions_alone() -> None:
    """REGISTRY_POLICY_SCOPE V1: replication, pull-through and creation (spec/ecr/policies.md section 10)."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    registry = Compiled.stored([(Attached(Source.REGISTRY, "registry policy"), text)])
    policies = ResourcePolicies(registry=registry, reach=frozenset({"ecr:CreateRepository"}))
    allowed = {
        action: decide(Request(ALICE, action, REPOSITORY, "111122223333"), NO_POLICIES, policies).allowed
        for action in ("ecr:CreateRepository", "ecr:PutImage")
    }
    assert allowed == {"ecr:CreateRepository": True, "ecr:PutImage": False}
