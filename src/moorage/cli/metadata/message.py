"""Requests and responses of HTTP/1.1, as far as metadata needs them: no request has a body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

_TARGET: Final = re.compile(r"/[\x21-\x7e]*")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# What a proxy or a second program could read otherwise than we do, when there are two of them.
_ONCE: Final = frozenset(
    {
        "authorization",
        "content-length",
        "host",
        "transfer-encoding",
        "x-aws-ec2-metadata-token",
        "x-aws-ec2-metadata-token-ttl-seconds",
    }
)
_VERSIONS: Final = {"HTTP/1.1": True, "HTTP/1.0": False}  # whether the connection stays


class Malformed(Exception):
    """What was sent is no request that is answered here."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; names of headers are in small letters."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    stays: bool = True

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: str = field(default="", repr=False)
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def reason(self) -> str:
        return HTTPStatus(self.status).phrase


def plain(status: int, why: str = "") -> Response:
    """Make an answer that is a line for people."""
    reason = HTTPStatus(status).phrase
    return Response(status, f"{status} {reason}{': ' if why else ''}{why}\n")


def read_head(raw: bytes) -> Request:
    """Read a request's head, with the empty line at its end.

    Raises:
        Malformed

    """
    first, *lines = raw.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or _NAME.fullmatch(words[0]) is None or words[2] not in _VERSIONS:  # noqa: PLR2004 - a request line has three
        raise Malformed("this is no request of HTTP/1.1")
    method, target, version = words
    if _TARGET.fullmatch(target) is None:
        raise Malformed("only a path is asked for here")
    headers = _read_headers(lines)
    if headers.get("content-length", "0") != "0" or "transfer-encoding" in headers:
        raise Malformed("no request has a body here")
    stays = _VERSIONS[version] and headers.get("connection", "").lower() != "close"
    return Request(method, unquote(target.partition("?")[0]), headers, stays)


def _read_headers(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
            raise Malformed("a header is not well formed")
        if name in found and name in _ONCE:
            raise Malformed(f"there are two headers {name}")
        found[name] = value.strip(" \t")
    return found


def write_response(response: Response, *, stays: bool, with_body: bool = True) -> bytes:
    body = response.body.encode()
    lines = [
        f"HTTP/1.1 {response.status} {response.reason}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Server: Moorage",
        f"Connection: {'keep-alive' if stays else 'close'}",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body if with_body else b"")
