"""Header fields that stand twice, or hold what cannot be read: refused, and nothing is done (security: class I)."""

import json
import os

import pytest

from moorage.edge.http.fields import ONCE, READ
from protocol.api import ECR, Api
from protocol.badfields import CHUNKED, CODINGS, TWICE
from protocol.registry import EMPTY_INDEX, Registry, basic
from support.images import DOCKER, OCI
from support.layers import digest_of
from support.wire import Answer, Wire, head

BODY = json.dumps(EMPTY_INDEX).encode()
MANIFEST_LENGTH = ("Content-Length", str(len(BODY)))


def ask(registry: Registry, method: str, path: str, lines: list[tuple[str, str]], body: bytes = b"") -> Answer:
    fixed = [("Host", registry.wire.host), ("Authorization", basic(registry.password))]
    registry.wire.send(head(method, f"/v2/{path}", [*fixed, *lines]) + body)
    return registry.wire.receive(method)


@pytest.mark.parametrize("name", ONCE)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_field_of_which_there_is_one_must_not_stand_twice(
    registry: Registry, repository: str, method: str, name: str
) -> None:
    lines = [(name, value) for value in TWICE[name]]
    answer = ask(registry, method, f"{repository}/manifests/v1", lines)
    assert (answer.status, answer.read("errors.0.code")) == (400, "UNSUPPORTED")
    assert f"one {name}" in str(answer.read("errors.0.message"))
    assert answer.header("docker-distribution-api-version") == "registry/2.0"


@pytest.mark.parametrize("second", [OCI.index, DOCKER.index, "text/plain"])
def test_a_manifest_under_two_media_types_is_not_kept(registry: Registry, repository: str, second: str) -> None:
    types = [("Content-Type", OCI.index), ("Content-Type", second), MANIFEST_LENGTH]
    assert ask(registry, "PUT", f"{repository}/manifests/v1", types, BODY).status == 400
    assert registry.ask("GET", f"{repository}/manifests/v1").status == 404


@pytest.mark.parametrize("name", READ)
def test_what_is_read_has_to_be_readable(wire: Wire, name: str) -> None:
    wire.send(head("GET", "/v2/", [("Host", wire.host), (name, "caf\xe9")]))
    assert wire.receive().status == 400


@pytest.mark.parametrize("name", ["content-type", "x-amz-target", "x-amz-date"])
def test_the_api_reads_no_field_that_cannot_be_read(api: Api, name: str) -> None:
    headers = [(known, value) for known, value in api.signed(f"{ECR}.ListImages", b"{}") if known != name]
    api.wire.send(head("POST", "/", [*headers, (name, "\xff"), ("content-length", "2")]) + b"{}")
    answer = api.wire.receive("POST")
    assert (answer.status, answer.read("__type")) == (400, "SerializationException")


def test_a_form_with_a_field_twice_is_refused_in_xml(wire: Wire) -> None:
    form = [("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", "0")]
    wire.send(head("POST", "/", [("Host", wire.host), ("User-Agent", "a"), ("User-Agent", "b"), *form]))
    answer = wire.receive("POST")
    assert (answer.status, answer.header("content-type")) == (400, "text/xml")


def test_an_unreadable_field_in_front_hides_no_readable_one(registry: Registry, repository: str) -> None:
    types = [("Content-Type", "caf\xe9"), ("Content-Type", OCI.index), MANIFEST_LENGTH]
    assert ask(registry, "PUT", f"{repository}/manifests/v1", types, BODY).status == 400


def test_a_part_with_an_unreadable_range_is_not_taken(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    lines = [("Content-Range", "0-2\xa0"), ("Content-Length", "3")]
    assert ask(registry, "PATCH", upload, lines, b"abc").status == 400
    assert registry.ask("GET", upload).header("range") == "0-0"


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_in_another_coding_is_not_taken(registry: Registry, repository: str, coding: str) -> None:
    upload = registry.start(repository)
    answer = ask(registry, "PATCH", upload, [("Transfer-Encoding", coding)], CHUNKED)
    assert answer.status == 501
    with Wire(registry.wire.host) as wire:
        assert Registry(wire, registry.password).ask("GET", upload).header("range") == "0-0"


def test_other_fields_may_hold_anything_and_stand_twice(registry: Registry, repository: str) -> None:
    lines = [("X-Other", "caf\xe9"), ("X-Other", "a"), ("X-Other", "b"), ("Docker-Content-Digest", "a")]
    assert ask(registry, "GET", f"{repository}/tags/list", lines).status == 200


def test_lists_may_stand_in_several_lines(registry: Registry, repository: str) -> None:
    data = os.urandom(10)
    registry.push(repository, "v1", data)
    lines = [("If-None-Match", '"a"'), ("If-None-Match", f'"{digest_of(data)}"'), ("Accept", "a/b"), ("Accept", "*/*")]
    assert ask(registry, "GET", f"{repository}/blobs/{digest_of(data)}", lines).status == 304
