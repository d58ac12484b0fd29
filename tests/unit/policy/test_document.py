"""A policy document is read strictly, once, into values that cannot be wrong."""

import json

import pytest

from moorage.policy.document import PolicyDocument, parse
from moorage.policy.elements import Patterns, PolicyKind, Resources
from moorage.policy.errors import MalformedPolicy
from moorage.policy.operators import OPERATORS
from moorage.policy.principal import Principal, PrincipalKind
from moorage.policy.statement import Effect

STATEMENT = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}


def identity(**changes: object) -> PolicyDocument:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": {**STATEMENT, **changes}}), PolicyKind.IDENTITY)


def repository(*principals: object) -> PolicyDocument:
    statements = [{"Effect": "Allow", "Principal": principal, "Action": "ecr:*"} for principal in principals]
    return parse(json.dumps({"Statement": statements}), PolicyKind.REPOSITORY)


def test_a_statement_keeps_what_was_written() -> None:
    statement = identity(Sid="Login", Effect="Deny").statements[0]
    assert (statement.sid, statement.effect) == ("Login", Effect.DENY)
    assert statement.actions == Patterns(("ecr:GetAuthorizationToken",))
    assert statement.resources == Resources(("*",))


def test_one_value_reads_as_a_list_of_one() -> None:
    assert identity(Resource=["*"]) == identity(Resource="*")


def test_one_statement_reads_as_a_list_of_one() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
    assert parse(text, PolicyKind.IDENTITY) == identity()


def test_without_a_version_a_document_is_of_the_old_one() -> None:
    assert parse(json.dumps({"Statement": STATEMENT}), PolicyKind.IDENTITY).version == "2008-10-17"


def test_a_repository_policy_without_resource_means_its_repository() -> None:
    assert repository("*").statements[0].resources is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"text"',
        "{",
        '{"Statement": []}',
        '{"Version": "2012-10-17"}',
        '{"Statement": [1]}',
        '{"Statement": null}',
        '{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}} {}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "Id": NaN}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "Id": "\\ud800"}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "Id": "\ud800"}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}, "Id": "a\\u0000b"}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Con\\u0000dition": {}}}',
        '\ufeff{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}',
        '{"Statement": ' + "[" * 60 + "]" * 60 + "}",
        '{"Statement": ' + "[" * 60_000 + "]" * 60_000 + "}",
        " " * 131_073,
    ],
    ids=range(20),
)
def test_what_two_readers_could_read_differently_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicy, match=r"Syntax errors in policy\."):
        parse(text, PolicyKind.IDENTITY)


def test_a_repository_policy_has_at_most_10240_characters() -> None:
    text = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}}'
    assert parse(text.ljust(10_240), PolicyKind.REPOSITORY).statements
    with pytest.raises(MalformedPolicy):
        parse(text.ljust(10_241), PolicyKind.REPOSITORY)


SAMPLES = {
    "Numeric": "5",
    "Date": "2026-11-24T10:00:00Z",
    "Bool": "true",
    "Binary": "QUI=",
    "IpAddress": "10.0.0.0/8",
    "NotIp": "::1",
    "Arn": "arn:aws:iam::111122223333:root",
    "String": "a",
}


@pytest.mark.parametrize("prefix", ["", "ForAnyValue:", "ForAllValues:"])
@pytest.mark.parametrize("suffix", ["", "IfExists"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_is_read_with_all_that_may_stand_around_it(operator: str, prefix: str, suffix: str) -> None:
    wanted = next(sample for start, sample in SAMPLES.items() if operator.startswith(start))
    written = f"{prefix}{operator}{suffix}"
    condition = identity(Condition={written: {"AWS:Some/Key": wanted}}).statements[0].conditions[0]
    assert (condition.use.name, condition.key, condition.wanted) == (operator, "aws:some/key", (wanted,))
    assert (condition.use.quantifier.value, condition.use.if_exists) == (prefix, bool(suffix))


@pytest.mark.parametrize(
    ("operator", "wanted"),
    [
        ("NumericEquals", "five"),
        ("NumericEquals", ""),
        ("DateEquals", "2020-13-01"),
        ("DateEquals", "yesterday"),
        ("IpAddress", "10.0.0.0/33"),
        ("IpAddress", "here"),
        ("Bool", "yes"),
        ("Null", "yes"),
        ("BinaryEquals", "QUI"),
        ("ArnLike", "user/alice"),
        ("NullIfExists", "true"),
        ("ForAnyValue:Null", "true"),
        ("StringMatches", "a"),
        ("StringLike", "${}"),
        ("StringLike", "${aws:username"),
    ],
)
def test_a_condition_that_cannot_be_read_is_refused(operator: str, wanted: str) -> None:
    with pytest.raises(MalformedPolicy):
        identity(Condition={operator: {"aws:some": wanted}})


@pytest.mark.parametrize(
    "begun", ["${a" + ":" * 10_000, "${a:b" + ":c" * 5_000 + "'", "${a:" * 2_500, "${a:" + " b" * 5_000]
)
def test_a_variable_that_does_not_end_is_read_once(begun: str) -> None:
    """Cut at its colons in every possible way, 60 of them would be read for hours."""
    with pytest.raises(MalformedPolicy):
        identity(Condition={"StringLike": {"aws:x": begun}})


def test_numbers_and_booleans_need_no_quotes_in_conditions() -> None:
    conditions = {"StringEquals": {"aws:PrincipalAccount": 111122223333}, "Bool": {"aws:SecureTransport": False}}
    read = identity(Condition=conditions).statements[0].conditions
    assert [condition.wanted for condition in read] == [("111122223333",), ("false",)]


def test_a_dollar_and_a_brace_are_text_in_the_old_version() -> None:
    old = {"Version": "2008-10-17", "Statement": {**STATEMENT, "Resource": "arn:aws:ecr:*:*:repository/${a}"}}
    assert parse(json.dumps(old), PolicyKind.IDENTITY).statements


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("111122223333", Principal(PrincipalKind.ACCOUNT, "111122223333")),
        ("arn:aws:iam::111122223333:root", Principal(PrincipalKind.ACCOUNT, "111122223333")),
        ("arn:aws-cn:iam::111122223333:root", Principal(PrincipalKind.ACCOUNT, "111122223333")),
        ("*", Principal(PrincipalKind.ANYONE, "*")),
        *(
            (text, Principal(kind, text))
            for text, kind in (
                ("arn:aws:iam::111122223333:user/alice", PrincipalKind.USER),
                ("arn:aws:iam::111122223333:user/team/red/alice", PrincipalKind.USER),
                ("arn:aws:iam::111122223333:role/service-role/ci", PrincipalKind.ROLE),
                ("arn:aws:sts::111122223333:assumed-role/ci/build-7", PrincipalKind.SESSION),
                ("AIDAEXAMPLEEXAMPLE12", PrincipalKind.UNIQUE_ID),
                ("AROAEXAMPLEEXAMPLE12", PrincipalKind.UNIQUE_ID),
            )
        ),
    ],
)
def test_a_principal_is_read_as_what_it_names(written: str, read: Principal) -> None:
    assert repository({"AWS": written}).statements[0].principals == (read,)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "**",
        "alice",
        "11112222333",
        "111122223333:root",
        "arn:aws:iam::111122223333",
        "arn:aws:iam::*:root",
        "arn:aws:iam::111122223333:user/*",
        "arn:aws:iam::111122223333:user/te?m/alice",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:group/team",
        "arn:aws:iam::111122223333:user/alice\n",
        "arn:aws:sts::111122223333:assumed-role/ci",
        "arn:aws:iam::111122223333:user/" + "/" * 5000 + "*",
        "AKIAEXAMPLEEXAMPLE12",
    ],
    ids=range(15),
)
def test_a_principal_that_names_nobody_is_refused(written: str) -> None:
    with pytest.raises(MalformedPolicy) as refused:
        repository({"AWS": written})
    assert str(refused.value) == f'Invalid principal in policy: "AWS":"{written}"'


def test_a_document_lists_each_principal_it_names_once() -> None:
    account = "arn:aws:iam::111122223333:root"
    user = "arn:aws:iam::111122223333:user/alice"
    document = repository("*", {"AWS": [account, user]}, {"AWS": "111122223333", "Service": "lambda.amazonaws.com"})
    assert document.principals_named == (
        Principal(PrincipalKind.ACCOUNT, "111122223333"),
        Principal(PrincipalKind.USER, user),
    )
