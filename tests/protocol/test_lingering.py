"""A refusal that comes while the client still sends gets through: the server takes what comes after it, in bounds."""

import http.client
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from moorage.edge.http.linger import KEPT, MOST
from protocol.registry import MIB, Registry, basic
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire, head

TIMES: Final = 20
SIZE: Final = 6 * MIB
PIECE: Final = b"10000\r\n" + bytes(0x10000) + b"\r\n"
REFUSED: Final = {
    "no password": ("PUT", "/v2/team/app/manifests/v1", 401),
    "no such path": ("PUT", "/nowhere", 404),
    "no such method": ("PUT", "/healthz", 405),
    "no such operation": ("POST", "/", 400),
}
GROWTH: Final = 24 * 1024  # KiB


@pytest.fixture(scope="module", params=["plain", "TLS"])
def refusing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"MOORAGE_WORKERS": "1"} | ({"MOORAGE_TLS": "auto"} if request.param == "TLS" else {})
    with RunningServer(tmp_path_factory.mktemp("refusing") / "data", settings=settings) as server:
        yield server


def context_of(server: RunningServer) -> ssl.SSLContext | None:
    return None if server.authority is None else ssl.create_default_context(cafile=server.authority)


def connect(server: RunningServer) -> Wire:
    context = context_of(server)
    return Wire(server.host, tls=context, name=None if context is None else "localhost")


def ask_like_python(server: RunningServer, method: str, target: str, size: int) -> int:
    """Send the whole body before anything is read, as ``http.client`` does."""
    context = context_of(server)
    connection = (
        http.client.HTTPConnection("localhost", server.port, timeout=30)
        if context is None
        else http.client.HTTPSConnection("localhost", server.port, timeout=30, context=context)
    )
    try:
        connection.request(method, target, bytes(size))
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(("method", "target", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_who_sends_everything_before_reading_is_told(
    refusing: RunningServer, method: str, target: str, status: int
) -> None:
    told = [ask_like_python(refusing, method, target, SIZE) for _ in range(TIMES)]
    assert told == [status] * TIMES


def test_a_refused_host_is_told_to_who_sends_on(refusing: RunningServer) -> None:
    with connect(refusing) as wire:
        named = {"Host": "a", "Content-Length": str(SIZE)}
        wire.send(head("PUT", "http://b/v2/", named.items()) + bytes(SIZE))
        assert wire.receive().status == 400


def test_who_sends_too_much_of_a_manifest_is_told(server: RunningServer, registry: Registry, repository: str) -> None:
    wire = registry.wire
    named = {"Host": server.host, "Authorization": basic(registry.password), "Content-Length": str(2 * SIZE)}
    wire.send(head("PUT", f"/v2/{repository}/manifests/v1", named.items()) + bytes(2 * SIZE))
    answer = wire.receive("PUT")
    assert (answer.status, answer.header("connection")) == (405, "close")
    assert wire.is_closed()


def test_a_short_rest_is_taken_and_the_connection_goes_on(refusing: RunningServer) -> None:
    with connect(refusing) as wire:
        for _ in range(3):
            answer = wire.ask("PUT", "/v2/team/app/manifests/v1", {}, bytes(KEPT))
            assert (answer.status, answer.get("connection")) == (401, None)


@pytest.mark.parametrize("padding", [0, KEPT])
def test_what_is_taken_after_an_answer_is_no_request(server: RunningServer, padding: int) -> None:
    body = bytes(padding) + head("GET", "/healthz", {"Host": server.host}.items())
    with Wire(server.host) as wire:
        wire.send(head("PUT", "/nowhere", {"Host": server.host, "Content-Length": str(len(body))}.items()) + body)
        wire.send(head("PUT", "/healthz", {"Host": server.host, "Connection": "close"}.items()))
        assert [answer.status for answer in wire.receive_all()] == [404, 405][: 1 if padding else 2]


def test_who_waited_for_leave_and_is_refused_sends_nothing_more(server: RunningServer) -> None:
    """The body may come or not, so that nothing behind it can be told from it."""
    with Wire(server.host) as wire:
        named = {"Host": server.host, "Expect": "100-continue", "Content-Length": "5"}
        wire.send(head("PUT", "/nowhere", named.items()))
        assert not wire.receive_leave()
        answer = wire.receive("PUT")
        assert (answer.status, answer.header("connection")) == (404, "close")
        wire.send(b"hello")
        assert wire.is_closed()


def test_a_body_that_was_taken_whole_ends_no_connection(registry: Registry, repository: str) -> None:
    upload = registry.start(repository)
    answer = registry.ask("PATCH", upload, {"Transfer-Encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\n")
    assert (answer.status, answer.get("connection")) == (201, None)
    assert registry.ask("PUT", f"{upload}?digest={digest_of(b'hello')}").status == 201


def test_who_sends_for_ever_is_cut_and_costs_no_memory(refusing: RunningServer) -> None:
    (worker,) = refusing.worker_pids()
    before = peak(worker)
    with connect(refusing) as wire:
        wire.send(head("PUT", "/nowhere", {"Host": refusing.host, "Transfer-Encoding": "chunked"}.items()))
        sent = 0
        while sent < 4 * MOST and not wire.cut_while_sending(PIECE):
            sent += len(PIECE)
    assert MOST // 2 < sent < 2 * MOST  # buffers of the kernel on top of the bound
    assert peak(worker) - before < GROWTH


def test_who_stops_sending_is_not_waited_for(refusing: RunningServer) -> None:
    with connect(refusing) as put, connect(refusing) as get:
        named = {"Host": refusing.host, "Content-Length": str(SIZE)}
        for method, wire in (("PUT", put), ("GET", get)):
            wire.send(head(method, "/nowhere", named.items()) + b"the beginning")
            assert (method, wire.receive(method).status) == (method, 404)
        assert (put.is_closed(), get.is_closed()) == (True, True)


def test_who_was_refused_already_does_not_keep_the_server_from_ending(tmp_path: Path) -> None:
    """What is told to be longer ends at once by itself: its connection was to be closed anyway."""
    with RunningServer(tmp_path / "data", settings={"MOORAGE_WORKERS": "1"}) as server, Wire(server.host) as wire:
        wire.send(head("PUT", "/nowhere", {"Host": server.host, "Content-Length": str(KEPT)}.items()))
        assert wire.receive("PUT").status == 404
        ending = Thread(target=server.stop)
        ending.start()
        sent = 0
        while sent < 80 and not wire.cut_while_sending(bytes(8 * 1024)):  # for 20 of the 30 seconds that it may take
            time.sleep(0.25)
            sent += 1
        wire.close()
        ending.join()
    assert sent < 80


def peak(pid: int) -> int:
    """Give the most memory a process ever had at once, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1])
