"""Requests that two readers might cut apart differently: refused, and never a second one out of the first's body."""

import json

import pytest
from botocore.client import BaseClient

from protocol.registry import CONFIG, Registry, basic, manifest_for
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire, chunked, head, talk

BARE = {400, 408, 413, 414, 431}
LENGTHS = {
    "two lengths": ["Content-Length: 5", "Content-Length: 6"],
    "two lengths in one": ["Content-Length: 5, 6"],
    "a negative length": ["Content-Length: -5"],
    "a signed length": ["Content-Length: +5"],
    "a length in hex": ["Content-Length: 0x5"],
    "a length with a blank": ["Content-Length: 5 0"],
    "no length": ["Content-Length: "],
    "a length beyond all": [f"Content-Length: {10**30}"],
    "a blank before the colon": ["Content-Length : 5"],
    "an unknown coding": ["Transfer-Encoding: xchunked"],
    "chunked not last": ["Transfer-Encoding: chunked, identity"],
    "the identity": ["Transfer-Encoding: identity"],
    "a folded coding": ["Transfer-Encoding:", " chunked"],
    "a folded header": ["X-Other: a", " b"],
    "a NUL in a header": ["X-Other: a\0b"],
    "a bare CR in a header": ["X-Other: a\rContent-Length: 5"],
    "a name with a blank": ["X Other: a"],
    "no name": [": a"],
    "no colon": ["hello"],
}
CHUNKS = {
    "no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "a negative number": b"-5\r\nhello\r\n0\r\n\r\n",
    "a number beyond all": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "a number with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "more than said": b"5\r\nhello world\r\n0\r\n\r\n",
    "no line end behind": b"5\r\nhello0\r\n\r\n",
    "a bare line feed": b"5\nhello\n0\n\n",
}


def smuggled(server: RunningServer, repository: str, password: str) -> bytes:
    """Write a request that would open an upload, if anybody took it for one."""
    named = {"Host": server.host, "Authorization": basic(password), "Content-Length": "0"}
    return head("DELETE", f"/v2/{repository}/manifests/v1", named.items())


@pytest.fixture
def pushed(registry: Registry, repository: str) -> str:
    registry.push(repository, "v1", b"a layer that must stay")
    return repository


def carrier(server: RunningServer, password: str, target: str, lines: list[str]) -> bytes:
    fixed = [f"POST {target} HTTP/1.1", f"Host: {server.host}", f"Authorization: {basic(password)}"]
    return "\r\n".join([*fixed, *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize("lines", LENGTHS.values(), ids=LENGTHS.keys())
@pytest.mark.parametrize("target", ["/v2/{}/blobs/uploads/", "/", "/nowhere"])
def test_a_head_that_cannot_be_read_ends_the_connection(  # noqa: PLR0913, PLR0917  # fixtures
    server: RunningServer, password: str, pushed: str, ecr: BaseClient, target: str, lines: list[str]
) -> None:
    first = carrier(server, password, target.format(pushed), lines)
    answers = talk(server.host, first + b"hello" + smuggled(server, pushed, password))
    assert [answer.status in BARE for answer in answers] == [True]
    assert len(ecr.list_images(repositoryName=pushed)["imageIds"]) == 1


@pytest.mark.parametrize("body", CHUNKS.values(), ids=CHUNKS.keys())
def test_chunks_that_cannot_be_read_end_the_connection(  # noqa: PLR0913, PLR0917  # fixtures
    server: RunningServer, password: str, pushed: str, registry: Registry, ecr: BaseClient, body: bytes
) -> None:
    upload = registry.start(pushed)
    named = {"Host": server.host, "Authorization": basic(password), "Transfer-Encoding": "chunked"}
    first = head("PATCH", f"/v2/{upload}", named.items())
    answers = talk(server.host, first + body + smuggled(server, pushed, password))
    assert all(answer.status == 400 for answer in answers)
    assert len(answers) < 2
    assert registry.ask("GET", upload).header("range") == "0-0"
    assert len(ecr.list_images(repositoryName=pushed)["imageIds"]) == 1


@pytest.mark.parametrize("order", [0, 1])
def test_of_a_length_and_chunks_only_the_chunks_count_and_nothing_follows(
    server: RunningServer, password: str, pushed: str, ecr: BaseClient, order: int
) -> None:
    lines = ["Content-Length: 5", "Transfer-Encoding: chunked"]
    first = carrier(server, password, f"/v2/{pushed}/blobs/uploads/", lines[order:] + lines[:order])
    answers = talk(server.host, first + b"0\r\n\r\n" + smuggled(server, pushed, password))
    assert len(answers) == 1
    assert len(ecr.list_images(repositoryName=pushed)["imageIds"]) == 1


def test_a_request_inside_a_body_is_a_body(server: RunningServer, password: str, pushed: str, ecr: BaseClient) -> None:
    inner = smuggled(server, pushed, password)
    first = carrier(server, password, f"/v2/{pushed}/blobs/uploads/", [f"Content-Length: {len(inner)}"])
    last = carrier(server, password, "/nowhere", ["Connection: close"])
    assert [answer.status for answer in talk(server.host, first + inner + last)] == [202, 404]
    assert len(ecr.list_images(repositoryName=pushed)["imageIds"]) == 1


def test_requests_in_a_row_are_answered_in_their_order(server: RunningServer, password: str) -> None:
    row = [
        ("GET", "/healthz", 200),
        ("GET", "/v2/", 200),
        ("GET", "/v2/no/such/tags/list", 404),
        ("PUT", "/healthz", 405),
    ]
    heads = [
        head(method, path, {"Host": server.host, "Authorization": basic(password)}.items()) for method, path, _ in row
    ]
    with Wire(server.host) as wire:
        wire.send(b"".join(heads))
        assert [wire.receive(method).status for method, *_ in row] == [status for *_, status in row]


def test_a_whole_push_may_be_sent_in_a_row(server: RunningServer, password: str, repository: str) -> None:
    """Bodies, one in chunks among them, end where they end, and nothing is answered before what came before it."""
    layer, name = bytes(100_000), f"/v2/{repository}"
    body = json.dumps(manifest_for(layer)).encode()
    pushes = [("POST", f"{name}/blobs/uploads/?digest={digest_of(one)}", one) for one in (layer, CONFIG)]
    row = [
        *(*pushes, ("PUT", f"{name}/manifests/v1", body), ("GET", f"{name}/manifests/v1", b"")),
        *(("GET", f"{name}/blobs/{digest_of(layer)}", b""), ("DELETE", f"{name}/manifests/v1", b"")),
        ("HEAD", f"{name}/manifests/v1", b""),
    ]
    named = {"Host": server.host, "Authorization": basic(password), "Content-Type": OCI.manifest}
    sent = []
    for method, target, data in row:
        told = {"Transfer-Encoding": "chunked"} if data is layer else {"Content-Length": str(len(data))}
        content = chunked([data[:7], data[7:]]) if data is layer else data
        sent.append(head(method, target, (named | told).items()) + content)
    with Wire(server.host) as wire:
        wire.send(b"".join(sent))
        answers = [wire.receive(method) for method, *_ in row]
    assert [answer.status for answer in answers] == [201, 201, 201, 200, 200, 202, 404]
    assert [answer.body for answer in answers[3:5]] == [body, layer]


def test_a_body_that_nobody_reads_is_no_request(
    server: RunningServer, password: str, pushed: str, ecr: BaseClient
) -> None:
    inner = smuggled(server, pushed, password)
    for target in ("/v2/", "/healthz", "/v2/no/such/manifests/v1"):
        named = {"Host": server.host, "Authorization": basic(password), "Content-Length": str(len(inner))}
        with Wire(server.host) as wire:
            wire.send(head("GET", target, named.items()) + inner)
            wire.receive()
            wire.send(head("GET", "/healthz", {"Host": server.host, "Connection": "close"}.items()))
            assert len(wire.receive_all()) <= 1
    assert len(ecr.list_images(repositoryName=pushed)["imageIds"]) == 1


FLOODS = {
    "many headers": [f"X-{number}: y" for number in range(500)],
    "a header of a mebibyte": [f"X-Long: {'y' * (1 << 20)}"],
    "a name of a mebibyte": [f"{'y' * (1 << 20)}: x"],
}


@pytest.mark.parametrize("lines", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_of_headers_is_refused(server: RunningServer, password: str, lines: list[str]) -> None:
    answers = talk(server.host, carrier(server, password, "/v2/", lines))
    assert [answer.status for answer in answers] == [431]


def test_an_endless_target_is_refused(server: RunningServer, password: str) -> None:
    answers = talk(server.host, carrier(server, password, f"/v2/{'a/' * 100_000}tags/list", []))
    assert [answer.status for answer in answers] == [414]


@pytest.mark.parametrize(
    "content",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET\r\n\r\n",
        b"\0" * 64,
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused(server: RunningServer, content: bytes) -> None:
    assert [answer.status for answer in talk(server.host, content)] == [400]
