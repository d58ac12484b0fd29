"""Reasons say what the decision says, name the statements that made it, and tell in words what is missing."""

import json
from collections.abc import Mapping

import pytest

from moorage.policy.compiled import Compiled, Heard, StatementRef
from moorage.policy.contextkeys import context_keys
from moorage.policy.decide import CallerPolicies, Outcome, ResourcePolicies, Side
from moorage.policy.elements import Attached, Source
from moorage.policy.positions import Position, Span, spans
from moorage.policy.reasons import Place, Reasons, reasons_of
from moorage.policy.request import Request, Requester, RequesterType, Value
from moorage.policy.statement import Effect
from moorage.policy.words import remedy, why

HOME, AWAY = "111122223333", "444455556666"
ALICE = Requester(HOME, f"arn:aws:iam::{HOME}:user/alice", "AIDAALICEALICEALICE1", RequesterType.USER)
ROOT = Requester(HOME, f"arn:aws:iam::{HOME}:root", HOME, RequesterType.ROOT)
SERVICE = Requester("", "lambda.amazonaws.com", "lambda.amazonaws.com", RequesterType.SERVICE)
APP = f"arn:aws:ecr:us-east-1:{HOME}:repository/app"
OTHERS = APP.replace(HOME, AWAY)
TEAM = Attached(Source.INLINE, "team", "user alice")
Statement = Mapping[str, object]


def compiled(source: Attached, *statements: Statement) -> Compiled:
    return Compiled.stored([(source, json.dumps({"Version": "2012-10-17", "Statement": statements}))])


def say(effect: str, action: str = "ecr:PutImage", **more: object) -> Statement:
    return {"Effect": effect, "Action": action, **more}


def ask(  # noqa: PLR0913 - where statements may stand
    *identity: Statement,
    boundary: list[Statement] | None = None,
    session: list[Statement] | None = None,
    repository: list[Statement] | None = None,
    resource: str = APP,
    caller: Requester = ALICE,
    context: Mapping[str, Value] | None = None,
) -> Reasons:
    policies = CallerPolicies(
        compiled(TEAM, *identity) if identity else Compiled.of(()),
        compiled(Attached(Source.BOUNDARY, "edge", "user alice"), *boundary) if boundary else None,
        compiled(Attached(Source.SESSION, "inline", "session"), *session) if session else None,
    )
    own = compiled(Attached(Source.REPOSITORY, "repository policy"), *repository) if repository else None
    owner = resource.split(":")[4]
    return reasons_of(Request(caller, "ecr:PutImage", resource, owner, context or {}), policies, ResourcePolicies(own))


def test_an_explicit_deny_names_its_statements() -> None:
    found = ask(say("Allow", Resource="*"), say("Deny", Sid="NoPush", Resource="*"))
    assert found.decision.outcome is Outcome.EXPLICIT_DENY
    assert [(ref.policy, ref.index, ref.sid) for ref in found.matched] == [(TEAM, 1, "NoPush")]
    assert why(found) == ('statement 2 "NoPush" of the inline policy team of user alice denies it explicitly',)
    assert "no further permission helps" in remedy(found)[0]


def test_an_allowance_names_every_statement_that_allows() -> None:
    found = ask(say("Allow", Resource="*"), say("Allow", "ecr:*", Resource=APP))
    assert why(found) == (
        "statement 1 of the inline policy team of user alice allows it",
        "statement 2 of the inline policy team of user alice allows it",
    )
    assert remedy(found) == ()


def test_of_an_implicit_denial_the_kinds_are_told_that_did_not_allow() -> None:
    others = say("Allow", Principal={"AWS": AWAY})
    assert ask().silent == (Side.IDENTITY,)
    assert ask(repository=[others]).silent == (Side.IDENTITY, Side.RESOURCE)
    allowed = say("Allow", Resource="*")
    elsewhere = [say("Allow", "ecr:GetImage", Resource="*")]
    assert ask(allowed, boundary=elsewhere).silent == (Side.BOUNDARY,)
    assert ask(allowed, session=elsewhere).silent == (Side.SESSION,)
    assert ask(allowed, resource=OTHERS).silent == (Side.RESOURCE,)


def test_what_is_missing_is_told_with_what_comes_near() -> None:
    conditional = say("Allow", Sid="Office", Resource="*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    elsewhere = say("Allow", Resource=f"{APP}/other")
    told = why(ask(elsewhere, conditional, context={"aws:sourceip": "192.0.2.1"}))
    assert told == (
        f"no policy of {ALICE.arn}, of its own or of its groups, allows ecr:PutImage on {APP}",
        "statement 1 of the inline policy team of user alice allows the action, but on other resources",
        (
            'statement 2 "Office" of the inline policy team of user alice allows the action, but only under conditions '
            "on aws:sourceip that this request does not fulfil"
        ),
    )


def test_it_is_told_where_a_permission_may_go() -> None:
    statement = f"Effect Allow, Action ecr:PutImage, Resource {APP}"
    assert remedy(ask()) == (
        f"add a statement with {statement} to a policy of {ALICE.arn} or of a group that it is in",
    )
    assert remedy(ask(repository=[say("Allow", Principal={"AWS": AWAY})]))[1].startswith("or one with Effect Allow")
    (boundary,) = remedy(ask(say("Allow", Resource="*"), boundary=[say("Allow", "ecr:GetImage", Resource="*")]))
    assert f"to the permissions boundary of {ALICE.arn}" in boundary
    (session,) = remedy(ask(say("Allow", Resource="*"), session=[say("Allow", "ecr:GetImage", Resource="*")]))
    assert session.startswith("open a session")
    (resource,) = remedy(ask(say("Allow", Resource="*"), resource=OTHERS))
    assert resource.startswith(f"let account {AWAY} add a statement with Effect Allow, Principal {ALICE.arn}")


def test_statements_of_another_account_are_not_told() -> None:
    denies = say("Deny", Sid="Secret", Principal="*")
    found = ask(say("Allow", Resource="*"), repository=[denies], resource=OTHERS)
    assert why(found, foreign=True) == (f"a policy of the resource, which account {AWAY} keeps, denies it explicitly",)
    near = say("Allow", Sid="Secret", Principal={"AWS": AWAY})
    assert why(ask(say("Allow", Resource="*"), repository=[near], resource=OTHERS), foreign=True) == (
        f"the policies of {OTHERS} do not allow {ALICE.arn} ecr:PutImage",
    )


def test_nobody_with_a_boundary_is_spared() -> None:
    """IAM: a NotPrincipal with Deny denies whoever has a permissions boundary, whatever it names."""
    spares = say("Deny", Sid="Spares", NotPrincipal={"AWS": [ALICE.arn, HOME]})
    unbounded = ask(say("Allow", Resource="*"), repository=[spares])
    assert (unbounded.decision.outcome, unbounded.places[-1].denials) == (Outcome.ALLOWED, ())
    bounded = ask(say("Allow", Resource="*"), boundary=[say("Allow", Resource="*")], repository=[spares])
    assert (bounded.decision.outcome, bounded.decision.side) == (Outcome.EXPLICIT_DENY, Side.RESOURCE)
    assert [ref.sid for ref in bounded.places[-1].denials] == ["Spares"]


def test_a_boundary_is_not_the_roots() -> None:
    spares = say("Deny", NotPrincipal={"AWS": HOME})
    found = ask(boundary=[say("Allow", Resource="*")], repository=[spares], caller=ROOT)
    assert (found.decision.outcome, found.places[-1].denials) == (Outcome.ALLOWED, ())


def test_a_root_is_allowed_as_such() -> None:
    assert why(ask(caller=ROOT)) == ("the root of an account may do everything that its account may",)


def test_a_policy_that_cannot_be_read_is_named() -> None:
    broken = CallerPolicies(Compiled.stored([(TEAM, "{")]))
    found = reasons_of(Request(ALICE, "ecr:PutImage", APP, HOME), broken)
    told = "the whole of the inline policy team of user alice, which cannot be read, denies it explicitly"
    assert why(found) == (told,)


def test_naming_the_account_is_no_allowance_inside_it() -> None:
    found = ask(repository=[say("Allow", Principal={"AWS": HOME})])
    assert (found.decision.allowed, found.matched) == (False, ())
    assert "to other principals" in why(found)[-1]


def test_naming_the_account_is_an_allowance_from_outside_and_a_denial_anywhere() -> None:
    found = ask(repository=[say("Allow", Principal={"AWS": HOME})], resource=OTHERS)
    assert [ref.index for place in found.places for ref in place.allowances] == [0]
    denied = ask(repository=[say("Deny", Principal={"AWS": HOME})])
    assert [ref.index for place in denied.places for ref in place.denials] == [0]


def test_the_places_are_told_that_were_asked() -> None:
    some = [say("Allow", Resource="*")]
    anybody = [say("Allow", Principal="*")]
    found = ask(*some, boundary=some, session=some, repository=anybody)
    assert [place.side for place in found.places] == [Side.IDENTITY, Side.BOUNDARY, Side.SESSION, Side.RESOURCE]
    assert [len(place.allowances) for place in found.places] == [1, 1, 1, 1]
    assert [place.side for place in ask(*some).places] == [Side.IDENTITY]
    for caller in (ROOT, SERVICE):
        found = ask(*some, boundary=some, repository=anybody, caller=caller)
        assert [place.side for place in found.places] == [Side.RESOURCE]


def test_all_that_is_said_is_heard_as_it_is_decided() -> None:
    """Each statement by itself, whether it is looked up or asked one by one."""
    statements = [
        say("Allow", Resource=[f"{APP}/x", APP]),
        say("Allow", Resource=f"{APP}*"),
        say("Allow", NotResource=f"{APP}/*"),
        say("Allow", NotResource=f"{APP}*"),
        say("Allow", Resource=[f"{APP}/x", APP.replace("app", "${aws:username}")]),
        say("Allow", Resource=APP.replace("app", "${aws:userid}")),
        say("Allow", "ECR:putimage", Resource="*", Condition={"StringEquals": {"aws:username": ["a", "app"]}}),
        say("Allow", "ecr:GetImage", Resource="*"),
        say(
            "Allow",
            Resource="*",
            Condition={"StringLike": {"aws:X": "b*", "aws:username": "b"}, "Null": {"aws:X": "true"}},
        ),
    ]
    (place,) = ask(*statements, context={"aws:username": "app", "aws:x": "a"}).places
    assert [heard.ref.index for heard in place.heard if heard.counts] == [0, 1, 2, 4, 6]
    assert [heard.ref.index for heard in place.heard if not heard.means_resource] == [3, 5]
    assert [(heard.ref.index, heard.unmet) for heard in place.heard if heard.unmet] == [(8, ("aws:x", "aws:username"))]


def test_a_not_principal_is_heard_by_those_whom_it_does_not_spare() -> None:
    denies = say("Deny", NotPrincipal={"AWS": [HOME, ALICE.arn]})
    bob = Requester(HOME, f"arn:aws:iam::{HOME}:user/bob", "AIDABOBBOBBOBBOBBOB1", RequesterType.USER)
    for caller, counts in ((ALICE, False), (bob, True)):
        (heard,) = ask(repository=[denies], caller=caller).places[1].heard
        assert (heard.effect, heard.names_requester, heard.counts) == (Effect.DENY, counts, counts)


def test_what_is_wrong_least_comes_nearest() -> None:
    said = [
        Heard(StatementRef(TEAM, index), Effect.ALLOW, names_requester=names, means_resource=means, unmet=unmet)
        for index, (names, means, unmet) in enumerate(
            (names, means, unmet) for names in (False, True) for means in (False, True) for unmet in (("k", "l"), ())
        )
    ]
    place = Place(Side.IDENTITY, (*said, *said[3:4]))
    assert [heard.ref.index for heard in place.nearly] == [3, 5, 6, 3, 1, 2, 4, 0]
    assert [ref.index for ref in place.allowances] == [7]
    assert place.denials == ()


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('{"Version": "2012-10-17", "Statement": [{"a": 1}, {"b": "}"}]}', [(1, 41, 1, 49), (1, 51, 1, 61)]),
        ('{"Statement":{"x":[1]}, "Id": "x"}', [(1, 14, 1, 23)]),
        ('{\n  "Id": "Statement",\n  "Statement": [\n    {\n      "a": 1\n    }\n  ]\n}', [(4, 5, 6, 6)]),
    ],
)
def test_a_statement_is_found_in_its_document(text: str, places: list[tuple[int, int, int, int]]) -> None:
    assert list(spans(text)) == [Span(Position(a, b), Position(c, d)) for a, b, c, d in places]


def test_condition_keys_are_listed_once_as_they_are_written_first() -> None:
    statement = {
        "Resource": ["a/${aws:username, 'x'}", "${AWS:SourceIp}"],
        "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.1"}, "StringLike": {"aws:x": "${aws:PrincipalTag/a}"}},
    }
    new, old = (json.dumps({"Version": version, "Statement": statement}) for version in ("2012-10-17", "2008-10-17"))
    assert context_keys([new]) == ("aws:SourceIp", "aws:x", "aws:username", "aws:PrincipalTag/a")
    assert context_keys([old]) == ("aws:SourceIp", "aws:x")
