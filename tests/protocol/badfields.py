"""Requests whose header fields stand twice or cannot be read, which get 400, or name another transfer coding: 501."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from moorage.edge.http.fields import ONCE, READ
from protocol.badcases import LAYER
from protocol.registry import manifest_for
from support.images import DOCKER, OCI
from support.wire import Headers

TWICE = {
    "content-type": (OCI.index, DOCKER.index),
    "content-range": ("0-2", "3-5"),
    "expect": ("100-continue", "100-continue"),
    "if-range": ('"a"', '"b"'),
    "range": ("bytes=0-1", "bytes=3-4"),
    "transfer-encoding": ("chunked", "chunked"),
    "user-agent": ("docker/28", "curl/8"),
}
CODINGS = ("gzip, chunked", "chunked, chunked", "identity, chunked", "deflate,chunked", ", chunked")
CHUNKED = b"3\r\nabc\r\n0\r\n\r\n"
_LENGTH, _CODING = "content-length", "transfer-encoding"


@dataclass(frozen=True, slots=True)
class BadFields:
    """One request below ``/v2/`` with these lines; ``{name}`` and ``{upload}`` are filled in."""

    id: str
    method: str
    path: str
    lines: Headers
    body: bytes = b""


def _requests() -> Iterator[BadFields]:
    """Send each field in a request that would change something without it."""
    image = json.dumps(manifest_for(LAYER, annotations={"bad": "fields"})).encode()
    put, patch = ("PUT", "{name}/manifests/odd"), ("PATCH", "{name}/blobs/uploads/{upload}")
    for what, (method, path), body in (("a manifest", put, image), ("a part", patch, b"abc")):
        length = (_LENGTH, str(len(body)))
        for name in ONCE:
            twice = [(name, value) for value in TWICE[name]]
            framed = (twice, CHUNKED) if name == _CODING else ([length, *twice], body)
            yield BadFields(f"two lines of {name}, {what}", method, path, tuple(framed[0]), framed[1])
        for name in (name for name in READ if name not in {_LENGTH, _CODING, "authorization"}):
            yield BadFields(f"unreadable {name}, {what}", method, path, (length, (name, "caf\xe9")), body)
        for coding in CODINGS:
            yield BadFields(f"a body coded as {coding}, {what}", method, path, ((_CODING, coding),), CHUNKED)
    same = ("content-type", OCI.manifest)
    yield BadFields("the media type twice", *put, ((_LENGTH, str(len(image))), same, same), image)


FIELDS = list(_requests())
