"""Slow clients over TLS: the same time-outs, and one who never finishes the greeting (security: class E)."""

import contextlib
import os
import socket
import ssl
from collections.abc import Iterator

import pytest

from protocol.registry import Registry, basic
from support.layers import digest_of
from support.server import RunningServer
from support.wire import ConnectionEnded, Wire, head

REPOSITORY = "team/app"
TIMEOUTS = {f"MOORAGE_{name}_TIMEOUT": "2" for name in ("HEADER", "IDLE", "BODY", "SEND")}
PATIENCE = 30


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"MOORAGE_WORKERS": "1", "MOORAGE_TLS": "auto", **TIMEOUTS}
    with RunningServer(tmp_path_factory.mktemp("hasty") / "data", settings=settings) as server:
        server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        yield server


@pytest.fixture(scope="module")
def password(hasty: RunningServer) -> str:
    return hasty.password()


def connect(server: RunningServer, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> Wire:
    context = ssl.create_default_context(cafile=server.authority)
    context.maximum_version = newest
    return Wire(server.host, tls=context, name="localhost")


def greeting() -> bytes:
    """Give what a client says first."""
    outgoing = ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_a_handshake_that_never_ends_is_not_waited_for(hasty: RunningServer) -> None:
    """Neither after nothing, nor half a greeting, nor a greeting and no more."""
    said = greeting()
    with contextlib.ExitStack() as stack:
        begun = []
        for size in (0, len(said) // 2, len(said)):
            begun.append(stack.enter_context(socket.create_connection(("127.0.0.1", hasty.port), timeout=PATIENCE)))
            begun[-1].sendall(said[:size])
        for connection in begun:  # their time-outs run at once
            while connection.recv(65_536):
                pass  # the server's own part of the greeting


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_head_that_never_ends_is_not_waited_for(hasty: RunningServer, newest: ssl.TLSVersion) -> None:
    with connect(hasty, newest) as silent, connect(hasty, newest) as begun:
        begun.send(b"GET /v2/ HTTP/1.1\r\nX-Slow: ")
        assert (silent.is_closed(), begun.is_closed()) == (True, True)


def test_an_idle_connection_is_closed(hasty: RunningServer) -> None:
    with connect(hasty) as wire:
        assert wire.ask("GET", "/healthz").status == 200
        assert wire.is_closed()


def test_a_body_that_stops_is_answered(hasty: RunningServer, password: str) -> None:
    with connect(hasty) as wire:
        path = f"/v2/{Registry(wire, password).start(REPOSITORY)}"
        told = {"Host": hasty.host, "Authorization": basic(password), "Content-Length": "1000"}
        wire.send(head("PATCH", path, told.items()) + b"the beginning")
        assert wire.receive("PATCH").status == 408


def test_a_reader_that_takes_nothing_is_hung_up_on(hasty: RunningServer, password: str) -> None:
    layer = os.urandom(64 * 1024 * 1024)
    with connect(hasty) as wire:
        registry = Registry(wire, password)
        registry.push(REPOSITORY, "large", layer)
        told = {"Host": hasty.host, "Authorization": basic(password)}
        wire.send(head("GET", f"/v2/{REPOSITORY}/blobs/{digest_of(layer)}", told.items()))
        wire.wait_for_hang_up()
        with pytest.raises((ConnectionEnded, ConnectionResetError, ssl.SSLError)):
            wire.receive()


def test_who_is_quick_is_served_all_the_while(hasty: RunningServer, password: str) -> None:
    slow = [socket.create_connection(("127.0.0.1", hasty.port)) for _ in range(50)]
    try:
        with connect(hasty) as wire:
            registry = Registry(wire, password)
            body = registry.push(REPOSITORY, "v1", b"a layer")
            assert registry.ask("GET", f"{REPOSITORY}/manifests/v1").body == body
    finally:
        for connection in slow:
            connection.close()
