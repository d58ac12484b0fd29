"""Slow clients: each time-out of the settings ends what it is for, and nobody else is kept waiting."""

import contextlib
import itertools
import os
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import pytest

from moorage.cli.limits import allow_many_files
from moorage.edge.http.linger import EACH, MOST
from protocol.api import ECR, Api, code_of
from protocol.people import root_of
from protocol.registry import Registry, basic
from support.layers import digest_of
from support.server import RunningServer, wait_until
from support.wire import ConnectionEnded, Wire, head

CROWD: Final = 1000
REPOSITORY: Final = "team/app"
_LONG: Final = {"header": "600", "idle": "600", "body": "600", "send": "600"}
_STALLED: Final = 32  # readers that take nothing which one client may have
_BYTES: Final = 8  # of a body that is slow but steady
_MOST: Final = CROWD * 64 * 1024  # bytes that all of them may cost


def start(folder: Path, **timeouts: str) -> RunningServer:
    """Start a server of which the time-outs that are named are short, and the others too long to matter."""
    settings = {f"MOORAGE_{name.upper()}_TIMEOUT": seconds for name, seconds in (_LONG | timeouts).items()}
    server = RunningServer(folder / "data", settings={"MOORAGE_WORKERS": "1", **settings})
    server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
    return server


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start one server for all that is about bodies that stop."""
    with start(tmp_path_factory.mktemp("hasty"), body="2") as server:
        yield server


def test_a_head_that_never_ends_is_not_waited_for(tmp_path: Path) -> None:
    with start(tmp_path, header="2") as server, Wire(server.host) as wire:
        wire.send(b"GET /v2/ HTTP/1.1\r\n")
        assert wire.is_closed()


def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    with start(tmp_path, idle="2") as server, Wire(server.host) as wire:
        assert wire.ask("GET", "/healthz").status == 200
        assert wire.is_closed()


def test_a_silent_connection_is_closed_as_one_whose_head_never_comes(tmp_path: Path) -> None:
    with start(tmp_path, header="2") as server, Wire(server.host) as wire:
        assert wire.is_closed()


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_a_body_that_stops_is_answered(hasty: RunningServer, method: str) -> None:
    with Wire(hasty.host) as wire:
        registry = Registry(wire, hasty.password())
        path = f"/v2/{registry.start(REPOSITORY)}" if method == "PATCH" else f"/v2/{REPOSITORY}/manifests/v1"
        told = {"Host": hasty.host, "Authorization": basic(hasty.password()), "Content-Length": "1000"}
        wire.send(head(method, path, told.items()) + b"the beginning")
        assert wire.receive(method).status == 408


def test_a_part_that_stopped_leaves_its_upload_where_it_was(hasty: RunningServer) -> None:
    with Wire(hasty.host) as wire, Wire(hasty.host) as later:
        registry = Registry(wire, hasty.password())
        path = registry.start(REPOSITORY)
        told = {"Host": hasty.host, "Authorization": basic(hasty.password()), "Content-Length": "1000"}
        wire.send(head("PATCH", f"/v2/{path}", told.items()) + b"half")
        wire.receive("PATCH")
        again = Registry(later, hasty.password())
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
        told = {"Host": server.host, "Authorization": basic(server.password()), "Content-Length": str(_BYTES)}
        wires = [stack.enter_context(Wire(server.host)) for _ in range(20)]
        for wire in wires:
            path = Registry(wire, server.password()).start(REPOSITORY)
            wire.send(refused + head("PATCH", f"/v2/{path}", told.items()))
        for _ in range(_BYTES):  # for twice as long as a head may take
            time.sleep(4 / _BYTES)
            for wire in wires:
                wire.send(b"x")
        assert [[wire.receive("PUT").status, wire.receive("PATCH").status] for wire in wires] == [[404, 201]] * 20


def kept(server: RunningServer, size: int) -> str:
    """Put an image with one layer of this size, and give the layer's path."""
    layer = os.urandom(size)
    with Wire(server.host) as wire:
        Registry(wire, server.password()).push(REPOSITORY, "large", layer)
    return f"/v2/{REPOSITORY}/blobs/{digest_of(layer)}"


def test_a_reader_that_takes_nothing_is_hung_up_on(tmp_path: Path) -> None:
    with start(tmp_path, send="2") as server, Wire(server.host) as wire:
        path = kept(server, 64 * 1024 * 1024)
        wire.send(head("GET", path, {"Host": server.host, "Authorization": basic(server.password())}.items()))
        wire.wait_for_hang_up()
        with pytest.raises((ConnectionEnded, ConnectionResetError)):
            wire.receive()


class Crowd:
    """A thousand connections, or fewer, that each begin with the same bytes and then are slow."""

    def __init__(self, server: RunningServer, begin: bytes, size: int = CROWD) -> None:
        allow_many_files()
        self._all = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(size)]
        self._gone = select.poll()
        for connection in self._all:
            connection.sendall(begin)
            self._gone.register(connection, select.POLLRDHUP)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._all:
            connection.close()

    def drip(self, content: bytes = b"x") -> None:
        """Send one more byte on each, or a few."""
        for connection in self._all:
            with contextlib.suppress(OSError):
                connection.send(content)

    def gone(self) -> int:
        """Count the connections that the server has ended."""
        return len(self._gone.poll(0))


def held(server: RunningServer) -> int:
    """Give the bytes that the worker itself holds, without the page cache's files."""
    (pid,) = server.worker_pids()
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    told = dict(line.split(":", 1) for line in lines)
    return sum(int(told[name].split()[0]) for name in ("RssAnon", "RssShmem")) * 1024


def work(registry: Registry, number: int) -> None:
    """Push an image and pull it again: what must go on beside any crowd."""
    pushed = registry.push(REPOSITORY, f"v{number}", b"layer %d" % number)
    assert registry.ask("GET", f"{REPOSITORY}/manifests/v{number}").body == pushed


def dripping(server: RunningServer) -> dict[str, bytes]:
    """Begin what may be sent a byte at a time: a head, a part of an upload, a signed body, what is refused."""
    key, name, password = root_of(server), server.host, server.password()
    told = {"Host": name, "Authorization": basic(password), "Content-Length": "1000000"}
    with Wire(server.host) as wire:
        path = f"/v2/{REPOSITORY}/blobs/uploads/?digest={digest_of(b'none')}"
        signed = Api(wire, key.id, key.secret).signed(f"{ECR}.PutImage", b"{}")
    return {
        "head": b"GET /v2/ HTTP/1.1\r\nX-Slow: ",
        "upload": head("POST", path, told.items()),
        "call": head("POST", "/", (*signed, ("content-length", "60000"))),
        "refused": head("PUT", "/nowhere", {"Host": name, "Content-Length": "1000000"}.items()),
    }


@pytest.mark.parametrize("kind", ["head", "upload", "call", "refused"])
def test_a_thousand_that_send_a_byte_at_a_time_stop_nobody_and_are_ended(tmp_path: Path, kind: str) -> None:
    with start(tmp_path, header="3", body="3") as server, Wire(server.host) as wire:
        registry = Registry(wire, server.password())
        work(registry, 0)
        before, numbers = held(server), itertools.count(1)

        def all_are_gone() -> bool:
            crowd.drip()
            work(registry, next(numbers))
            return crowd.gone() == CROWD

        with Crowd(server, dripping(server)[kind]) as crowd:
            wait_until(all_are_gone)
        assert held(server) - before < _MOST


def test_a_thousand_readers_that_take_nothing_stop_nobody_and_hold_little(tmp_path: Path) -> None:
    with start(tmp_path, send="8") as server, Wire(server.host) as wire:
        registry, path = Registry(wire, server.password()), kept(server, 16 * 1024 * 1024)
        before, numbers = held(server), itertools.count(1)
        asked = head("GET", path, {"Host": server.host, "Authorization": basic(server.password())}.items())

        def few_are_left() -> bool:
            work(registry, next(numbers))
            return crowd.gone() >= CROWD - _STALLED and held(server) - before < _MOST

        with Crowd(server, asked) as crowd:
            wait_until(few_are_left)


def test_of_those_who_send_on_after_a_refusal_one_client_has_only_a_few(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        refused = head("PUT", "/nowhere", {"Host": server.host, "Content-Length": str(MOST)}.items())

        def some_are_gone() -> bool:
            crowd.drip(bytes(8 * 1024))
            return crowd.gone() >= _STALLED

        with Crowd(server, refused, EACH + _STALLED) as crowd:
            wait_until(some_are_gone)
            assert crowd.gone() == _STALLED
