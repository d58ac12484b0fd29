"""Small faults of deciding that no documented case shows: each test here is for one that mutation found unnoticed."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from moorage.policy import conditions, moving
from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, Decision, Outcome, ResourcePolicies, Side, decide, denial
from moorage.policy.elements import Attached, Source
from moorage.policy.match import arn_glob, is_arn, resource_glob
from moorage.policy.operators import read_date
from moorage.policy.request import Request, Requester, RequesterType, Spellings, Value, characters

HOME, AWAY = "111122223333", "444455556666"
ALICE = Requester(HOME, f"arn:aws:iam::{HOME}:user/alice", "AIDAALICEALICEALICE1", RequesterType.USER)
BOB = Requester(AWAY, f"arn:aws:iam::{AWAY}:user/bob", "AIDABOBBOBBOBBOBBOB1", RequesterType.USER)
ROOT = Requester(HOME, f"arn:aws:iam::{HOME}:root", HOME, RequesterType.ROOT)
REPOSITORIES = f"arn:aws:ecr:us-east-1:{HOME}:repository/"
APP = REPOSITORIES + "app"
FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:app:1"
NOTHING = CallerPolicies(Compiled.of(()))
# Conditions hold or not with this key alone.
TLS = {"Bool": {"aws:SecureTransport": "true"}}


def compiled(source: Source, *statements: Mapping[str, object]) -> Compiled:
    whole = [{"Effect": "Allow", "Action": "ecr:PutImage", **statement} for statement in statements]
    return Compiled.stored(
        [(Attached(source, source.value), json.dumps({"Version": "2012-10-17", "Statement": whole}))]
    )


def own(*statements: Mapping[str, object]) -> CallerPolicies:
    return CallerPolicies(compiled(Source.INLINE, *statements))


def asking(resource: str = APP, *, by: Requester = ALICE, **context: str) -> Request:
    facts: dict[str, Value] = {name.replace("_", ":", 1): value for name, value in context.items()}
    return Request(by, "ecr:PutImage", resource, HOME, facts)


def allows(condition: object, **context: str) -> bool:
    return decide(asking(APP, by=ALICE, **context), own({"Resource": "*", "Condition": condition})).allowed


def test_the_last_part_of_an_arn_may_hold_colons() -> None:
    assert arn_glob(FUNCTION)(FUNCTION)
    assert arn_glob("arn:aws:lambda:*:*:function:*")(FUNCTION)
    assert resource_glob("arn:aws:lambda:us-*:111122223333:function:app:*")(FUNCTION)
    assert not arn_glob("arn:aws:lambda:*:*:function:app")(FUNCTION)


@pytest.mark.parametrize("text", ["arn:aws", "a:b:c:d:e:f"])
def test_what_is_no_arn_is_told_from_one(text: str) -> None:
    assert not is_arn(text)


def test_of_all_resources_none_is_left() -> None:
    statement = {"Action": "ecr:GetAuthorizationToken", "NotResource": "*"}
    request = Request(ALICE, "ecr:GetAuthorizationToken", "*", HOME)
    assert not decide(request, own(statement)).allowed


def test_a_resource_with_a_variable_may_stand_beside_one_without() -> None:
    policies = own({"Resource": [APP, REPOSITORIES + "${aws:username}"]})
    assert decide(asking(APP), policies).allowed
    assert decide(asking(REPOSITORIES + "alice", aws_username="alice"), policies).allowed
    assert not decide(asking(REPOSITORIES + "bob", aws_username="alice"), policies).allowed


def test_a_not_principal_denies_those_whom_it_names_in_no_way() -> None:
    """A stranger shares nothing with the names: neither the account nor anything in it."""
    statement = {"Effect": "Deny", "NotPrincipal": {"AWS": [HOME, ALICE.arn]}}
    resource = ResourcePolicies(compiled(Source.REPOSITORY, statement, {"Principal": "*"}))
    denied = decide(asking(by=BOB), own({"Resource": "*"}), resource)
    assert (denied.outcome, denied.side) == (Outcome.EXPLICIT_DENY, Side.RESOURCE)
    assert decide(asking(), own({"Resource": "*"}), resource).allowed


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        ([{"Resource": "*", "Condition": TLS}, {"Resource": "*"}], 1),
        ([{"Resource": REPOSITORIES + "a*"}, {"Resource": APP}], 1),
        ([{"Resource": REPOSITORIES + "a*"}, {"Resource": APP}, {"Resource": "*"}], 2),
        ([{"Resource": APP}, {"Resource": "*", "Condition": TLS}], 0),
    ],
)
def test_of_several_that_allow_the_broadest_is_named(statements: list[Mapping[str, object]], named: int) -> None:
    """Those without conditions come first, then those of all resources, of one by its name, of a pattern."""
    decision = decide(asking(aws_securetransport="true"), own(*statements))
    assert [ref.index for ref in decision.because] == [named]


def test_values_that_are_filled_in_are_compared_as_texts() -> None:
    name = {"aws:x": "${aws:username}"}
    assert allows({"StringEquals": name}, aws_username="a*", aws_x="a*")
    assert not allows({"StringEquals": name}, aws_username="a*", aws_x="ab")
    assert allows({"StringNotEquals": name}, aws_username="a", aws_x="b")
    assert not allows({"StringNotEquals": name}, aws_username="a", aws_x="a")
    assert allows({"StringNotEquals": name}, aws_username="a")
    assert not allows({"ArnLike": name}, aws_username="a", aws_x=APP)


@pytest.mark.parametrize("operator", ["StringLike", "ArnLike", "ArnEquals"])
def test_a_star_in_what_is_filled_in_is_a_star(operator: str) -> None:
    negated = operator.replace("Like", "NotLike").replace("Equals", "NotEquals")
    written = {"aws:x": APP + "${aws:username}?"}
    for actual, fits in (("a*b", True), ("aab", False), ("a*", False)):
        assert allows({operator: written}, aws_username="a*", aws_x=APP + actual) is fits
        assert allows({negated: written}, aws_username="a*", aws_x=APP + actual) is not fits


NEGATED = {
    "StringNotEquals": ("a", "b"),
    "StringNotEqualsIgnoreCase": ("A", "b"),
    "StringNotLike": ("a*", "b"),
    "NumericNotEquals": ("5", "6"),
    "DateNotEquals": ("2026-11-24", "2026-11-25"),
    "ArnNotEquals": (APP, FUNCTION),
    "ArnNotLike": (APP, FUNCTION),
    "NotIpAddress": ("10.0.0.1", "10.0.0.2"),
}


@pytest.mark.parametrize("operator", NEGATED)
def test_a_negated_operator_holds_without_a_value_and_for_values_that_all_differ(operator: str) -> None:
    wanted, other = NEGATED[operator]
    policies = own({"Resource": "*", "Condition": {operator: {"aws:x": wanted}}})
    found = [
        decide(Request(ALICE, "ecr:PutImage", APP, HOME, context), policies).allowed
        for context in ({}, {"aws:x": other}, {"aws:x": wanted}, {"aws:x": (other, other)}, {"aws:x": (other, wanted)})
    ]
    assert found == [True, True, False, True, False]


@pytest.mark.parametrize("operator", ["NumericNotEquals", "DateNotEquals", "NotIpAddress", "ArnNotLike"])
def test_a_value_that_cannot_be_read_does_not_differ(operator: str) -> None:
    assert not allows({operator: {"aws:x": NEGATED[operator][0]}}, aws_x="nothing")


@pytest.mark.parametrize(
    ("operator", "holding"),
    [
        ("NumericEquals", "5"),
        ("NumericLessThan", "4"),
        ("NumericLessThanEquals", "45"),
        ("NumericGreaterThan", "6"),
        ("NumericGreaterThanEquals", "56"),
        ("DateEquals", "5"),
        ("DateLessThan", "4"),
        ("DateLessThanEquals", "45"),
        ("DateGreaterThan", "6"),
        ("DateGreaterThanEquals", "56"),
    ],
)
def test_what_is_ordered_is_compared_as_the_operator_says(operator: str, holding: str) -> None:
    assert "".join(actual for actual in "456" if allows({operator: {"aws:x": "5"}}, aws_x=actual)) == holding
    assert not allows({operator: {"aws:x": "5"}}, aws_x="nothing")
    assert not allows({operator: {"aws:x": "5"}})


def test_a_role_is_named_by_its_id_whatever_its_session_is_called() -> None:
    role = f"arn:aws:iam::{HOME}:role/ci"
    for unique_id in ("AROACICICICICICICIC1:a", "AROACICICICICICICIC1:a:b", "AROACICICICICICICIC1"):
        session = Requester(HOME, f"{role}/a", unique_id, RequesterType.ASSUMED_ROLE, role_arn=role)
        assert session.names.role == (role, "AROACICICICICICICIC1")


def test_a_dollar_may_be_written_before_a_brace() -> None:
    written = {"StringEquals": {"aws:x": "${$}{aws:username}"}}
    assert allows(written, aws_x="${aws:username}", aws_username="alice")
    assert not allows(written, aws_x="alice", aws_username="alice")


@pytest.mark.parametrize(("written", "text"), [(1, "1"), (-7, "-7"), (1.5, "1.5"), (1e300, "1e+300")])
def test_a_json_number_is_its_digits(written: float, text: str) -> None:
    assert allows({"StringEquals": {"aws:x": written}}, aws_x=text)
    assert not allows({"StringEquals": {"aws:x": written}}, aws_x="x")


@pytest.mark.parametrize(("longer", "fits"), [(0, True), (1, False)])
def test_an_address_with_a_zone_is_one_up_to_64_characters(longer: int, *, fits: bool) -> None:
    address = "fe80::1%" + "z" * (56 + longer)
    assert allows({"IpAddress": {"aws:SourceIp": "fe80::/10"}}, aws_sourceip=address) is fits


def test_a_json_boolean_is_the_word_in_small_letters() -> None:
    assert allows({"StringEquals": {"aws:x": True}}, aws_x="true")


def test_a_year_alone_is_a_date() -> None:
    since_then = {"DateGreaterThanEquals": {"aws:CurrentTime": "2026"}}
    assert allows(since_then, aws_currenttime="2026-01-01T00:00:00Z")
    assert not allows(since_then, aws_currenttime="2025-12-31T23:59:59Z")


def test_dates_far_away_are_told_apart_by_their_last_digit() -> None:
    last = datetime.max.replace(tzinfo=UTC).isoformat()
    assert last.endswith("9+00:00")
    assert read_date(last) != read_date(last.replace("9+00:00", "8+00:00"))


def test_an_action_without_a_resource_does_not_ask_the_repositorys_policy() -> None:
    resource = ResourcePolicies(compiled(Source.REPOSITORY, {"Principal": "*"}))
    assert not decide(asking("*"), NOTHING, resource).allowed
    assert decide(asking(), NOTHING, resource).allowed


def test_an_allowance_names_a_statement_of_every_place_that_had_to_allow() -> None:
    places = [compiled(source, {"Resource": "*"}) for source in (Source.INLINE, Source.BOUNDARY, Source.SESSION)]
    decision = decide(asking(), CallerPolicies(*places))
    assert [ref.policy.source for ref in decision.because] == [Source.INLINE, Source.BOUNDARY, Source.SESSION]


def test_what_a_resource_allows_by_itself_is_named() -> None:
    resource = ResourcePolicies(compiled(Source.REPOSITORY, {"Principal": "*"}))
    decision = decide(asking(), NOTHING, resource)
    assert [ref.policy.source for ref in decision.because] == [Source.REPOSITORY]


def test_a_root_is_denied_by_no_policy_of_its_own() -> None:
    assert decide(asking(by=ROOT), own({"Effect": "Deny", "Resource": "*"})) == Decision(Outcome.ALLOWED)


def test_a_denial_without_a_side_is_the_identitys() -> None:
    told = denial(Decision(Outcome.IMPLICIT_DENY), asking())
    assert told.endswith("because no identity-based policy allows the ecr:PutImage action")


def test_what_is_remembered_of_resources_and_values_with_variables_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (moving, conditions):
        monkeypatch.setattr(module, "_MOST_FILLED", 2)
    condition = {"StringEquals": {"aws:x": "${aws:username}"}}
    policies = own({"Resource": REPOSITORIES + "${aws:username}", "Condition": condition})
    for name in "abcdabcd":
        assert decide(asking(REPOSITORIES + name, aws_username=name, aws_x=name), policies).allowed
        assert not decide(asking(REPOSITORIES + name, aws_username="e", aws_x="e"), policies).allowed
        assert not decide(asking(REPOSITORIES + name, aws_username=name, aws_x="e"), policies).allowed


@pytest.mark.parametrize(
    ("values", "number"),
    [((), 0), (("a", "bc"), 3), ((None, "a", None), 1), ((("a", "bc"), "d", ("", "")), 8), (((), ("abc",), "x"), 5)],
)
def test_characters_are_counted_of_all_values(values: tuple[Value | None, ...], number: int) -> None:
    assert characters(values) == number


def test_values_of_which_any_may_be_meant_are_the_same_when_all_are() -> None:
    first, second = Spellings("ab"), Spellings("ab")
    assert (first == second, first == Spellings("ac"), first == ("a", "b"), hash(first) == hash(second)) == (
        True,
        False,
        False,
        True,
    )


def test_whom_a_statement_spares_is_told_so() -> None:
    policies = compiled(Source.REPOSITORY, {"Effect": "Deny", "NotPrincipal": {"AWS": [HOME, ALICE.arn]}})
    heard = [policies.hear(asking(), sparing=sparing)[0].names_requester for sparing in (True, False)]
    assert [policies.hear(asking())[0].names_requester, *heard] == [False, False, True]
