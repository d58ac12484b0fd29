"""Blobs over ``/v2/``: look and fetch, whole and in ranges (spec: registry-http section 4.5; RFC 9110 section 14)."""

import os

import pytest

from protocol.api import Api
from protocol.registry import CONFIG, Registry, code_of
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire

LAYER = bytes(range(200)) * 5
MISSING = digest_of(b"nobody ever sent this")


@pytest.fixture
def blob(registry: Registry, repository: str) -> str:
    """Push an image; give the path of its layer."""
    registry.push(repository, "v1", LAYER)
    return f"{repository}/blobs/{digest_of(LAYER)}"


def test_a_blob_is_fetched_as_it_was_sent(registry: Registry, blob: str) -> None:
    answer = registry.ask("GET", blob)
    assert (answer.status, answer.body) == (200, LAYER)


def test_a_blob_comes_with_its_digest(registry: Registry, blob: str) -> None:
    answer = registry.ask("GET", blob)
    assert answer.header("docker-content-digest") == digest_of(LAYER)
    assert answer.header("content-type") == "application/octet-stream"
    assert answer.header("docker-distribution-api-version") == "registry/2.0"


def test_a_config_is_a_blob(registry: Registry, repository: str, blob: str) -> None:
    assert blob.startswith(repository)
    assert registry.ask("GET", f"{repository}/blobs/{digest_of(CONFIG)}").body == CONFIG


def test_head_tells_what_get_would(registry: Registry, blob: str) -> None:
    got, looked = registry.ask("GET", blob), registry.ask("HEAD", blob)
    names = ("content-length", "content-type", "docker-content-digest", "accept-ranges")
    assert looked.status == 200
    assert [looked.header(name) for name in names] == [got.header(name) for name in names]


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        ("bytes=990-", 990, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-5000", 0, 1000),
        ("bytes=900-5000", 900, 1000),
        ("BYTES=1-2", 1, 3),
    ],
)
def test_one_range_is_answered_with_that_stretch(
    registry: Registry, blob: str, asked: str, first: int, end: int
) -> None:
    answer = registry.ask("GET", blob, {"Range": asked})
    assert (answer.status, answer.body) == (206, LAYER[first:end])
    assert answer.header("content-range") == f"bytes {first}-{end - 1}/1000"


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-1001", "bytes=999999999999-", "bytes=-0", "bytes=5-2"])
def test_a_range_behind_the_end_cannot_be_had(registry: Registry, blob: str, asked: str) -> None:
    answer = registry.ask("GET", blob, {"Range": asked})
    assert (answer.status, answer.header("content-range")) == (416, "bytes */1000")


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,3-4", "bytes=-", "bytes=a-b", "lines=0-1", "", "bytes=0-1-2", "bytes=0-" + "9" * 99],
)
def test_what_is_not_one_range_gets_the_whole_blob(registry: Registry, blob: str, asked: str) -> None:
    answer = registry.ask("GET", blob, {"Range": asked})
    assert (answer.status, answer.body) == (200, LAYER)


def test_a_blob_that_no_image_refers_to_can_be_seen_but_not_had(registry: Registry, repository: str) -> None:
    path = f"{repository}/blobs/{registry.put_blob(repository, LAYER)}"
    assert registry.ask("HEAD", path).status == 200
    answer = registry.ask("GET", path)
    assert (answer.status, code_of(answer)) == (404, "BLOB_UNKNOWN")


def test_when_its_image_is_deleted_a_blob_cannot_be_had(registry: Registry, repository: str, blob: str) -> None:
    registry.ask("DELETE", f"{repository}/manifests/v1")
    assert registry.ask("GET", blob).status == 404


def test_a_blob_of_two_images_outlives_one(registry: Registry, repository: str) -> None:
    registry.push(repository, "v1", LAYER)
    manifest = registry.ask("GET", f"{repository}/manifests/v1").body
    assert registry.put_manifest(repository, "v2", manifest + b"\n").status == 201
    registry.ask("DELETE", f"{repository}/manifests/v1")
    assert registry.ask("GET", f"{repository}/blobs/{digest_of(LAYER)}").body == LAYER


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_blob_that_was_never_sent_is_unknown(registry: Registry, repository: str, method: str) -> None:
    answer = registry.ask(method, f"{repository}/blobs/{MISSING}")
    assert answer.status == 404
    assert method == "HEAD" or code_of(answer) == "BLOB_UNKNOWN"


@pytest.mark.parametrize(
    "digest",
    ["latest", "sha256:", "sha256:abc", digest_of(b"").upper(), digest_of(b"") + "0", "sha512:" + "0" * 64, "..:.."],
)
def test_what_is_no_digest_is_refused(registry: Registry, repository: str, digest: str) -> None:
    answer = registry.ask("GET", f"{repository}/blobs/{digest}")
    assert (answer.status, code_of(answer)) == (400, "DIGEST_INVALID")


def test_a_blob_whose_file_was_lost_is_sent_again(
    server: RunningServer, wires: list[Wire], api: Api, password: str, repository: str
) -> None:
    """As docker does: it sends what ``HEAD`` does not find. Every worker remembers what it found before."""
    data = os.urandom(70_000)
    seen = [Registry(wire, password) for wire in wires]
    path = f"{repository}/blobs/{digest_of(data)}"
    seen[0].push(repository, "v1", data)
    assert [one.ask("HEAD", path).status for one in seen] == [200] * len(seen)
    (lost,) = (file for file in (server.data / "blobs").glob("*/*") if file.stat().st_size == len(data))
    lost.unlink()
    assert [one.ask("HEAD", path).status for one in seen] == [404] * len(seen)
    asked = {"repositoryName": repository, "layerDigests": [digest_of(data)]}
    assert api.call("BatchCheckLayerAvailability", asked).read("layers.0.layerAvailability") == "UNAVAILABLE"
    seen[0].put_blob(repository, data)
    assert [one.ask("GET", path).body == data for one in seen] == [True] * len(seen)
    assert api.call("BatchCheckLayerAvailability", asked).read("layers.0.layerAvailability") == "AVAILABLE"


def test_nobody_deletes_a_blob(registry: Registry, blob: str) -> None:
    answer = registry.ask("DELETE", blob)
    assert (answer.status, code_of(answer)) == (405, "UNSUPPORTED")
    assert registry.ask("GET", blob).status == 200


def test_a_blob_of_a_missing_repository_is_not_told_from_others(registry: Registry) -> None:
    answer = registry.ask("GET", f"no/such/blobs/{MISSING}")
    assert (answer.status, code_of(answer)) == (404, "NAME_UNKNOWN")
