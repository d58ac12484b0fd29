"""What tests of slow clients share: servers with time-outs of their own, what is asked of them, and honest work."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from protocol.api import ECR, Api
from protocol.people import root_of
from protocol.registry import Registry, basic
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire, head

REPOSITORY: Final = "team/app"
_LONG: Final = {"header": "600", "idle": "600", "body": "600", "send": "600"}
_DECLARED: Final = 10_000_000  # bytes of a body that never comes whole


def start(folder: Path, **timeouts: str) -> RunningServer:
    """Start a server of which the time-outs that are named are short, and the others too long to matter."""
    settings = {f"MOORAGE_{name.upper()}_TIMEOUT": seconds for name, seconds in (_LONG | timeouts).items()}
    server = RunningServer(folder / "data", settings={"MOORAGE_WORKERS": "1", **settings})
    server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
    return server


def told(server: RunningServer, **headers: str) -> Mapping[str, str]:
    """Give the headers of somebody with a password."""
    return {"Host": server.host, "Authorization": basic(server.password()), **headers}


def kept(server: RunningServer, size: int) -> str:
    """Put an image with one layer of this size, and give the layer's path."""
    layer = os.urandom(size)
    with Wire(server.host) as wire:
        Registry(wire, server.password()).push(REPOSITORY, "large", layer)
    return f"/v2/{REPOSITORY}/blobs/{digest_of(layer)}"


def work(registry: Registry, number: int) -> None:
    """Push an image and pull it again: what must go on beside any crowd."""
    pushed = registry.push(REPOSITORY, f"v{number}", b"layer %d" % number)
    assert registry.ask("GET", f"{REPOSITORY}/manifests/v{number}").body == pushed


def dripping(server: RunningServer) -> dict[str, bytes]:
    """Begin what may be sent a byte at a time: a head, a part of an upload, a signed body, what is refused."""
    key = root_of(server)
    with Wire(server.host) as wire:
        path = f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest_of(b'none')}"
        signed = Api(wire, key.id, key.secret).signed(f"{ECR}.PutImage", b"{}")
    long = {"Content-Length": "1000000"}
    return {
        "head": b"GET /v2/ HTTP/1.1\r\nX-Slow: ",
        "upload": head("POST", path, told(server, **long).items()),
        "call": head("POST", "/", (*signed, ("content-length", "60000"))),
        "refused": head("PUT", "/nowhere", ({"Host": server.host} | long).items()),
    }


def stopped_parts(server: RunningServer, count: int, sent: int) -> list[bytes]:
    """Begin so many uploads, and of each a part of which some bytes come and no more."""
    return _parts(server, count, sent, told(server, **{"Content-Length": str(_DECLARED)}))


def whole_parts(server: RunningServer, count: int, size: int, *, last: bool = True) -> list[bytes]:
    """Begin so many uploads, and of each a part that comes whole; the last thing on its connection, or not."""
    after = "close" if last else "keep-alive"
    return _parts(server, count, size, told(server, **{"Content-Length": str(size), "Connection": after}))


def _parts(server: RunningServer, count: int, sent: int, headers: Mapping[str, str]) -> list[bytes]:
    with Wire(server.host) as wire:
        registry = Registry(wire, server.password())
        paths = [registry.start(REPOSITORY) for _ in range(count)]
    return [head("PATCH", f"/v2/{path}", headers.items()) + bytes(sent) for path in paths]
