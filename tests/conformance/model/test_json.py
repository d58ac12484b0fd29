"""Our JSON shapes and codec against the service model of ECR, operation by operation."""

import json
from datetime import datetime

import msgspec
import pytest
from botocore.parsers import JSONParser

from conformance.model.builder import JSON_REGEX, Broken, breaches, model, valid
from moorage.domain.errors import InvalidParameter, MalformedRequest
from moorage.edge.awsjson.codec import decode, encode
from moorage.edge.awsjson.shapes import OPERATIONS, TARGET_PREFIX

ECR = model("ecr")
BREACHES = [
    pytest.param(name, broken, id=f"{name}-{broken.where}-{broken.rule}")
    for name in ECR.operation_names
    for broken in breaches(ECR.operation_model(name).input_shape, JSON_REGEX)
]


def asked(name: str) -> object:
    return valid(ECR.operation_model(name).input_shape)


def wire(value: object) -> object:
    """Write times as the JSON protocol does."""
    match value:
        case datetime():
            return value.timestamp()
        case dict():
            return {name: wire(inner) for name, inner in value.items()}
        case list():
            return [wire(inner) for inner in value]
        case _:
            return value


def test_every_operation_has_a_shape() -> None:
    assert set(OPERATIONS) == set(ECR.operation_names)


def test_the_target_prefix_is_the_model_s() -> None:
    assert ECR.metadata["targetPrefix"] == TARGET_PREFIX


@pytest.mark.parametrize("name", ECR.operation_names)
def test_a_request_with_every_member_is_read(name: str) -> None:
    ask = asked(name)
    read = decode(OPERATIONS[name], json.dumps(ask).encode())
    assert json.loads(encode(read)) == ask


@pytest.mark.parametrize("name", ECR.operation_names)
def test_null_equals_absent(name: str) -> None:
    shape = ECR.operation_model(name).input_shape
    ask = {member: valid(kind) for member, kind in shape.members.items() if member in shape.required_members}
    nulls = dict.fromkeys(shape.members) | ask
    read = decode(OPERATIONS[name], json.dumps(nulls).encode())
    assert read == decode(OPERATIONS[name], json.dumps(ask).encode())


@pytest.mark.parametrize(("name", "broken"), BREACHES)
def test_a_broken_rule_is_told(name: str, broken: Broken) -> None:
    body = json.dumps(broken.put_into(asked(name))).encode()
    with pytest.raises((InvalidParameter, MalformedRequest)) as refusal:
        decode(OPERATIONS[name], body)
    if broken.constraint is None:
        assert refusal.type is MalformedRequest
    else:
        told = f"Invalid parameter at '{broken.where}' failed to satisfy constraint: '{broken.constraint}'"
        assert str(refusal.value) == told


@pytest.mark.parametrize("name", ECR.operation_names)
def test_botocore_reads_an_output_with_every_member(name: str) -> None:
    shape = ECR.operation_model(name).output_shape
    answer = valid(shape)
    output = msgspec.convert(wire(answer), type=OPERATIONS[name].output)
    parsed = JSONParser().parse({"status_code": 200, "headers": {}, "body": encode(output)}, shape)
    parsed.pop("ResponseMetadata")
    assert parsed == answer
