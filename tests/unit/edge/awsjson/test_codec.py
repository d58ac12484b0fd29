"""What the JSON codec reads, refuses and writes; rule by rule it is tested in tests/conformance/model."""

import json

import pytest

from moorage.domain.errors import InvalidParameter, MalformedRequest
from moorage.edge.awsjson.codec import DEEPEST, decode, encode
from moorage.edge.awsjson.shapes import (
    OPERATIONS,
    AuthorizationData,
    CreateRepositoryRequest,
    DescribeRepositoriesRequest,
    GetAuthorizationTokenResponse,
    PutImageRequest,
)

CREATE, DESCRIBE = OPERATIONS["CreateRepository"], OPERATIONS["DescribeRepositories"]
PUT_IMAGE = OPERATIONS["PutImage"]
MALFORMED = {
    "not JSON": b"{",
    "blank": b" ",
    "not UTF-8": b'{"nextToken":"\xff"}',
    "not UTF-8 in an unknown member": b'{"unknown":"\xff"}',
    "a byte order mark": b'\xef\xbb\xbf{"nextToken":"x"}',
    "UTF-16": '{"nextToken":"x"}'.encode("utf-16"),
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "a duplicate key": b'{"maxResults":1,"maxResults":1}',
    "a duplicate key, once escaped": b'{"maxResults":1,"m\\u0061xResults":2}',
    "a duplicate key further down": b'{"unknown":[{"a":{"b":1,"b":2}}]}',
    "a lone high surrogate": b'{"nextToken":"\\ud800"}',
    "a lone low surrogate": b'{"nextToken":"\\udc00x"}',
    "a lone surrogate in a key": b'{"unknown":{"\\ud800":1}}',
    "a surrogate as bytes": b'{"nextToken":"\xed\xa0\x80"}',
    "an escaped NUL": b'{"nextToken":"a\\u0000"}',
    "an escaped NUL in a key": b'{"unknown":{"a\\u0000":1}}',
    "a raw NUL": b'{"nextToken":"a\x00"}',
    "a raw line feed": b'{"nextToken":"a\n"}',
    "arrays too deep": b'{"unknown":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}",
    "objects too deep": b'{"unknown":' + b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST + b"}",
    "arrays beyond all depth": b'{"unknown":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "NaN": b'{"maxResults":NaN}',
    "NaN in an unknown member": b'{"unknown":[NaN]}',
    "Infinity": b'{"maxResults":Infinity}',
    "minus Infinity": b'{"unknown":-Infinity}',
    "a number of thousands of digits": b'{"unknown":' + b"9" * 5000 + b"}",
    "trailing data": b'{"nextToken":"x"}{}',
    "a trailing comma": b'{"nextToken":"x",}',
    "a comment": b'{"nextToken":"x"/**/}',
    "single quotes": b"{'nextToken':'x'}",
    "a leading zero": b'{"maxResults":01}',
    "a fraction for a count": b'{"maxResults":5.0}',
    "an exponent for a count": b'{"maxResults":1e2}',
    "a string for a count": b'{"maxResults":"5"}',
    "a boolean for a count": b'{"maxResults":true}',
}


def test_an_empty_body_is_an_empty_request() -> None:
    assert decode(DESCRIBE, b"") == DescribeRepositoriesRequest()


def test_unknown_members_are_ignored() -> None:
    assert decode(DESCRIBE, b'{"unknown":[1,{"a":null}],"maxResults":5}') == DescribeRepositoriesRequest(maxResults=5)


def test_a_nesting_that_is_just_not_too_deep_is_read() -> None:
    body = b'{"unknown":' + b"[" * (DEEPEST - 1) + b"]" * (DEEPEST - 1) + b"}"
    assert decode(DESCRIBE, body) == DescribeRepositoriesRequest()


def test_an_escaped_backslash_makes_no_nul() -> None:
    assert decode(DESCRIBE, rb'{"nextToken":"a\\u0000"}') == DescribeRepositoriesRequest(nextToken=r"a\u0000")


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert decode(DESCRIBE, rb'{"nextToken":"\ud83d\udea2"}') == DescribeRepositoriesRequest(nextToken="🚢")


def test_lengths_are_counted_in_characters() -> None:
    ask = {"repositoryName": "team/app", "imageManifest": "{}", "imageTag": "🚢" * 300}
    assert decode(PUT_IMAGE, json.dumps(ask).encode()) == PutImageRequest(**ask)


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_body_that_is_not_plain_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        decode(DESCRIBE, body)


@pytest.mark.parametrize("filler", [b"x", "é".encode()], ids=["ascii", "utf-8"])
def test_a_duplicate_key_is_found_in_a_long_body_too(filler: bytes) -> None:
    body = b'{"nextToken":"%s","maxResults":1,"maxResults":1}' % (filler * 100_000)
    with pytest.raises(MalformedRequest):
        decode(DESCRIBE, body)


def test_broken_utf_8_is_found_in_a_long_body_too() -> None:
    with pytest.raises(MalformedRequest):
        decode(DESCRIBE, b'{"unknown":"%s\xff"}' % (b"x" * 100_000))


def test_a_control_character_is_found_in_a_long_body_too() -> None:
    with pytest.raises(MalformedRequest):
        decode(DESCRIBE, b'{"unknown":"%s\x00"}' % (b"x" * 100_000))


def test_long_strings_side_by_side_are_read() -> None:
    names = ["x" * 100_000, "x" * 100_000]
    body = json.dumps({"nextToken": names[0], "unknown": names}).encode()
    assert decode(DESCRIBE, body) == DescribeRepositoriesRequest(nextToken=names[0])


def test_the_first_violation_in_the_model_s_order_is_told() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        decode(CREATE, b'{"imageTagMutability":"x","tags":null,"repositoryName":"x","registryId":"x"}')
    assert refusal.value.parameter == "registryId"


def test_a_wrong_type_goes_before_every_violation() -> None:
    with pytest.raises(MalformedRequest):
        decode(CREATE, b'{"registryId":"x","tags":[{"Key":7}]}')


def test_a_member_of_a_list_s_item_is_told_by_its_path() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        decode(OPERATIONS["BatchGetImage"], b'{"repositoryName":"app","imageIds":[{},{"imageTag":""}]}')
    assert str(refusal.value) == (
        "Invalid parameter at 'imageIds.2.member.imageTag' failed to satisfy constraint: "
        "'Member must have length greater than or equal to 1'"
    )


def test_a_pattern_is_told_as_the_model_writes_it() -> None:
    with pytest.raises(InvalidParameter) as refusal:
        decode(CREATE, b'{"repositoryName":"Team"}')
    assert str(refusal.value) == (
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression "
        r"'[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*''"
    )


@pytest.mark.parametrize("name", ["app", "a0", "team/app", "a.b_c__d---e/f", "a" * 256])
def test_a_good_repository_name_is_read(name: str) -> None:
    assert decode(CREATE, json.dumps({"repositoryName": name}).encode()) == CreateRepositoryRequest(repositoryName=name)


@pytest.mark.parametrize("name", ["app\n", "a..b", "a___b", "/a", "a/", "a//b", "-a", "a-", "Ab", "é0", "a b", "a٣"])
def test_a_bad_repository_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidParameter):
        decode(CREATE, json.dumps({"repositoryName": name}).encode())


def test_absent_members_are_not_written() -> None:
    assert encode(GetAuthorizationTokenResponse()) == b"{}"


def test_a_time_is_written_in_seconds_since_1970() -> None:
    output = GetAuthorizationTokenResponse(authorizationData=(AuthorizationData(expiresAt=1769860800.5),))
    assert encode(output) == b'{"authorizationData":[{"expiresAt":1769860800.5}]}'


@pytest.mark.parametrize("tag", [{}, {"Value": "b"}, {"key": "a", "Value": "b"}, {"Key": None, "Value": "b"}])
def test_a_tag_without_a_key_does_not_vanish(tag: dict[str, object]) -> None:
    body = json.dumps({"repositoryName": "app", "tags": [{"Key": "a", "Value": "b"}, tag]}).encode()
    with pytest.raises(InvalidParameter) as refused:
        decode(CREATE, body)
    assert refused.value.parameter == "tags.2.member.Key"
