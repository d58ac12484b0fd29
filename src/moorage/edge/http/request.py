"""One HTTP request as every edge sees it: granian's scope and protocol, judged and given types.

The server hands over a path that is percent-decoded once already; names are judged on that form alone.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Protocol
from urllib.parse import parse_qs, parse_qsl

from msgspec import Struct

from moorage.domain.addresses import NO_REGISTRY, Addresses, Host, read_client, read_host, split_port
from moorage.domain.errors import MalformedRequest
from moorage.edge.http.body import Bodies, BodyReader
from moorage.edge.http.linger import Rest
from moorage.edge.http.room import Sender

Network = IPv4Network | IPv6Network
_QUERY_FIELDS = 64
_HOSTS = 1024  # remembered
_LONGEST_HOST = 300
_REPEATABLE = ("tag",)  # a push by digest may name several tags
_LENGTH = re.compile(r"[0-9]{1,18}\Z")


class Headers(Protocol):
    """What the server knows of the headers, names in lower case; of values beyond ASCII it tells the names alone."""

    def __contains__(self, key: str) -> bool: ...

    def __len__(self) -> int:
        """Count the names."""
        ...

    def get(self, key: str, default: str | None = None) -> str | None: ...

    def get_all(self, key: str) -> list[str]: ...

    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """The server's view of a request."""

    method: str
    path: str
    query_string: str
    scheme: str
    client: str
    authority: str | None

    @property
    def headers(self) -> Headers: ...


class Transport(Protocol):
    """The server's way to read a body and to answer."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...

    def response_file(self, status: int, headers: list[tuple[str, str]], file: str) -> None: ...

    def response_file_range(  # the server's own signature
        self, status: int, headers: list[tuple[str, str]], file: str, start: int, end: int
    ) -> None: ...


class Origin(Struct, frozen=True):
    """How the client reached us: the host it asked for, the true scheme, and its own address."""

    name: str
    port: int | None
    secure: bool
    client: str
    trusted: bool  # the host is loopback or configured: absolute URLs may name it
    said: Host = NO_REGISTRY  # which account and region the name stands for, if it is a registry's


@dataclass(slots=True)
class Trace:
    """Who does what, as far as it is known: for the log line of a request."""

    caller: str = ""
    action: str = ""


class Request:
    """A request whose host is judged; its body is still on the wire."""

    def __init__(self, scope: Scope, transport: Transport, origin: Origin, request_id: str, bodies: Bodies) -> None:
        self.method, self.path = scope.method, scope.path
        self.query_string = scope.query_string
        self.headers = scope.headers
        self.origin, self.id, self.trace = origin, request_id, Trace()
        self._transport, self._reader = transport, BodyReader(bodies)
        self.received = 0

    @property
    def sender(self) -> Sender:
        return Sender(self.origin.client)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query's fields, each named once.

        Raises:
            MalformedRequest

        """
        if not self.query_string:
            return {}
        try:
            pairs = parse_qsl(self.query_string, keep_blank_values=True, max_num_fields=_QUERY_FIELDS, errors="strict")
        except ValueError:
            raise MalformedRequest("the query cannot be read") from None
        found = dict(pairs)
        spare = max(sum(name in _REPEATABLE for name, _ in pairs) - 1, 0)
        if len(found) + spare != len(pairs):
            raise MalformedRequest("a query parameter stands twice")
        return found

    def query_values(self, name: str) -> list[str]:
        """Give every value of a field that may stand more than once; of a query that was read already."""
        if name not in self.query:
            return []
        return parse_qs(self.query_string, keep_blank_values=True, errors="strict")[name]

    @property
    def content_length(self) -> int | None:
        """The declared length of the body; None for a chunked one.

        Raises:
            MalformedRequest

        """
        text = self.headers.get("content-length")
        if text is None:
            return None
        if _LENGTH.match(text) is None:
            raise MalformedRequest("Content-Length is no number")
        return int(text)

    @property
    def has_body(self) -> bool:
        return self.headers.get("transfer-encoding") is not None or bool(self.content_length)

    async def read(self, limit: int, *, proven: bool = False) -> bytes:
        """Read the whole body, at most ``limit`` bytes of it; a ``proven`` caller has shown a password already.

        Raises:
            BodyTooLarge, MalformedRequest, BodyTooSlow, TooBusy

        """
        self._expect_no_trailers()
        body = await self._reader.read(self._transport, self.content_length, limit, Sender(self.origin.client, proven))
        self.received = len(body)
        return body

    def _expect_no_trailers(self) -> None:
        if "trailer" in self.headers:
            raise MalformedRequest("trailers are taken only behind a body whose digest the request tells")

    def blame(self) -> None:
        """Note that the body, which had to be read to tell, was signed by nobody."""
        self._reader.blame(self.sender)

    def close(self) -> None:
        """Let go of the body's place in memory: the request is answered."""
        self._reader.close()

    @property
    def rest(self) -> Rest | None:
        """What is still to come of the body, once there is an answer."""
        if self.headers.get("transfer-encoding") is None and self.headers.get("content-length", "0") == "0":
            return None
        try:
            declared = self.content_length
        except MalformedRequest:
            declared = None
        return self._reader.rest(self._transport, declared, self.sender)

    def ends_after(self, rest: Rest | None) -> bool:
        """Tell whether the connection ends with the rest; whoever asked for leave to send it may leave it out."""
        return rest is not None and not (rest.short and self.headers.get("expect") is None)

    async def linger(self, rest: Rest) -> None:
        """Take what is still to come, and throw it away."""
        await self._reader.linger(rest, self.sender)

    async def stream(self, *, judged: bool = False) -> AsyncIterator[bytes]:
        """Give the body in pieces as they come; one that is cut short raises at its end, unless a digest judges it.

        Raises:
            MalformedRequest, BodyTooSlow, TooBusy

        """
        if not judged:
            self._expect_no_trailers()
        async for piece in self._reader.pieces(self._transport, self.content_length, self.sender, judged=judged):
            self.received += len(piece)
            yield piece
            del piece  # it may be long until the next one comes


class Origins:
    """Finds out how clients reached us; only a proxy that the settings trust may tell it in headers."""

    def __init__(self, addresses: Addresses, proxies: tuple[Network, ...]) -> None:
        self._addresses, self._proxies = addresses, proxies
        self._read: dict[str, tuple[str, int | None, bool, Host]] = {}

    def judge(self, scope: Scope) -> Origin:
        """Judge the host that a request names.

        Raises:
            MalformedRequest: no host, two hosts, or two that contradict each other

        """
        hosts = scope.headers.get_all("host")
        authority = scope.authority
        if len(hosts) > 1 or (not hosts and authority is None):
            raise MalformedRequest("a request has exactly one Host")
        host = hosts[0] if hosts else authority or ""
        if authority is not None and authority != host:
            raise MalformedRequest("the authority of the request line is not the Host")
        client, proxied = self._reached(scope)
        secure = scope.scheme == "https"
        if proxied:
            host = _last(scope.headers, "x-forwarded-host") or host
            forwarded = _last(scope.headers, "x-forwarded-proto")
            secure = secure if forwarded is None else forwarded.lower() == "https"
        name, port, trusted, said = self._read.get(host) or self._read_host(host)
        return Origin(name, port or (443 if secure else 80), secure, client, trusted, said)

    def nowhere(self, scope: Scope) -> Origin:
        """Tell of a request whose host cannot be judged where it came from alone."""
        return Origin("", None, secure=False, client=self._reached(scope)[0], trusted=False)

    def _reached(self, scope: Scope) -> tuple[str, bool]:
        """Give the client's address, and whether a proxy that may tell it stands in between."""
        peer = read_client(scope.client)
        if peer is None:
            return scope.client, False
        if self._proxies and is_proxy(peer, self._proxies):
            return _forwarded_for(scope.headers, peer), True
        return peer, False

    def _read_host(self, host: str) -> tuple[str, int | None, bool, Host]:
        """Read a Host; what one says never changes, so that it is remembered."""
        name, port = split_port(host)
        read = (name, port, self._addresses.is_ours(name), read_host(name))
        if len(self._read) >= _HOSTS:
            self._read.clear()
        if len(host) <= _LONGEST_HOST:
            self._read[host] = read
        return read


def is_proxy(peer: str, proxies: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in proxies)


def _forwarded_for(headers: Headers, peer: str) -> str:
    """Give the client that a proxy tells; what cannot be read is no address, and not the proxy's own either."""
    told = _last(headers, "x-forwarded-for")
    if told is None:
        return peer if headers.get_all("x-forwarded-for") or "x-forwarded-for" not in headers else ""
    return read_client(told) or ""


def _last(headers: Headers, name: str) -> str | None:
    """Give what the nearest proxy said: the last value of the last such header."""
    values = headers.get_all(name)
    return values[-1].rpartition(",")[2].strip() or None if values else None
