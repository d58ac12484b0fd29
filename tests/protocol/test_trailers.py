"""Trailers behind a chunked body: passed over where a digest judges the bytes, refused elsewhere."""

from collections.abc import Mapping

import pytest

from protocol.api import Api
from protocol.api import message_of as api_message_of
from protocol.registry import Registry, basic, code_of, message_of
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire, head

CHUNKED = {"Transfer-Encoding": "chunked"}
ANNOUNCED = CHUNKED | {"Trailer": "X-Checksum"}
FEW, MANY = b"a few bytes", b"many bytes" * 10_000
SIZES = pytest.mark.parametrize("data", [FEW, MANY], ids=["few", "many"])


def with_trailers(data: bytes, *lines: bytes) -> bytes:
    trailers = b"".join(line + b"\r\n" for line in lines or (b"X-Checksum: 1",))
    return b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(data), data, trailers)


@SIZES
@pytest.mark.parametrize("headers", [CHUNKED, ANNOUNCED], ids=["unannounced", "announced"])
def test_a_blob_may_have_trailers_behind_it(
    in_profile: Registry, repository: str, data: bytes, headers: Mapping[str, str]
) -> None:
    upload, digest = in_profile.start(repository), digest_of(data)
    assert in_profile.ask("PUT", f"{upload}?digest={digest}", headers, with_trailers(data)).status == 201
    other = data + b"!"
    whole = f"{repository}/blobs/uploads/?digest={digest_of(other)}"
    assert in_profile.ask("POST", whole, headers, with_trailers(other)).status == 201
    for blob in (data, other):
        looked = in_profile.ask("HEAD", f"{repository}/blobs/{digest_of(blob)}")
        assert (looked.status, looked.header("content-length")) == (200, str(len(blob)))


@pytest.mark.parametrize(
    "line",
    [b"Content-Length: 99", b"Transfer-Encoding: chunked", b"Host: elsewhere", b"Authorization: Basic x", b"A: "],
)
def test_no_trailer_is_taken_for_a_header(in_profile: Registry, repository: str, line: bytes) -> None:
    """The connection goes on, so that a second request would be seen if there were one."""
    target = f"{in_profile.start(repository)}?digest={digest_of(FEW)}"
    answer = in_profile.ask("PUT", target, CHUNKED, with_trailers(FEW, line, b"X-Second: 2"))
    assert answer.status == 201
    assert in_profile.ask("HEAD", f"{repository}/blobs/{digest_of(FEW)}").status == 200


@SIZES
def test_other_bytes_than_the_digest_says_are_refused(in_profile: Registry, repository: str, data: bytes) -> None:
    upload = in_profile.start(repository)
    target = f"{upload}?digest={digest_of(b'other')}"
    answer = in_profile.ask("PUT", target, CHUNKED, with_trailers(data))
    assert (answer.status, code_of(answer)) == (400, "DIGEST_INVALID")
    assert in_profile.ask("GET", upload).header("range") == "0-0"


@SIZES
@pytest.mark.parametrize("end", [b"", b"0\r\n", b"0\r\nX-Checksum", b"0\r\nX-Checksum: 1\r\n", b"no size\r\n"])
def test_a_blob_that_is_cut_short_is_not_kept(
    server: RunningServer, registry: Registry, repository: str, data: bytes, end: bytes
) -> None:
    upload, digest = registry.start(repository), digest_of(data + data)
    told = {"Host": server.host, "Authorization": basic(registry.password)} | ANNOUNCED
    with Wire(server.host) as wire:
        wire.send(
            head("PUT", f"/v2/{upload}?digest={digest}", told.items()) + b"%x\r\n%b\r\n" % (len(data), data) + end
        )
    assert registry.ask("HEAD", f"{repository}/blobs/{digest}").status == 404
    assert registry.ask("GET", upload).header("range") == "0-0"


@SIZES
def test_a_part_with_trailers_is_refused_and_not_kept(
    server: RunningServer, registry: Registry, repository: str, data: bytes
) -> None:
    upload = registry.start(repository)
    for headers, words in ((ANNOUNCED, "trailers"), (CHUNKED, "cut short")):
        with Wire(server.host) as wire:
            answer = Registry(wire, registry.password).ask("PATCH", upload, headers, with_trailers(data))
        assert (answer.status, words in message_of(answer)) == (400, True)
    assert registry.ask("GET", upload).header("range") == "0-0"


def test_a_manifest_with_trailers_is_refused(registry: Registry, repository: str) -> None:
    headers = {"Content-Type": OCI.manifest} | ANNOUNCED
    answer = registry.ask("PUT", f"{repository}/manifests/v1", headers, with_trailers(b"{}"))
    assert (answer.status, "trailers" in message_of(answer)) == (400, True)


def test_a_call_with_trailers_is_refused(api: Api) -> None:
    headers = (*api.signed("AmazonEC2ContainerRegistry_V20150921.DescribeRepositories", b"{}"), ("trailer", "x"))
    answer = api.deliver(headers, b"{}")
    assert (answer.status, "trailers" in api_message_of(answer)) == (400, True)
