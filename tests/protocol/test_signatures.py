"""Signed calls on the wire: which are taken, and the code each wrong one is refused with (spec: errors section 1.2)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from moorage.edge.awsjson.shapes import OPERATIONS
from protocol.api import ECR, OWN, Api, code_of, message_of
from protocol.people import EVERYTHING, People
from support.wire import Answer, Headers, Wire

TARGET = f"{ECR}.DescribeRegistry"
INVALID, INCOMPLETE = "InvalidSignatureException", "IncompleteSignatureException"
UNRECOGNIZED, MISSING = "UnrecognizedClientException", "MissingAuthenticationTokenException"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided."
    " Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


def changed(headers: Headers, name: str, pattern: str, instead: str) -> Headers:
    """Rewrite a header that was signed, or is the signature."""
    return tuple((known, re.sub(pattern, instead, value) if known == name else value) for known, value in headers)


def without(headers: Headers, name: str) -> Headers:
    return tuple((known, value) for known, value in headers if known != name)


def send(api: Api, headers: Headers, body: bytes = b"{}") -> Answer:
    return api.deliver(headers, body)


def test_a_good_signature_is_taken(api: Api) -> None:
    assert send(api, api.signed(TARGET, b"{}")).status == 200


@pytest.mark.parametrize("target", [TARGET, f"{ECR}.PutRegistryPolicy", f"{OWN}.CreateAccount"])
def test_without_a_signature_there_is_no_token(wire: Wire, target: str) -> None:
    answer = wire.ask("POST", "/", {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}, b"{}")
    assert (answer.status, code_of(answer), message_of(answer)) == (400, MISSING, "Missing Authentication Token")


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_no_operation_is_for_everyone(wire: Wire, operation: str) -> None:
    answer = wire.ask("POST", "/", {"X-Amz-Target": f"{ECR}.{operation}"}, b"{")
    assert code_of(answer) == MISSING


def test_another_signature_does_not_match(api: Api) -> None:
    headers = changed(api.signed(TARGET, b"{}"), "authorization", "Signature=.*", f"Signature={'0' * 64}")
    answer = send(api, headers)
    assert (answer.status, code_of(answer), message_of(answer)) == (400, INVALID, MISMATCH)


def test_another_secret_does_not_match(api: Api) -> None:
    assert code_of(replace(api, secret="x" * 40).call("DescribeRegistry")) == INVALID


@pytest.mark.parametrize(
    ("minutes", "sentence"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")], ids=["past", "future"]
)
def test_a_signature_of_another_time_is_refused(api: Api, minutes: int, sentence: str) -> None:
    answer = send(api, api.signed(TARGET, b"{}", late=timedelta(minutes=minutes)))
    assert (code_of(answer), message_of(answer).startswith(sentence)) == (INVALID, True)
    assert message_of(answer).endswith(f"{'-' if minutes < 0 else '+'} 5 min.)")


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_may_differ_a_little(api: Api, minutes: int) -> None:
    assert send(api, api.signed(TARGET, b"{}", late=timedelta(minutes=minutes))).status == 200


def test_a_signature_for_another_service_is_refused(api: Api) -> None:
    answer = send(api, replace(api, service="s3").signed(TARGET, b"{}"))
    message = "Credential should be scoped to correct service: 'ecr'."
    assert (code_of(answer), message_of(answer)) == (INVALID, message)


def test_a_signature_for_another_region_is_refused(api: Api) -> None:
    answer = replace(api, region="eu-west-1").call("DescribeRegistry")
    assert (code_of(answer), message_of(answer)) == (INVALID, "Credential should be scoped to a valid region.")


def test_a_signature_for_ecr_calls_nothing_else(api: Api) -> None:
    assert code_of(send(api, api.signed(f"{OWN}.ListAccounts", b"{}"))) == INVALID


@pytest.mark.parametrize("key", ["AKIAAAAAAAAAAAAAAAAA", "root", "A" * 128])
def test_a_key_of_nobody_is_unrecognized(api: Api, key: str) -> None:
    answer = replace(api, access_key_id=key).call("DescribeRegistry")
    message = "The security token included in the request is invalid."
    assert (answer.status, code_of(answer), message_of(answer)) == (400, UNRECOGNIZED, message)


def test_an_inactive_key_is_unrecognized(wire: Wire, people: People) -> None:
    key = people.new(EVERYTHING)
    people.iam.update_access_key(UserName=key.name, AccessKeyId=key.id, Status="Inactive")
    assert code_of(Api(wire, key.id, key.secret).call("DescribeRegistry")) == UNRECOGNIZED


def test_a_session_token_with_a_lasting_key_is_unrecognized(api: Api) -> None:
    headers = api.signed(TARGET, b"{}", more=(("x-amz-security-token", "FwoGZXIvYXdz"),))
    assert code_of(send(api, headers)) == UNRECOGNIZED


def test_a_tampered_body_does_not_match(api: Api) -> None:
    headers = api.signed(f"{ECR}.CreateRepository", b'{"repositoryName":"good/name"}')
    assert message_of(send(api, headers, b'{"repositoryName":"evil/name"}')) == MISMATCH


def test_a_declared_hash_of_another_body_does_not_match(api: Api) -> None:
    headers = api.signed(TARGET, b"{}", more=(("x-amz-content-sha256", "0" * 64),))
    assert code_of(send(api, headers)) == INVALID


@pytest.mark.parametrize("declared", ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"])
def test_an_unsigned_body_is_refused(api: Api, declared: str) -> None:
    assert code_of(send(api, api.signed(TARGET, b"{}", more=(("x-amz-content-sha256", declared),)))) == INCOMPLETE


@pytest.mark.parametrize(
    ("name", "pattern", "instead"),
    [
        ("x-amz-target", "DescribeRegistry", "GetRegistryPolicy"),
        ("content-type", "$", "; charset=utf-8"),
        ("host", "127.0.0.1", "localhost"),
    ],
)
def test_a_tampered_header_does_not_match(api: Api, name: str, pattern: str, instead: str) -> None:
    assert code_of(send(api, changed(api.signed(TARGET, b"{}"), name, pattern, instead))) == INVALID


def test_a_tampered_query_does_not_match(api: Api) -> None:
    answer = api.deliver(api.signed(TARGET, b"{}"), b"{}", target="/?a=b")
    assert code_of(answer) == INVALID


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        ("SignedHeaders=[^,]*", "SignedHeaders=x-amz-date;x-amz-target"),  # no host
        ("SignedHeaders=[^,]*", "SignedHeaders=content-type;host;x-amz-date"),  # no target
        ("SignedHeaders=[^,]*", "SignedHeaders=host;host;x-amz-date;x-amz-target"),
        ("SignedHeaders=[^,]*", "SignedHeaders=host;missing;x-amz-date;x-amz-target"),
        ("SignedHeaders=[^,]*", "SignedHeaders=x-amz-target;x-amz-date;host"),
        ("Signature=.*", "Signature="),
        (", Signature=.*", ""),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
        ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
        ("AWS4-HMAC-SHA256", "Bearer"),
        ("/aws4_request", ""),
        ("Credential=[^,]*", "Credential="),
        ("$", ", Signature=0"),
        ("$", ", Extra=0"),
        ("$", ", "),
    ],
)
def test_a_signature_that_cannot_be_read_is_incomplete(api: Api, pattern: str, instead: str) -> None:
    answer = send(api, changed(api.signed(TARGET, b"{}"), "authorization", pattern, instead))
    assert (answer.status, code_of(answer)) == (400, INCOMPLETE)


@pytest.mark.parametrize("name", ["authorization", "x-amz-date", "x-amz-target"])
def test_a_header_that_stands_twice_is_refused(api: Api, name: str) -> None:
    headers = api.signed(TARGET, b"{}")
    again = next(one for one in headers if one[0] == name)
    assert code_of(send(api, (*headers, again))) == INCOMPLETE


def test_a_date_is_needed(api: Api) -> None:
    assert code_of(send(api, without(api.signed(TARGET, b"{}"), "x-amz-date"))) == INCOMPLETE


def test_the_day_of_the_scope_is_that_of_the_date(api: Api) -> None:
    today = f"{datetime.now(UTC):%Y%m%d}"
    headers = changed(api.signed(TARGET, b"{}"), "authorization", f"/{today}/", "/20200101/")
    assert code_of(send(api, headers)) == INVALID


def test_a_body_in_chunks_is_read_whole_before_it_is_believed(api: Api) -> None:
    headers = {**dict(api.signed(TARGET, b"{}")), "Transfer-Encoding": "chunked"}
    headers["Host"] = headers.pop("host")
    assert api.wire.ask("POST", "/", headers, b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n").status == 200


@pytest.mark.parametrize(
    "target",
    [
        "",
        "DescribeRegistry",
        ".DescribeRegistry",
        f"{ECR}.",
        f"{ECR}.describeRegistry",
        f"{ECR}.DescribeRegistry2",
        f"{ECR}.__class__",
        f"{ECR}.DescribeRegistry.x",
        f"{ECR}#DescribeRegistry",
        "AmazonEC2ContainerRegistry_V20990101.DescribeRegistry",
        "SpencerFrontendService.DescribeRegistry",
        "AWSBaltic.DeleteImageForConvergentReplicationInternal",
        f"{OWN}.DescribeRegistry",
        f"{OWN}.Exit",
        "DynamoDB_20120810.ListTables",
    ],
)
def test_an_unknown_target_is_an_unknown_operation(api: Api, target: str) -> None:
    answer = send(api, api.signed(target, b"{}"))
    assert (answer.status, code_of(answer)) == (400, "UnknownOperationException")
    assert answer.header("content-type") == "application/x-amz-json-1.1"


def test_each_answer_has_an_id_of_its_own(api: Api) -> None:
    ids = [api.call(name).header("x-amzn-requestid") for name in ("DescribeRegistry", "GetRegistryPolicy")]
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in ids)
    assert ids[0] != ids[1]


def test_every_answer_is_aws_json(api: Api) -> None:
    kinds = {api.call(name).header("content-type") for name in ("DescribeRegistry", "GetRegistryPolicy", "Nothing")}
    assert kinds == {"application/x-amz-json-1.1"}
