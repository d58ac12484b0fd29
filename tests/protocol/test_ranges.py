"""Ranges of every kind, of blobs that lie in the metadata and of those that are files (RFC 9110 section 14)."""

import os

import pytest

from protocol.registry import Registry
from support.layers import digest_of

SIZES = [pytest.param(1000, id="in the metadata"), pytest.param(200_000, id="a file")]
OTHER = '"sha256:' + "0" * 64 + '"'


@pytest.fixture(params=SIZES)
def layer(request: pytest.FixtureRequest) -> bytes:
    return os.urandom(request.param)


@pytest.fixture
def path(registry: Registry, repository: str, layer: bytes) -> str:
    registry.push(repository, "v1", layer)
    return f"{repository}/blobs/{digest_of(layer)}"


@pytest.mark.parametrize(
    ("asked", "first", "end"),
    [
        ("bytes=0-", 0, None),
        ("bytes=0-0", 0, 1),
        ("bytes=1-1", 1, 2),
        ("bytes=10-19", 10, 20),
        ("bytes=990-", 990, None),
        ("bytes=-1", -1, None),
        ("bytes=-999", -999, None),
        ("bytes=-999999999", 0, None),
        ("bytes=900-999999999999999999", 900, None),
        ("Bytes=1-2", 1, 3),
        ("bytes= 1 - 2 ", 1, 3),
        ("bytes=0001-0002", 1, 3),
    ],
)
def test_one_range_is_that_stretch(  # noqa: PLR0913, PLR0917  # fixtures
    registry: Registry, path: str, layer: bytes, asked: str, first: int, end: int | None
) -> None:
    answer = registry.ask("GET", path, {"Range": asked})
    assert (answer.status, answer.body) == (206, layer[first:end])
    begin = first if first >= 0 else len(layer) + first
    assert answer.header("content-range") == f"bytes {begin}-{begin + len(answer.body) - 1}/{len(layer)}"
    assert registry.ask("GET", path).body == layer  # the connection goes on where it was


@pytest.mark.parametrize("behind", [0, 1, 10**15])
def test_what_begins_behind_the_end_cannot_be_had(registry: Registry, path: str, layer: bytes, behind: int) -> None:
    for asked in (f"bytes={len(layer) + behind}-", f"bytes={len(layer) + behind}-{len(layer) + behind + 5}"):
        answer = registry.ask("GET", path, {"Range": asked})
        assert (answer.status, answer.header("content-range"), answer.body) == (416, f"bytes */{len(layer)}", b"")


@pytest.mark.parametrize("asked", ["bytes=-0", "bytes=5-2"])
def test_a_range_of_nothing_cannot_be_had(registry: Registry, path: str, asked: str) -> None:
    assert registry.ask("GET", path, {"Range": asked}).status == 416


@pytest.mark.parametrize(
    "asked",
    [
        *("bytes=0-1,3-4", "bytes=0-1,bytes=3-4", "bytes=-1,0-0", "bytes=,", f"bytes={','.join(['0-'] * 1000)}"),
        *(
            "bytes=-",
            "bytes=--1",
            "bytes=+1-2",
            "bytes=0x1-2",
            "bytes=1.0-2",
            "bytes=a-b",
            "bytes 0-1",
            "bytes",
            "=0-1",
        ),
        *("lines=0-1", "none", "", "bytes=0-1-2", "bytes=0-1;q=1", f"bytes=0-{'9' * 99}", f"bytes={'9' * 99}-"),
    ],
)
def test_what_is_not_one_range_is_everything(registry: Registry, path: str, layer: bytes, asked: str) -> None:
    answer = registry.ask("GET", path, {"Range": asked})
    assert (answer.status, answer.body, answer.get("content-range")) == (200, layer, None)


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=999999999-"])
def test_a_look_tells_of_everything(registry: Registry, path: str, layer: bytes, asked: str) -> None:
    """HEAD knows no ranges: who looks first learns how long the blob is."""
    answer = registry.ask("HEAD", path, {"Range": asked})
    assert (answer.status, int(answer.header("content-length"))) == (200, len(layer))


@pytest.mark.parametrize(("only_of", "status"), [("{}", 206), (OTHER, 200), ("W/{}", 200)])
def test_a_range_may_be_of_this_content_alone(
    registry: Registry, path: str, layer: bytes, only_of: str, status: int
) -> None:
    headers = {"Range": "bytes=1-2", "If-Range": only_of.format(f'"{digest_of(layer)}"')}
    answer = registry.ask("GET", path, headers)
    assert (answer.status, answer.body) == (status, layer[1:3] if status == 206 else layer)


@pytest.mark.parametrize("asked", ["bytes=0-1", "bytes=999999999-", "bytes=-1"])
def test_a_manifest_has_no_ranges(registry: Registry, repository: str, asked: str) -> None:
    body = registry.push(repository, "v1", b"a layer")
    answer = registry.ask("GET", f"{repository}/manifests/v1", {"Range": asked})
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize("asked", [None, "bytes=0-", "bytes=0-0", "bytes=-1"])
def test_an_empty_blob_has_no_stretch(registry: Registry, repository: str, asked: str | None) -> None:
    registry.push(repository, "v1", b"")
    answer = registry.ask("GET", f"{repository}/blobs/{digest_of(b'')}", {} if asked is None else {"Range": asked})
    assert (answer.status, answer.body) == (200 if asked is None else 416, b"")
