"""Who becomes a role: the trust policy has the last word, inside an account too."""

import json

import pytest

from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, Outcome, Side
from moorage.policy.elements import Attached, Source
from moorage.policy.request import Request, Requester, RequesterType
from moorage.policy.trust import decide_trust, trust_reasons

ROLE = "arn:aws:iam::111122223333:role/builder"
ADA = Requester("111122223333", "arn:aws:iam::111122223333:user/ada", "AIDAADA", RequesterType.USER)
EVE = Requester("444455556666", "arn:aws:iam::444455556666:user/eve", "AIDAEVE", RequesterType.USER)
PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"
TOKEN = Requester("111122223333", PROVIDER, "subject", RequesterType.WEB_IDENTITY)
SERVICE = Requester("111122223333", "ec2.amazonaws.com", "ec2.amazonaws.com", RequesterType.SERVICE)
NOTHING, EVERYTHING = "ecr:None", "*"


def trust(principal: object, effect: str = "Allow", member: str = "Principal") -> Compiled:
    statement = {"Effect": effect, member: principal, "Action": ["sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"]}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return Compiled.stored([(Attached(Source.TRUST, "trust policy", "role builder"), text)])


def caller(action: str, effect: str = "Allow") -> CallerPolicies:
    statement = {"Effect": effect, "Action": action, "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return CallerPolicies(Compiled.stored([(Attached(Source.INLINE, "p", "user ada"), text)]))


def ask(requester: Requester) -> Request:
    web = requester.type is RequesterType.WEB_IDENTITY
    action = "sts:AssumeRoleWithWebIdentity" if web else "sts:AssumeRole"
    return Request(requester, action, ROLE, "111122223333")


@pytest.mark.parametrize(
    ("requester", "own", "principal", "outcome", "side"),
    [
        (ADA, EVERYTHING, {"AWS": "111122223333"}, Outcome.ALLOWED, None),
        (ADA, NOTHING, {"AWS": "111122223333"}, Outcome.IMPLICIT_DENY, Side.IDENTITY),
        (ADA, NOTHING, {"AWS": ADA.arn}, Outcome.ALLOWED, None),
        (ADA, EVERYTHING, {"AWS": EVE.arn}, Outcome.IMPLICIT_DENY, Side.RESOURCE),
        (ADA, EVERYTHING, {"AWS": "444455556666"}, Outcome.IMPLICIT_DENY, Side.RESOURCE),
        (ADA, NOTHING, "*", Outcome.ALLOWED, None),
        (EVE, EVERYTHING, {"AWS": "444455556666"}, Outcome.ALLOWED, None),
        (EVE, EVERYTHING, {"AWS": "111122223333"}, Outcome.IMPLICIT_DENY, Side.RESOURCE),
        (EVE, NOTHING, {"AWS": EVE.arn}, Outcome.IMPLICIT_DENY, Side.IDENTITY),
        (TOKEN, NOTHING, {"Federated": PROVIDER}, Outcome.ALLOWED, None),
        (TOKEN, NOTHING, {"Federated": f"{PROVIDER}/x"}, Outcome.IMPLICIT_DENY, Side.RESOURCE),
        (TOKEN, NOTHING, "*", Outcome.IMPLICIT_DENY, Side.RESOURCE),
        (TOKEN, NOTHING, {"AWS": "111122223333"}, Outcome.IMPLICIT_DENY, Side.RESOURCE),
    ],
)
def test_both_the_role_and_the_caller_s_account_have_a_say(
    requester: Requester, own: str, principal: object, outcome: Outcome, side: Side | None
) -> None:
    policies, role = caller(own), trust(principal)
    decision = decide_trust(ask(requester), policies, role)
    assert (decision.outcome, decision.side) == (outcome, side)
    found = trust_reasons(ask(requester), policies, role)
    assert found.decision == decision
    assert bool(found.matched) is decision.allowed
    assert found.silent == (() if side is None else (side,))


@pytest.mark.parametrize("requester", [ADA, EVE, TOKEN])
@pytest.mark.parametrize("principal", ["*", {"AWS": [ADA.arn, EVE.arn], "Federated": PROVIDER}])
def test_a_denial_in_the_trust_policy_wins(requester: Requester, principal: object) -> None:
    decision = decide_trust(ask(requester), caller(EVERYTHING), trust(principal, "Deny"))
    assert (decision.outcome, decision.side) == (Outcome.EXPLICIT_DENY, Side.RESOURCE)
    (ref,) = decision.because
    assert ref.policy.source is Source.TRUST


@pytest.mark.parametrize(
    ("principal", "meant"),
    [
        ({"Service": SERVICE.arn}, True),
        ({"Service": [SERVICE.arn, "ecs-tasks.amazonaws.com"], "Federated": SERVICE.arn}, True),
        ({"Federated": SERVICE.arn}, False),
        ({"Federated": SERVICE.arn, "Service": "ecs-tasks.amazonaws.com"}, False),
    ],
    ids=json.dumps,
)
def test_a_service_is_named_as_a_service_and_not_as_an_identity_provider(principal: object, *, meant: bool) -> None:
    names = (SERVICE.arn,)
    assert bool(trust(principal).allowance(ask(SERVICE), names)) is meant
    assert bool(trust(principal, "Deny").denials(ask(SERVICE), names)) is meant
    others = trust(principal, "Deny", "NotPrincipal").denials(ask(SERVICE), SERVICE.names.every)
    assert bool(others) is not meant


def test_a_denial_of_the_caller_s_own_wins_over_being_named() -> None:
    decision = decide_trust(ask(ADA), caller("sts:*", "Deny"), trust({"AWS": ADA.arn}))
    assert (decision.outcome, decision.side) == (Outcome.EXPLICIT_DENY, Side.IDENTITY)


def test_a_trust_policy_that_cannot_be_read_denies() -> None:
    broken = Compiled.stored([(Attached(Source.TRUST, "trust policy", "role builder"), "{")])
    for requester in (ADA, EVE, TOKEN):
        assert decide_trust(ask(requester), caller(EVERYTHING), broken).outcome is Outcome.EXPLICIT_DENY


def test_a_trust_policy_spares_nobody_with_a_boundary() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    boundary = Compiled.stored([(Attached(Source.BOUNDARY, "edge", "user ada"), text)])
    own = caller(EVERYTHING)
    spares = trust({"AWS": [ADA.arn, "111122223333"]}, "Deny", "NotPrincipal")
    assert trust_reasons(ask(ADA), own, spares).places[-1].denials == ()
    bounded = trust_reasons(ask(ADA), CallerPolicies(own.identity, boundary), spares)
    assert bounded.decision.outcome is Outcome.EXPLICIT_DENY
    assert len(bounded.places[-1].denials) == 1


def test_reasons_tell_where_was_looked() -> None:
    """A web identity has no policies of its own to look at; everybody else has."""
    own = trust_reasons(ask(ADA), caller(EVERYTHING), trust({"AWS": "111122223333"}))
    assert [place.side for place in own.places] == [Side.IDENTITY, Side.RESOURCE]
    named = trust_reasons(ask(TOKEN), CallerPolicies(Compiled.of(())), trust({"Federated": PROVIDER}))
    assert [place.side for place in named.places] == [Side.RESOURCE]
    (ref,) = named.decision.because
    assert ref.policy.source is Source.TRUST
    assert named.places[0].allowances == (ref,)


def test_anybody_is_no_reason_to_trust_a_web_identity() -> None:
    found = trust_reasons(ask(TOKEN), CallerPolicies(Compiled.of(())), trust("*"))
    assert not found.decision.allowed
    assert found.places[0].allowances == ()
