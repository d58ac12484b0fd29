"""A registry client that does one exchange at a time, tells what it did, and never tries anything twice."""

import contextlib
import http.client
import socket
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer

PIECE: Final = 64 * 1024
_SECONDS = 60


class ConnectionLost(Exception):
    """The server went away before its answer was here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.headers["location"]).path

    @property
    def offset(self) -> int:
        """Where an upload stands; ``0-0`` is what an empty one says too, and no test sends a single byte."""
        last = int(self.headers["range"].removeprefix("0-"))
        return last + 1 if last else 0


class RawClient:
    """One connection and one repository; it may be used again after a loss, on a new connection."""

    def __init__(self, server: RunningServer, password: str, repository: str) -> None:
        self.port = server.port
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_SECONDS)
        self._authorization = f"Basic {b64encode(f'AWS:{password}'.encode()).decode()}"
        self.prefix = f"/v2/{repository}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def headers(self, extra: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": self._authorization, **extra}

    def ask(
        self, method: str, path: str, body: Iterable[bytes] = (), *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Do one exchange; a body without Content-Length goes out chunked, piece by piece.

        Raises:
            ConnectionLost

        """
        told = self.headers(headers or {})
        chunked = body != () and "Content-Length" not in told
        if chunked:
            told["Transfer-Encoding"] = "chunked"
        # A refusal may come while the body is still on its way: then it is the answer, and the rest is not wanted.
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._connection.request(method, path, body or None, told, encode_chunked=chunked)
            response = self._connection.getresponse()
            answer = Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionLost from error
        if response.will_close or answer.status >= 400:  # of a refused request the body may be unread
            self.close()
        return answer

    def begin(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> socket.socket:
        """Send the head of a request and as much of its body as is given, on a connection of its own."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        lines += [f"{name}: {value}" for name, value in self.headers(headers).items()]
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=_SECONDS)
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return connection

    def start(self) -> str:
        """Open an upload and give its path."""
        answer = self.ask("POST", f"{self.prefix}/blobs/uploads/")
        assert answer.status == 202, answer
        return answer.path

    def finish(self, upload: str, digest: str, rest: bytes = b"") -> Answer:
        headers = {"Content-Length": str(len(rest))}
        return self.ask("PUT", f"{upload}?digest={digest}", pieces(rest), headers=headers)

    def send(self, upload: str, part: bytes, *, first: int) -> Answer:
        """Send one part, as the specification has it."""
        told = {"Content-Length": str(len(part)), "Content-Range": f"{first}-{first + len(part) - 1}"}
        return self.ask("PATCH", upload, pieces(part), headers=told)

    def put_blob(self, data: bytes) -> Answer:
        return self.finish(self.start(), digest_of(data), data)

    def put_manifest(self, tag: str, manifest: bytes) -> Answer:
        headers = {"Content-Type": OCI.manifest, "Content-Length": str(len(manifest))}
        return self.ask("PUT", f"{self.prefix}/manifests/{tag}", [manifest], headers=headers)

    def get_manifest(self, tag: str) -> Answer:
        return self.ask("GET", f"{self.prefix}/manifests/{tag}")

    def look(self, digest: str) -> int:
        return self.ask("HEAD", f"{self.prefix}/blobs/{digest}").status

    def get_blob(self, digest: str) -> Answer:
        return self.ask("GET", f"{self.prefix}/blobs/{digest}")


def pieces(data: bytes) -> list[bytes]:
    return [data[first : first + PIECE] for first in range(0, len(data), PIECE)]
