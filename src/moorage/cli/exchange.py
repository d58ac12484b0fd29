"""One request and its answer, within a time over the whole of it and a size: a server may be slow, or anything else."""

import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, IncompleteRead
from io import BufferedReader, RawIOBase
from queue import Empty, SimpleQueue
from ssl import SSLContext
from threading import Thread
from typing import Final, cast

from moorage.cli.refused import Refused, one_line

LONGEST: Final = 1024 * 1024  # bytes of an answer's body

# Family, kind, protocol, canonical name, address.
Address = tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Question:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where to connect, with TLS where there is a context, and for how many seconds at most."""

    host: str
    port: int
    context: SSLContext | None
    seconds: float


def exchange(place: Place, question: Question) -> Answer:
    """Send one request and read its answer.

    Raises:
        Refused: there is no answer, it does not end in time, or it is longer than any answer is

    """
    deadline = _Deadline(place.seconds)
    try:
        with _connected(place, deadline) as plugged:
            return _asked(place, _Dated(plugged, deadline), question)
    except (OSError, HTTPException, UnicodeError) as error:  # a name that no address can have is a UnicodeError
        raise Refused(f"does not answer: {one_line(str(error))}") from None
    except ValueError:  # http.client's sentence shows the header, which may be a credential
        raise Refused("cannot be asked: what is to be sent holds characters that no header can carry") from None


class _Deadline:
    """The end of the whole, by a clock that only ever grows."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left


def _connected(place: Place, deadline: _Deadline) -> socket.socket:
    """Connect to the first address that takes us; one that is silent leaves time for the next."""
    found = _addresses(place, deadline)
    why = OSError("the name has no address")
    for number, (family, kind, protocol, _, address) in enumerate(found):
        try:
            plugged = socket.socket(family, kind, protocol)
        except OSError as error:  # this machine has no such addresses
            why = error
            continue
        try:
            plugged.settimeout(deadline.left() / (len(found) - number))
            plugged.connect(address)
            # The head and the body go out as two writes; else the second waits for the first to be acknowledged.
            plugged.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if place.context is None:
                return plugged
            plugged.settimeout(deadline.left())
            return place.context.wrap_socket(plugged, server_hostname=place.host)
        except OSError as error:
            plugged.close()
            why = error
    raise why


def _addresses(place: Place, deadline: _Deadline) -> Sequence[Address]:
    """Look the name up in a thread that is left behind where it takes too long: the resolver knows no time of ours."""
    told: SimpleQueue[Sequence[Address] | Exception] = SimpleQueue()

    def look_up() -> None:
        try:
            told.put(socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            told.put(error)

    Thread(target=look_up, daemon=True).start()
    try:
        found = told.get(timeout=deadline.left())
    except Empty:
        raise TimeoutError("its name was not looked up in time") from None
    if isinstance(found, Exception):
        raise found
    return found


def _asked(place: Place, dated: "_Dated", question: Question) -> Answer:
    connection = HTTPConnection(place.host, place.port)
    connection.sock = cast("socket.socket", dated)  # which is all that http.client needs of one
    connection.request(question.method, question.path, question.body, dict(question.headers))
    response = connection.getresponse()
    body = response.read(LONGEST + 1)
    if len(body) > LONGEST:
        raise Refused("answers with more than 1 MiB, which none of its answers is")
    if response.length:
        raise IncompleteRead(b"", response.length)
    return Answer(response.status, body)


class _Dated:
    """A socket of which each step has what is left of the time: with a timeout of its own each byte would have it."""

    def __init__(self, plugged: socket.socket, deadline: _Deadline) -> None:
        self._socket = plugged
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._deadline.left())
        self._socket.sendall(data)

    def makefile(self, _mode: str) -> BufferedReader:
        return BufferedReader(_Incoming(self._socket, self._deadline))

    def close(self) -> None:
        """Leave the socket open: http.client closes it before it has read the answer."""


class _Incoming(RawIOBase):
    def __init__(self, plugged: socket.socket, deadline: _Deadline) -> None:
        super().__init__()
        self._socket = plugged
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # what BufferedReader gives
        self._socket.settimeout(self._deadline.left())
        return self._socket.recv_into(buffer)
