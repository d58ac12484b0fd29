"""What a small request may cost: bounded work, whatever it asks for."""

import json

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.api import Api, code_of, message_of
from protocol.registry import CONFIG, Registry, basic, manifest_for
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire

MIB = 1024 * 1024


def padded(registry: Registry, repository: str, tag: str, size: int) -> bytes:
    """Put an image whose manifest is padded to about ``size`` bytes."""
    for blob in (CONFIG, b"layer"):
        registry.put_blob(repository, blob)
    return registry.keep(repository, tag, manifest_for(b"layer", annotations={tag: "x" * size}))


def test_an_image_that_is_named_a_hundred_times_comes_once(
    registry: Registry, ecr: BaseClient, repository: str
) -> None:
    padded(registry, repository, "big", 1000)
    answer = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "big"}] * 100)
    assert [len(answer["images"]), answer["failures"]] == [1, []]


def test_more_manifests_than_an_answer_may_hold_are_refused(
    registry: Registry, ecr: BaseClient, repository: str
) -> None:
    for number in range(5):
        padded(registry, repository, f"v{number}", 4 * MIB - 10_000)
    with pytest.raises(ClientError) as refused:
        ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": f"v{number}"} for number in range(5)])
    assert refused.value.response["Error"]["Code"] == "LimitExceededException"


def test_more_names_than_the_model_allows_are_refused_before_any_is_asked_about(api: Api) -> None:
    answer = api.call("DescribeRepositories", {"repositoryNames": ["team/app"] * 50_000})
    told = "Invalid parameter at 'repositoryNames' failed to satisfy constraint: 'Member must have length less than or"
    assert [code_of(answer), message_of(answer).startswith(told)] == ["InvalidParameterException", True]


def test_a_tag_filter_of_many_stars_stops_nothing(registry: Registry, ecr: BaseClient, repository: str) -> None:
    tag = "a" * 128
    padded(registry, repository, tag, 10)
    stars = [{"filterType": "WILDCARD", "filter": "*a" * 12 + "*b"}]
    ecr.put_image_tag_mutability(
        repositoryName=repository,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=stars,
    )
    again = json.dumps(manifest_for(b"layer", annotations={"again": "x"})).encode()
    assert registry.put_manifest(repository, tag, again).status == 400


def test_an_image_id_that_names_nothing_is_no_missing_image(ecr: BaseClient, repository: str) -> None:
    with pytest.raises(ClientError) as refused:
        ecr.describe_images(repositoryName=repository, imageIds=[{}])
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


def test_two_passwords_in_one_request_are_none(wire: Wire, password: str) -> None:
    good = basic(password)
    raw = f"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: {good}\r\nAuthorization: {good}\r\n\r\n"
    wire.send(raw.encode())
    assert wire.receive("GET").status == 401


def test_a_blob_whose_file_is_gone_is_the_servers_fault(
    server: RunningServer, registry: Registry, repository: str
) -> None:
    layer = b"of a file that somebody deletes" * 4000  # too many bytes to be kept in the metadata
    registry.push(repository, "v1", layer)
    lost = [path for path in (server.data / "blobs").glob("*/*") if path.read_bytes() == layer]
    for path in lost:
        path.unlink()
    answer = registry.ask("GET", f"/v2/{repository}/blobs/{digest_of(layer)}")
    assert [len(lost), answer.status, answer.read("errors.0.code")] == [1, 500, "UNKNOWN"]
