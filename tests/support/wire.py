"""HTTP/1.1 by hand: exactly the bytes that a test wants to send, and every answer that comes back."""

import contextlib
import select
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import msgspec

_PATIENCE = 30  # seconds; a test that waits this long has failed
_NO_BODY = frozenset({204, 304})

Headers = tuple[tuple[str, str], ...]


class ConnectionEnded(AssertionError):
    def __init__(self, received: bytes) -> None:
        super().__init__(f"the connection ended in the middle of an answer, after {received[-200:]!r}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; header names are in lower case."""

    status: int
    headers: Headers
    body: bytes = field(default=b"")

    def get(self, name: str) -> str | None:
        """Give the one value of a header, None if it is absent."""
        values = [value for known, value in self.headers if known == name]
        assert len(values) < 2, f"{name} stands {len(values)} times"
        return values[0] if values else None

    def header(self, name: str) -> str:
        value = self.get(name)
        assert value is not None, f"there is no {name} in {self.headers}"
        return value

    @property
    def text(self) -> str:
        return self.body.decode()

    def read(self, path: str) -> object:
        """Walk into a JSON body: ``errors.0.code``."""
        found: object = msgspec.json.decode(self.body)
        for step in path.split(".") if path else ():
            if isinstance(found, list):
                found = found[int(step)]
            else:
                assert isinstance(found, dict), f"there is no {path} in {self.text}"
                found = found.get(step)
        return found


class Wire:
    """One connection to a server; it stays open for as many requests as the server lets it."""

    def __init__(self, host: str, *, tls: ssl.SSLContext | None = None, name: str | None = None) -> None:
        address, _, port = host.rpartition(":")
        plain = socket.create_connection((address, int(port)), timeout=_PATIENCE)
        self.host = host
        self._socket = plain if tls is None else tls.wrap_socket(plain, server_hostname=name)
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def local_port(self) -> int:
        return int(self._socket.getsockname()[1])

    def close(self) -> None:
        self._socket.close()

    def send(self, content: bytes) -> None:
        """Send bytes as they are; a server that has heard enough may hang up meanwhile."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(content)

    def cut_while_sending(self, content: bytes) -> bool:
        """Send bytes; tell whether the server hung up meanwhile."""
        try:
            self._socket.sendall(content)
        except OSError:
            return True
        return False

    def ask(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Send a request with a Host and a length, and wait for its answer."""
        given = {"Host": self.host} | dict(headers or {})
        if (body or method in {"POST", "PUT", "PATCH"}) and not given.keys() & {"Content-Length", "Transfer-Encoding"}:
            given["Content-Length"] = str(len(body))
        self.send(head(method, target, given.items()) + body)
        return self.receive(method)

    def receive(self, method: str = "GET") -> Answer:
        """Read one whole answer; what only says "go on sending" is passed over."""
        while True:
            lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            headers = tuple(_parse(line) for line in lines[1:] if line)
            if status >= 200:
                break
        length = next((int(value) for name, value in headers if name == "content-length"), 0)
        body = b"" if method == "HEAD" or status in _NO_BODY else self._take(length)
        return Answer(status, headers, body)

    def receive_leave(self) -> bool:
        """Read the head that answers ``Expect: 100-continue``: whether it says "go on"; a refusal stays to be read."""
        told = self._until(b"\r\n\r\n")
        if told.startswith(b"HTTP/1.1 100 "):
            return True
        self._received = told + b"\r\n\r\n" + self._received
        return False

    def receive_all(self) -> list[Answer]:
        """Read answers until the server ends the connection."""
        return list(self._until_end())

    def is_closed(self) -> bool:
        """Wait for the server to end the connection, or for something else to come."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def wait_for_hang_up(self) -> None:
        """Wait for the server to end the connection, and read nothing meanwhile."""
        gone = select.poll()
        gone.register(self._socket, select.POLLRDHUP)  # which brings POLLHUP and POLLERR along
        assert gone.poll(_PATIENCE * 1000), "the server did not hang up"

    def _until_end(self) -> Iterator[Answer]:
        while self._received or self._more():
            yield self.receive()

    def _until(self, end: bytes) -> bytes:
        while end not in self._received:
            if not self._more():
                raise ConnectionEnded(self._received)
        taken, _, self._received = self._received.partition(end)
        return taken

    def _take(self, size: int) -> bytes:
        pieces = [self._received]
        missing = size - len(self._received)
        while missing > 0:
            piece = self._socket.recv(min(missing, 1 << 20))
            if not piece:
                raise ConnectionEnded(b"".join(pieces))
            pieces.append(piece)
            missing -= len(piece)
        whole = b"".join(pieces)
        self._received = whole[size:]
        return whole[:size]

    def _more(self) -> bool:
        try:
            piece = self._socket.recv(65_536)
        except ConnectionResetError:
            return False
        self._received += piece
        return piece != b""


def head(method: str, target: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Write a request's head, judging nothing."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunked(pieces: Iterable[bytes]) -> bytes:
    """Write a body in the chunked coding."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


def talk(host: str, content: bytes) -> list[Answer]:
    """Send bytes on a connection of their own, and read all answers until the server hangs up."""
    with Wire(host) as wire:
        wire.send(content)
        return wire.receive_all()


def _parse(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.lower(), value.strip()
