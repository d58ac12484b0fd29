"""What the query codec reads, refuses and writes; rule by rule it is tested in tests/conformance/model."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from moorage.domain.errors import MalformedRequest, ValidationFailed
from moorage.edge.awsquery.codec import MOST_FIELDS, decode, encode, encode_error, parse_form
from moorage.edge.awsquery.shapes import (
    IAM,
    IAM_NAMESPACE,
    CreateUserRequest,
    GetUserPolicyResponse,
    GetUserResponse,
    ListUserPoliciesResponse,
    PutUserPolicyRequest,
    Tag,
    UserShape,
)

CREATE = IAM["CreateUser"]
ADA = UserShape(
    Path="/",
    UserName="ada",
    UserId="AIDA0123456789ABCDEF",
    Arn="arn:aws:iam::123456789012:user/ada",
    CreateDate=datetime(2026, 1, 31, 14, tzinfo=timezone(timedelta(hours=2))),
)


def refusal(form: dict[str, str]) -> str:
    with pytest.raises(ValidationFailed) as refused:
        decode(CREATE, form)
    return str(refused.value)


def test_a_form_is_read() -> None:
    assert parse_form(b"Action=GetUser&UserName=a%2Bb+c&Path=") == {
        "Action": "GetUser",
        "UserName": "a+b c",
        "Path": "",
    }


def test_an_empty_form_has_no_fields() -> None:
    assert parse_form(b"") == {}


@pytest.mark.parametrize(
    "body",
    [b"UserName=ada&UserName=ada", b"UserName=%FF", b"UserName=\xff", b"UserName=%00", b"%00=x", b"UserName=%ED%A0%80"],
)
def test_a_form_that_can_be_read_in_two_ways_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        parse_form(body)


def test_the_number_of_fields_is_bounded() -> None:
    fields = [f"f{number}=" for number in range(MOST_FIELDS + 1)]
    assert len(parse_form("&".join(fields[1:]).encode())) == MOST_FIELDS
    with pytest.raises(MalformedRequest):
        parse_form("&".join(fields).encode())


def test_lists_of_structures_are_read() -> None:
    form = {
        "UserName": "ada",
        "Tags.member.2.Key": "b",
        "Tags.member.2.Value": "2",
        "Tags.member.1.Key": "a",
        "Tags.member.1.Value": "",
    }
    tags = (Tag(Key="a", Value=""), Tag(Key="b", Value="2"))
    assert decode(CREATE, form) == CreateUserRequest(UserName="ada", Tags=tags)


def test_an_empty_list_is_read() -> None:
    assert decode(CREATE, {"UserName": "ada", "Tags": ""}) == CreateUserRequest(UserName="ada", Tags=())


def test_unknown_fields_are_ignored() -> None:
    assert decode(CREATE, {"UserName": "ada", "Version": "2010-05-08"}) == CreateUserRequest(UserName="ada")


@pytest.mark.parametrize("index", ["0", "2", "01", "-1", "x", "", "\u0661"])
def test_items_not_numbered_from_one_are_malformed(index: str) -> None:
    with pytest.raises(MalformedRequest):
        decode(CREATE, {"UserName": "ada", f"Tags.member.{index}.Key": "a", f"Tags.member.{index}.Value": "b"})


@pytest.mark.parametrize("stray", ["Tags.1.Key", "Tags.members.1.Key", "Tags.member", "Tags.", "Tags.Member.1.Key"])
@pytest.mark.parametrize("beside", [{}, {"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"}, {"Tags": ""}])
def test_a_list_with_something_else_below_it_is_malformed(stray: str, beside: dict[str, str]) -> None:
    with pytest.raises(MalformedRequest):
        decode(CREATE, {"UserName": "ada", stray: "a", **beside})


@pytest.mark.parametrize("stray", ["key", "Keys", "Key2", "", "Value2.member.1"])
def test_a_structure_has_no_members_but_its_own(stray: str) -> None:
    told = refusal(
        {"UserName": "ada", "Tags.member.1.Key": "a", "Tags.member.1.Value": "b", f"Tags.member.1.{stray}": "c"}
    )
    assert told == f"Tags.member.1.{stray} is no member that is known: it has Key, Value"


def test_a_structure_given_as_text_is_malformed() -> None:
    with pytest.raises(MalformedRequest):
        decode(CREATE, {"UserName": "ada", "Tags.member.1": "a"})


def test_a_list_given_as_text_is_malformed() -> None:
    with pytest.raises(MalformedRequest):
        decode(CREATE, {"UserName": "ada", "Tags": "x"})


def test_text_given_as_a_list_is_malformed() -> None:
    with pytest.raises(MalformedRequest):
        decode(CREATE, {"UserName.member.1": "ada"})


def test_a_missing_member_is_told_in_iam_s_words() -> None:
    assert refusal({}) == (
        "1 validation error detected: Value null at 'userName' failed to satisfy constraint: Member must not be null"
    )


def test_a_pattern_is_told_in_iam_s_words() -> None:
    assert refusal({"UserName": "a/b"}) == (
        "1 validation error detected: Value 'a/b' at 'userName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]+"
    )


def test_a_length_is_told_in_iam_s_words() -> None:
    assert refusal({"UserName": "a" * 65}) == (
        f"1 validation error detected: Value '{'a' * 65}' at 'userName' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )


def test_a_member_of_an_item_is_told_by_its_path() -> None:
    told = refusal({"UserName": "ada", "Tags.member.1.Key": "a;b", "Tags.member.1.Value": ""})
    assert "Value 'a;b' at 'tags.1.member.key' failed" in told


def test_a_huge_value_is_not_told_in_full() -> None:
    assert len(refusal({"UserName": "a" * 1_000_000})) < 2000


@pytest.mark.parametrize("name", ["ada\n", "größe", "a٣"])
def test_names_are_matched_whole_and_in_ascii(name: str) -> None:
    assert refusal({"UserName": name}).endswith(r"[\w+=,.@-]+")


@pytest.mark.parametrize("character", "aé漢٣Ⅷ½ \u3000\u00a0_.:/=+-@")
def test_tags_may_hold_letters_digits_and_spaces_of_all_scripts(character: str) -> None:
    form = {"UserName": "ada", "Tags.member.1.Key": character, "Tags.member.1.Value": ""}
    assert decode(CREATE, form) == CreateUserRequest(UserName="ada", Tags=(Tag(Key=character, Value=""),))


@pytest.mark.parametrize("character", "!;\t\n\u20ac\u0301\u200b")
def test_tags_may_hold_nothing_else(character: str) -> None:
    assert "'tags.1.member.key'" in refusal(
        {"UserName": "ada", "Tags.member.1.Key": character, "Tags.member.1.Value": ""}
    )


def test_policy_documents_come_in_plain() -> None:
    form = {"UserName": "ada", "PolicyName": "p", "PolicyDocument": '{"a": "%20"}'}
    assert decode(IAM["PutUserPolicy"], form) == PutUserPolicyRequest(**form)


def test_policy_documents_go_out_percent_encoded() -> None:
    output = GetUserPolicyResponse(UserName="ada", PolicyName="p", PolicyDocument='{"a": "b/*~"}')
    body = encode("GetUserPolicy", IAM_NAMESPACE, output, "id-1")
    assert b"<PolicyDocument>%7B%22a%22%3A%20%22b%2F%2A~%22%7D</PolicyDocument>" in body


def test_an_answer_is_written_as_iam_writes_it() -> None:
    assert encode("GetUser", IAM_NAMESPACE, GetUserResponse(User=ADA), "id-1").decode() == (
        '<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult><User><Path>/</Path>'
        "<UserName>ada</UserName><UserId>AIDA0123456789ABCDEF</UserId><Arn>arn:aws:iam::123456789012:user/ada</Arn>"
        "<CreateDate>2026-01-31T12:00:00Z</CreateDate></User></GetUserResult><ResponseMetadata>"
        "<RequestId>id-1</RequestId></ResponseMetadata></GetUserResponse>"
    )


def test_lists_and_booleans_are_written_as_iam_writes_them() -> None:
    output = ListUserPoliciesResponse(PolicyNames=("a", "b"), IsTruncated=False)
    assert (
        b"<PolicyNames><member>a</member><member>b</member></PolicyNames><IsTruncated>false</IsTruncated>"
    ) in encode("ListUserPolicies", IAM_NAMESPACE, output, "id-1")


def test_an_operation_without_output_has_no_result() -> None:
    assert encode("DeleteUser", IAM_NAMESPACE, None, "id-1").decode() == (
        '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata>'
        "<RequestId>id-1</RequestId></ResponseMetadata></DeleteUserResponse>"
    )


def test_what_xml_cannot_carry_is_replaced() -> None:
    body = encode_error(IAM_NAMESPACE, "Sender", "ValidationError", '<&>"\t\n\r\x00\x1f\x7f\ud800\uffff🚢', "id-1")
    told = re.search("<Message>(.*)</Message>", body.decode(), re.DOTALL)
    assert told is not None
    assert told[1] == "&lt;&amp;&gt;&quot;\t\n&#13;\ufffd\ufffd\x7f\ufffd\ufffd🚢"
