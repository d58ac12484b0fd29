"""A refusal does not wait for the end of what is refused: it comes while the client is still sending."""

import json

import pytest

from protocol.api import ECR, Api
from protocol.registry import EMPTY_INDEX, MIB, Registry, basic
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire, head

PIECE = b"10000\r\n" + bytes(0x10000) + b"\r\n"
SIZE = 10 * MIB
NOBODY = "00000000-0000-4000-8000-000000000000"
REFUSED = {
    "no password": ("PATCH", "{name}/blobs/uploads/{upload}", {"Authorization": ""}, 401),
    "no such repository": ("POST", f"no/such/blobs/uploads/?digest={digest_of(b'')}", {}, 404),
    "no such upload": ("PATCH", f"{{name}}/blobs/uploads/{NOBODY}", {}, 404),
    "no such upload to finish": ("PUT", f"{{name}}/blobs/uploads/{NOBODY}?digest={digest_of(b'')}", {}, 404),
    "no digest": ("PUT", "{name}/blobs/uploads/{upload}?digest=sha256:x", {}, 400),
    "no tag": ("PUT", "{name}/manifests/-x", {"Content-Type": OCI.manifest}, 400),
    "a manifest of no repository": ("PUT", "no/such/manifests/v1", {"Content-Type": OCI.manifest}, 404),
    "no such method": ("POST", "{name}/manifests/v1", {}, 405),
    "a part of another place": ("PATCH", "{name}/blobs/uploads/{upload}", {"Content-Range": f"7-{7 + SIZE - 1}"}, 416),
    "a manifest without end": ("PUT", "{name}/manifests/v1", {"Content-Type": OCI.manifest}, 405),
}


def begin(wire: Wire, method: str, target: str, headers: dict[str, str]) -> Answer:
    """Send the head and much of a body that is not over, and wait for the answer to it."""
    named = {"Host": wire.host, "Transfer-Encoding": "chunked"} | headers
    wire.send(head(method, target, named.items()))
    for _ in range(5 * MIB // len(PIECE) + 1):
        wire.send(PIECE)
    return wire.receive(method)


@pytest.mark.parametrize(("method", "path", "headers", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_client_that_is_still_sending_is_told(  # noqa: PLR0913, PLR0917  # fixtures
    server: RunningServer,
    registry: Registry,
    repository: str,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    upload = registry.start(repository)
    target = "/v2/" + path.format(name=repository, upload=upload.rpartition("/")[2])
    with Wire(server.host) as wire:
        answer = begin(wire, method, target, {"Authorization": basic(registry.password)} | headers)
    assert answer.status == status
    told = registry.ask("GET", upload)
    assert (told.status, told.header("range")) == (204, "0-0")


@pytest.mark.parametrize(("method", "path", "headers", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_client_that_waits_for_leave_is_refused_at_once_or_told_to_go_on(  # noqa: PLR0913, PLR0917  # fixtures
    server: RunningServer,
    registry: Registry,
    repository: str,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    """Only what is refused for its bytes alone needs them."""
    upload = registry.start(repository).rpartition("/")[2]
    named = {"Host": server.host, "Authorization": basic(registry.password), "Expect": "100-continue"}
    with Wire(server.host) as wire:
        target = "/v2/" + path.format(name=repository, upload=upload)
        wire.send(head(method, target, (named | {"Content-Length": str(SIZE)} | headers).items()))
        assert not wire.receive_leave()
        assert wire.receive(method).status == status


@pytest.mark.parametrize("size", [4, 200_000])
@pytest.mark.parametrize("kind", ["a part", "an end", "a whole blob", "a manifest"])
def test_a_client_that_waits_for_leave_gets_it_before_it_sends_a_byte(
    registry: Registry, repository: str, kind: str, size: int
) -> None:
    data = bytes(size)
    body = json.dumps(EMPTY_INDEX).encode().ljust(size) if kind == "a manifest" else data
    upload = registry.start(repository)
    method, target = {
        "a part": ("PATCH", upload),
        "an end": ("PUT", f"{upload}?digest={digest_of(data)}"),
        "a whole blob": ("POST", f"{repository}/blobs/uploads/?digest={digest_of(data)}"),
        "a manifest": ("PUT", f"{repository}/manifests/v1"),
    }[kind]
    wire = registry.wire
    named = {"Host": wire.host, "Authorization": basic(registry.password), "Content-Type": OCI.index}
    named |= {"Expect": "100-continue", "Content-Length": str(len(body))}
    wire.send(head(method, f"/v2/{target}", named.items()))
    assert wire.receive_leave()
    wire.send(body)
    assert wire.receive(method).status == 201


def test_a_client_that_waits_and_is_refused_can_go_on_with_another_request(registry: Registry, repository: str) -> None:
    """It has sent nothing of the body: what comes next is a request, or the connection has ended."""
    wire = registry.wire
    named = {"Host": wire.host, "Authorization": basic(registry.password)}
    waiting = named | {"Expect": "100-continue", "Content-Length": str(SIZE)}
    wire.send(head("PUT", f"/v2/{repository}/blobs/uploads/{NOBODY}?digest={digest_of(b'')}", waiting.items()))
    assert wire.receive("PUT").status == 404
    wire.send(head("GET", f"/v2/{repository}/tags/list", (named | {"Connection": "close"}).items()))
    assert [answer.status for answer in wire.receive_all()] in ([200], [])


def test_the_api_refuses_an_endless_body(server: RunningServer, api: Api) -> None:
    headers = {**dict(api.signed(f"{ECR}.ListImages", b"{}"))}
    headers.pop("host")
    with Wire(server.host) as wire:
        assert begin(wire, "POST", "/", headers).status == 413
