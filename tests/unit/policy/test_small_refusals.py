"""Small faults of reading that no documented case shows: each test here is for one that mutation found unnoticed."""

import json

import pytest

from moorage.policy.document import PolicyDocument, parse, parse_stored
from moorage.policy.elements import PolicyKind, check_resource, read_resource
from moorage.policy.errors import MalformedPolicy
from moorage.policy.principal import Principal, PrincipalKind, parse_principals

PROVIDER = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com"
STATEMENT = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TRUST = {"Effect": "Deny", "NotPrincipal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def identity(**changes: object) -> PolicyDocument:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": STATEMENT | changes}), PolicyKind.IDENTITY)


def trust(**changes: object) -> PolicyDocument:
    return parse(json.dumps({"Statement": TRUST | changes}), PolicyKind.TRUST)


def test_principals_of_all_kinds_count_together() -> None:
    found = parse_principals({"Service": "lambda.amazonaws.com", "Federated": PROVIDER, "AWS": "*"})
    assert Principal(PrincipalKind.FEDERATED, PROVIDER) in found
    assert {one.kind for one in found} == {PrincipalKind.SERVICE, PrincipalKind.FEDERATED, PrincipalKind.ANYONE}


def test_a_refused_provider_is_named() -> None:
    with pytest.raises(MalformedPolicy, match=r'^Invalid principal in policy: "FEDERATED":"x"$'):
        parse_principals({"Federated": "x"})


@pytest.mark.parametrize("text", ["foo:*:ecr", "arn", "foo"])
def test_a_resource_that_is_no_arn_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy):
        check_resource(text)


@pytest.mark.parametrize("text", ["arn:aws:ecr:${aws:username}", "arn:aws:ecr:${*}", "arn:aws:ecr:${aws"])
def test_a_variable_before_the_fifth_colon_is_text(text: str) -> None:
    assert read_resource(text) == text


def test_a_document_tells_its_kind_and_id() -> None:
    found = identity()
    assert (found.kind, found.id) == (PolicyKind.IDENTITY, "")


def test_a_null_character_in_a_list_is_refused() -> None:
    with pytest.raises(MalformedPolicy):
        identity(Condition={"StringEquals": {"aws:x": ["a\0"]}})


@pytest.mark.parametrize("key", [":a:b", "aws:", ":x"])
def test_a_condition_key_has_a_vendor_and_a_name(key: str) -> None:
    with pytest.raises(MalformedPolicy):
        identity(Condition={"StringEquals": {key: "a"}})


@pytest.mark.parametrize(
    ("operator", "wanted"),
    [
        ("NumericEquals", "five"),
        ("DateLessThan", "yesterday"),
        ("IpAddress", "here"),
        ("Bool", "yes"),
        ("BinaryEquals", "QUI"),
        ("BinaryEquals", "QU!I="),
        ("StringLike", "${aws:username"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_in_awss_words(operator: str, wanted: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        identity(Condition={operator: {"aws:x": wanted}})
    assert refused.value.sentence == str(refused.value) == "Syntax errors in policy."


@pytest.mark.parametrize("operator", ["ArnLike", "ArnNotEquals"])
def test_an_arn_is_wanted_also_where_signs_are_written_as_variables(operator: str) -> None:
    with pytest.raises(MalformedPolicy, match="must be in ARN format"):
        identity(Condition={operator: {"aws:x": "user/${*}"}})


def test_an_allow_with_not_principal_is_refused_in_words() -> None:
    with pytest.raises(MalformedPolicy, match=r"^Allow with NotPrincipal is not allowed\.$"):
        trust(Effect="Allow")
    assert trust().statements[0].spares


def test_a_trust_policy_has_no_resource() -> None:
    with pytest.raises(MalformedPolicy, match=r"^Has prohibited field Resource$"):
        trust(Resource="*")
    assert trust().statements[0].resources is None


@pytest.mark.parametrize("number", ["1e999", "-1e999", '["x", 1e999]'])
def test_a_number_that_is_read_as_infinite_is_refused(number: str) -> None:
    text = json.dumps({"Statement": STATEMENT | {"Condition": {"StringEquals": {"aws:x": 5}}}})
    assert parse(text.replace("5", "1e99"), PolicyKind.IDENTITY)
    with pytest.raises(MalformedPolicy):
        parse(text.replace("5", number), PolicyKind.IDENTITY)


@pytest.mark.parametrize("kind", [PolicyKind.REPOSITORY, PolicyKind.IDENTITY])
def test_how_long_a_document_is_counts_when_it_is_given_and_not_as_it_is_stored(kind: PolicyKind) -> None:
    principal = {"Principal": "*"} if kind is PolicyKind.REPOSITORY else {"Resource": "*"}
    text = json.dumps({"Statement": {"Effect": "Allow", "Action": "ecr:*", **principal}})
    longest = 10_240 if kind is PolicyKind.REPOSITORY else 131_072
    assert parse(text.ljust(longest), kind) == parse(text, kind)
    with pytest.raises(MalformedPolicy):
        parse(text.ljust(longest + 1), kind)
    assert parse_stored(text.ljust(longest + 1), kind) == parse(text, kind)
