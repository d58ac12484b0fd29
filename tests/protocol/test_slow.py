"""Slow clients: each time-out of the settings ends what it is for, and nobody else is kept waiting."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from protocol.api import ECR, Api, code_of
from protocol.people import root_of
from protocol.registry import Registry, basic
from protocol.slow import REPOSITORY, kept, start
from support.server import RunningServer
from support.wire import ConnectionEnded, Wire, head

_BYTES: Final = 8  # of a body that is slow but steady


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start one server for all that is about heads that do not come."""
    with start(tmp_path_factory.mktemp("impatient"), header="2") as server:
        yield server


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start one server for all that is about bodies that stop."""
    with start(tmp_path_factory.mktemp("hasty"), body="1") as server:
        yield server


def test_a_head_that_never_ends_is_not_waited_for(impatient: RunningServer) -> None:
    with Wire(impatient.host) as wire:
        wire.send(b"GET /v2/ HTTP/1.1\r\n")
        assert wire.is_closed()


def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    with start(tmp_path, idle="2") as server, Wire(server.host) as wire:
        assert wire.ask("GET", "/healthz").status == 200
        assert wire.is_closed()


def test_a_silent_connection_is_closed_as_one_whose_head_never_comes(impatient: RunningServer) -> None:
    with Wire(impatient.host) as wire:
        assert wire.is_closed()


def test_a_body_that_stops_is_answered(hasty: RunningServer) -> None:
    with Wire(hasty.host) as patch, Wire(hasty.host) as put:
        password = hasty.password()
        told = {"Host": hasty.host, "Authorization": basic(password), "Content-Length": "1000"}
        path = f"/v2/{Registry(patch, password).start(REPOSITORY)}"
        patch.send(head("PATCH", path, told.items()) + b"the beginning")
        put.send(head("PUT", f"/v2/{REPOSITORY}/manifests/v1", told.items()) + b"the beginning")
        assert (patch.receive("PATCH").status, put.receive("PUT").status) == (408, 408)


def test_a_part_that_stopped_leaves_its_upload_where_it_was(hasty: RunningServer) -> None:
    with Wire(hasty.host) as wire, Wire(hasty.host) as later:
        password = hasty.password()
        path = Registry(wire, password).start(REPOSITORY)
        told = {"Host": hasty.host, "Authorization": basic(password), "Content-Length": "1000"}
        wire.send(head("PATCH", f"/v2/{path}", told.items()) + b"half")
        wire.receive("PATCH")
        again = Registry(later, password)
        assert again.ask("GET", path).header("range") == "0-0"
        assert again.ask("PATCH", path, {}, b"whole").header("range") == "0-4"


def test_a_call_whose_body_stops_is_answered_in_its_own_form(hasty: RunningServer) -> None:
    with Wire(hasty.host) as wire:
        key = root_of(hasty)
        headers = Api(wire, key.id, key.secret).signed(f"{ECR}.ListImages", b"{}")
        wire.send(head("POST", "/", (*headers, ("content-length", "100"))))
        answer = wire.receive("POST")
        assert [answer.status, code_of(answer)] == [408, "RequestTimeoutException"]


def test_who_is_slow_behind_a_refused_request_is_served_as_anybody(tmp_path: Path) -> None:
    """Requests of one connection overlap: the refused one's body is taken while the next one begins."""
    with start(tmp_path, header="2", idle="2") as server, contextlib.ExitStack() as stack:
        refused = head("PUT", "/nowhere", {"Host": server.host, "Content-Length": "5"}.items()) + b"hello"
        password = server.password()
        told = {"Host": server.host, "Authorization": basic(password), "Content-Length": str(_BYTES)}
        wires = [stack.enter_context(Wire(server.host)) for _ in range(20)]
        for wire in wires:
            path = Registry(wire, password).start(REPOSITORY)
            wire.send(refused + head("PATCH", f"/v2/{path}", told.items()))
        for _ in range(_BYTES):  # for twice as long as a head may take
            time.sleep(4 / _BYTES)
            for wire in wires:
                wire.send(b"x")
        assert [[wire.receive("PUT").status, wire.receive("PATCH").status] for wire in wires] == [[404, 201]] * 20


def test_a_reader_that_takes_nothing_is_hung_up_on(tmp_path: Path) -> None:
    with start(tmp_path, send="2") as server, Wire(server.host) as wire:
        path = kept(server, 64 * 1024 * 1024)
        wire.send(head("GET", path, {"Host": server.host, "Authorization": basic(server.password())}.items()))
        wire.wait_for_hang_up()
        with pytest.raises((ConnectionEnded, ConnectionResetError)):
            wire.receive()
