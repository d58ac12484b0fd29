"""HTTP as a load generator speaks it: as few instructions a request as will do, nothing tried twice."""

import re
import socket
import ssl
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
_END_OF_CHUNKS = b"0\r\n\r\n"
_PIECE: Final = 1024 * 1024
_SECONDS = 600


class Refused(Exception):
    """The server did not answer as the workload needs it."""

    def __init__(self, wanted: int, answer: "Answer") -> None:
        super().__init__(f"the server answered {answer.status} instead of {wanted}: {answer.body[:300]!r}")


class Lost(Exception):
    """The server closed a connection in the middle of an exchange."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, and what every request to it carries."""

    port: int
    authorization: str | None = None
    secure: bool = False

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.secure else 'http'}://{self.host}"

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self.secure:
            return connection
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # our own server, on loopback
        return context.wrap_socket(connection)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, ready to be sent; ``head`` when its answer has a length and no body."""

    data: bytes
    head: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the head as it was sent."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        found = re.search(rb"\r\n" + name.encode() + rb": *([^\r]*)", self.head, re.IGNORECASE)
        return found[1].decode() if found else ""


Script = Generator[Ask, Answer, None]


def ask(
    address: Address, method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
) -> Ask:
    return Ask(head_of(address, method, path, len(body), headers or {}) + body, head=method == "HEAD")


def head_of(address: Address, method: str, path: str, length: int, headers: Mapping[str, str]) -> bytes:
    told = {"Host": address.host, **headers}
    if address.authorization is not None:
        told.setdefault("Authorization", address.authorization)
    if length or method in {"POST", "PUT", "PATCH"}:
        told["Content-Length"] = str(length)
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items() if value)]
    return "\r\n".join([*lines, "", ""]).encode()


def read(buffer: bytes | bytearray, *, head: bool) -> Answer | None:
    """Read an answer out of what has come so far; None while it is not whole."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    top, status = bytes(buffer[:end]), int(buffer[9:12])
    first = end + 4
    if head or status in {204, 304}:
        return Answer(status, top, b"")
    if found := _LENGTH.search(top):
        last = first + int(found[1])
        return Answer(status, top, bytes(buffer[first:last])) if len(buffer) >= last else None
    if _CHUNKED.search(top):
        return Answer(status, top, bytes(buffer[first:])) if buffer.endswith(_END_OF_CHUNKS) else None
    return Answer(status, top, b"")


def exchange(connection: socket.socket, request: Ask) -> Answer:
    """Send one request and wait for its answer."""
    connection.sendall(request.data)
    return receive(connection, head=request.head)


def receive(connection: socket.socket, *, head: bool = False) -> Answer:
    buffer = bytearray()
    while (answer := read(buffer, head=head)) is None:
        piece = connection.recv(_PIECE)
        if not piece:
            raise Lost
        buffer += piece
    return answer


def expect(answer: Answer, *statuses: int) -> Answer:
    if answer.status not in statuses:
        raise Refused(statuses[0], answer)
    return answer


def drive(connection: socket.socket, script: Script) -> None:
    """Run a script to its end on one connection."""
    try:
        request = next(script)
        while True:
            request = script.send(exchange(connection, request))
    except StopIteration:
        return


def send_stream(connection: socket.socket, head: bytes, pieces: Iterable[bytes | memoryview]) -> Answer:
    connection.sendall(head)
    for piece in pieces:
        connection.sendall(piece)
    return receive(connection)


def drain(connection: socket.socket, request: Ask) -> int:
    """Fetch a large body and forget it; gives its size. Plain bytes are never copied out of the kernel."""
    connection.sendall(request.data)
    top = bytearray()
    while (end := top.find(b"\r\n\r\n")) < 0:
        piece = connection.recv(_PIECE)
        if not piece:
            raise Lost
        top += piece
    found = _LENGTH.search(top)
    size = int(found[1]) if found else 0
    expect(Answer(int(top[9:12]), bytes(top[:end]), b""), 200)
    left = size - (len(top) - end - 4)
    buffer = bytearray(_PIECE)
    flags = 0 if isinstance(connection, ssl.SSLSocket) else socket.MSG_TRUNC
    while left > 0:
        count = connection.recv_into(buffer, min(left, _PIECE), flags)
        if not count:
            raise Lost
        left -= count
    return size
