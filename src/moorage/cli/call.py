"""Signed calls of Moorage's own operations, to the server that runs on a data folder."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from moorage.cli.refused import NoCredentials, NoServer, Refused
from moorage.cli.running import Running, find_running
from moorage.config import Config
from moorage.sigv4.head import Head
from moorage.sigv4.sign import Signer, sign

_TARGET = "Moorage_20261123"
_SERVICE = "moorage"
_SECONDS = 30
_OK = 200


class CallRefused(Refused):
    """The server's own error, by its code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


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


def call(config: Config, operation: str, members: Mapping[str, object]) -> dict[str, object]:
    """Ask the running server, as the first account's root user."""
    access_key_id, secret = config.access_key_id, config.secret_access_key
    if access_key_id is None or secret is None:
        raise NoCredentials(config.data)
    running = require_running(config)
    config = running.config
    body = json.dumps(members).encode()
    head = Head(
        "POST",
        "/",
        "",
        (
            ("host", str(config.listen.nearby)),
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", f"{_TARGET}.{operation}"),
        ),
    )
    signer = Signer(access_key_id, secret, config.region, _SERVICE)
    signed = sign(head, signer, at=datetime.now(UTC), body=body)
    answer = ask(running, Question("POST", "/", (*head.headers, *signed), body))
    told = _read(answer)
    if answer.status != _OK:
        code = str(told.get("__type", f"HTTP {answer.status}")).rpartition("#")[2]
        raise CallRefused(code, str(told.get("message", told.get("Message", "the server gives no reason"))))
    return told


def require_running(config: Config) -> Running:
    running = find_running(config)
    if running is None:
        raise NoServer(config.data)
    return running


def ask(running: Running, question: Question) -> Answer:
    """Send one request to the server of this machine."""
    connection = _connect(running.config)
    try:
        connection.request(question.method, question.path, question.body, dict(question.headers))
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except (OSError, HTTPException) as error:
        raise Refused(f"the server on {running.config.listen} does not answer: {error}") from None
    finally:
        connection.close()


def _connect(config: Config) -> HTTPConnection:
    near = config.listen.nearby
    if config.tls_cert is None:
        return HTTPConnection(near.host, near.port, timeout=_SECONDS)
    # The names in the certificate are for others; here it is enough that it is the one we were told of.
    context = ssl.create_default_context(cafile=str(config.tls_cert))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return HTTPSConnection(near.host, near.port, timeout=_SECONDS, context=context)


def _read(answer: Answer) -> dict[str, object]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}
