"""Signed calls of Moorage's own operations, to the server that runs on a data folder."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from moorage.cli.exchange import Answer, Place, Question, exchange
from moorage.cli.refused import NoCredentials, NoServer, Refused, one_line
from moorage.cli.running import Running, find_running
from moorage.config import Config
from moorage.sigv4.head import Head
from moorage.sigv4.sign import Signer, sign

_TARGET = "Moorage_20261123"
_SERVICE = "moorage"
DEFAULT_SECONDS: Final = 30.0  # for the whole of an answer
_OK = 200
_REASON: Final = 4096  # as much as the server's longest reasons have
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}


class CallRefused(Refused):
    """The server's own error, by its code."""

    def __init__(self, code: str, reason: str, status: int) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason, self.status = code, reason, status


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is; ``by_name`` is whether its certificate must bear the host's name.

    ``timeout`` is for the whole of an answer, in seconds.
    """

    host: str
    port: int
    secure: bool
    ca: Path | None
    by_name: bool = False
    timeout: float = DEFAULT_SECONDS

    def __str__(self) -> str:
        """Write the address as a Host header has it."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        usual = _PORTS["https" if self.secure else "http"]
        return name if self.port == usual else f"{name}:{self.port}"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who calls."""

    access_key_id: str
    secret: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def root_of(config: Config) -> Credentials:
    """Give the keys of the first account's root."""
    if config.access_key_id is None or config.secret_access_key is None:
        raise NoCredentials(config.data)
    return Credentials(config.access_key_id, config.secret_access_key)


def call(config: Config, operation: str, members: Mapping[str, object]) -> dict[str, object]:
    """Ask the running server, as the first account's root user."""
    running = require_running(config)
    return call_server(nearby(running), root_of(config), running.config.region, operation, members)


def call_server(  # noqa: PLR0913 - who asks whom for what
    server: Server,
    caller: Credentials,
    region: str,
    operation: str,
    members: Mapping[str, object],
    *,
    service: tuple[str, str] = (_SERVICE, _TARGET),
) -> dict[str, object]:
    """Sign a call of a server, of its own operations unless told another service and its target; read its answer.

    Raises:
        CallRefused, Refused

    """
    body = json.dumps(members).encode()
    head = Head("POST", "/", "", _headers(server, f"{service[1]}.{operation}"))
    signer = Signer(caller.access_key_id, caller.secret, region, service[0], caller.session_token)
    signed = sign(head, signer, at=datetime.now(UTC), body=body)
    return _told(send(server, Question("POST", "/", (*head.headers, *signed), body)))


def ask_unsigned(server: Server, operation: str, members: Mapping[str, object]) -> dict[str, object]:
    """Ask a server one of the few things that need no credentials.

    Raises:
        CallRefused, Refused

    """
    headers = _headers(server, f"{_TARGET}.{operation}")
    return _told(send(server, Question("POST", "/", headers, json.dumps(members).encode())))


def _headers(server: Server, target: str) -> tuple[tuple[str, str], ...]:
    return (("host", str(server)), ("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target))


def _told(answer: Answer) -> dict[str, object]:
    told = _read(answer)
    if answer.status != _OK:
        code = str(told.get("__type", f"HTTP {answer.status}")).rpartition("#")[2]
        reason = str(told.get("message", told.get("Message", "the server gives no reason")))
        raise CallRefused(one_line(code), one_line(reason, _REASON), answer.status)
    return told


def require_running(config: Config) -> Running:
    running = find_running(config)
    if running is None:
        raise NoServer(config.data)
    return running


def nearby(running: Running) -> Server:
    """Tell how a server of this machine is reached."""
    near = running.config.listen.nearby
    return Server(near.host, near.port, secure=running.config.tls_cert is not None, ca=running.config.tls_cert)


def server_at(url: str, ca: Path | None, *, timeout: float = DEFAULT_SECONDS) -> Server:
    """Tell how a server is reached whose address somebody wrote; ``ca`` are certificates to trust it by.

    Raises:
        Refused

    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None or parts.scheme not in _PORTS or parts.path not in {"", "/"} or parts.query or parts.username:
        raise Refused(f"{url} is no address of a server: write https://HOST or https://HOST:PORT")
    return Server(host, port or _PORTS[parts.scheme], parts.scheme == "https", ca, by_name=True, timeout=timeout)


def ask(running: Running, question: Question) -> Answer:
    """Send one request to the server of this machine."""
    return send(nearby(running), question)


def send(server: Server, question: Question) -> Answer:
    """Send one request.

    Raises:
        Refused

    """
    place = Place(server.host, server.port, _context_of(server) if server.secure else None, server.timeout)
    try:
        return exchange(place, question)
    except Refused as error:
        raise Refused(f"the server on {server} {error.message}") from None


def _context_of(server: Server) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if server.ca is None else str(server.ca))
    except (OSError, ssl.SSLError) as error:
        raise Refused(f"the certificates in {server.ca} cannot be read: {error}") from None
    if not server.by_name:
        # The names in the certificate are for others; here it is enough that it is the one we were told of.
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _read(answer: Answer) -> dict[str, object]:
    try:
        told = json.loads(answer.body)
    except (ValueError, RecursionError):
        told = None
    return told if isinstance(told, dict) else {}
