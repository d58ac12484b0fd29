"""Our query shapes and codec against the service models of IAM and STS."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import msgspec
import pytest
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer

from conformance.model.builder import QUERY_REGEX, Broken, breaches, model, valid
from moorage.domain.errors import MalformedRequest, ValidationFailed
from moorage.edge.awsquery.codec import decode, encode, encode_error, parse_form
from moorage.edge.awsquery.shapes import (
    IAM,
    IAM_NAMESPACE,
    IAM_OPERATIONS,
    IAM_VERSION,
)
from moorage.edge.awsquery.stsshapes import STS, STS_NAMESPACE, STS_OPERATIONS, STS_VERSION

SERVICES = {"iam": model("iam"), "sts": model("sts")}
SHAPES = IAM | STS
DOCUMENTS = {"PolicyDocument", "AssumeRolePolicyDocument", "Document"}
SERVED = [*(("iam", name) for name in IAM), *(("sts", name) for name in STS)]
ANSWERING = [(service, name) for service, name in SERVED if SHAPES[name].output is not None]
# Forms have no types but text, no null, and no way to say that a list is none; the rest is checked as in JSON.
BREACHES = [
    pytest.param(service, name, broken, id=f"{name}-{broken.where}-{broken.rule}")
    for service, name in SERVED
    if (shape := SERVICES[service].operation_model(name).input_shape) is not None
    for broken in breaches(shape, QUERY_REGEX)
    if broken.constraint is not None and not isinstance(broken.path[-1], int)
]


def asked(service: str, name: str) -> object:
    shape = SERVICES[service].operation_model(name).input_shape
    return {} if shape is None else valid(shape)


def flat(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, inner in value.items():
                yield from flat(inner, f"{at}.{name}" if at else name)
        case []:
            yield at, ""
        case list():
            for number, inner in enumerate(value, 1):
                yield from flat(inner, f"{at}.member.{number}")
        case None:
            pass
        case bool():
            yield at, "true" if value else "false"
        case _:
            yield at, str(value)


def encoded_policies(value: object) -> object:
    if isinstance(value, list):
        return [encoded_policies(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: quote(inner, safe="") if name in DOCUMENTS else encoded_policies(inner) for name, inner in value.items()
    }


@pytest.mark.parametrize(
    ("service", "operations", "namespace", "version"),
    [("iam", IAM_OPERATIONS, IAM_NAMESPACE, IAM_VERSION), ("sts", STS_OPERATIONS, STS_NAMESPACE, STS_VERSION)],
)
def test_the_service_s_facts_are_the_model_s(
    service: str, operations: frozenset[str], namespace: str, version: str
) -> None:
    metadata = SERVICES[service].metadata
    facts = frozenset(SERVICES[service].operation_names), metadata["xmlNamespace"], metadata["apiVersion"]
    assert (operations, namespace, version) == facts


@pytest.mark.parametrize(("service", "name"), SERVED)
def test_a_request_of_botocore_with_every_member_is_read(service: str, name: str) -> None:
    ask = asked(service, name)
    request = QuerySerializer().serialize_to_request(ask, SERVICES[service].operation_model(name))
    read = decode(SHAPES[name], parse_form(urlencode(request["body"]).encode()))
    assert read == msgspec.convert(ask, type=SHAPES[name].input)


@pytest.mark.parametrize(("service", "name", "broken"), BREACHES)
def test_a_broken_rule_is_told(service: str, name: str, broken: Broken) -> None:
    form = dict(flat(broken.put_into(asked(service, name))))
    with pytest.raises(ValidationFailed) as refusal:
        decode(SHAPES[name], form)
    place = re.sub(r"(^|\.)([A-Z])", lambda found: found[1] + found[2].lower(), broken.where)
    assert str(refusal.value).startswith("1 validation error detected: Value")
    assert str(refusal.value).endswith(f" at '{place}' failed to satisfy constraint: {broken.constraint}")


@pytest.mark.parametrize("name", ["ListUsers", "ListAccessKeys", "ListUserPolicies"])
@pytest.mark.parametrize("text", ["", "x", "1.0", "1e2", " 1", "\u0661"])
def test_a_count_that_is_no_integer_is_malformed(name: str, text: str) -> None:
    with pytest.raises(MalformedRequest):
        decode(SHAPES[name], {"UserName": "ada", "MaxItems": text})


@pytest.mark.parametrize(("service", "name"), ANSWERING)
def test_botocore_reads_an_output_with_every_member(service: str, name: str) -> None:
    operation = SERVICES[service].operation_model(name)
    answer = valid(operation.output_shape)
    output = msgspec.convert(answer, type=SHAPES[name].output)
    body = encode(name, operation.metadata["xmlNamespace"], output, "id-1")
    parsed = QueryParser().parse({"status_code": 200, "headers": {}, "body": body}, operation.output_shape)
    assert parsed.pop("ResponseMetadata")["RequestId"] == "id-1"
    assert parsed == encoded_policies(answer)


@pytest.mark.parametrize(("service", "name"), [served for served in SERVED if served not in ANSWERING])
def test_botocore_reads_the_answer_of_an_operation_without_output(service: str, name: str) -> None:
    namespace = SERVICES[service].metadata["xmlNamespace"]
    body = encode(name, namespace, None, "id-1")
    parsed = QueryParser().parse({"status_code": 200, "headers": {}, "body": body}, None)
    assert parsed["ResponseMetadata"]["RequestId"] == "id-1"


def test_botocore_reads_an_error() -> None:
    body = encode_error(IAM_NAMESPACE, "Sender", "NoSuchEntity", "The user with name <b>&'\"\x00 is not there.", "id-1")
    parsed = QueryParser().parse({"status_code": 404, "headers": {}, "body": body}, None)
    assert parsed["Error"] == {
        "Type": "Sender",
        "Code": "NoSuchEntity",
        "Message": "The user with name <b>&'\"\ufffd is not there.",
    }
