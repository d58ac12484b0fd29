"""Crowds of slow clients: they keep nobody else from being served, and hold little memory while they are there."""

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

from moorage.edge.http.linger import EACH, MOST
from protocol.registry import Registry, manifest_for
from protocol.slow import REPOSITORY, dripping, kept, start, stopped_parts, told, whole_parts, work
from support.crowds import Crowd, Growth
from support.server import RunningServer, wait_until
from support.wire import Wire, head

CROWD: Final = 1000
MIB: Final = 1024 * 1024
_STALLED: Final = 20  # readers that take nothing which one client may have
_WHOLE: Final = 8  # large manifests that one client may leave unread, or a few more
_WORK: Final = 50  # images that somebody else pushes and pulls meanwhile
_MOST: Final = 64 * MIB  # bytes that all of a crowd may cost: 64 kB each
_MOST_OF_READERS: Final = 96 * MIB  # 32 that one client may leave unread, and as much as all of another crowd costs
_MOST_OF_PARTS: Final = 256 * MIB  # what 64 kB of each come to, what one client has, and as many that it had before
_MOST_OF_MANIFESTS: Final = 128 * MIB  # 32 on their way, 32 that wait, what is refused meanwhile, and all connections


def asked(server: RunningServer, path: str, **headers: str) -> bytes:
    return head("GET", path, told(server, **headers).items())


def cost_beside(server: RunningServer, begin: Iterable[bytes], *, left: int) -> int:
    """Have a crowd there while somebody works; of it this many must still be there then. Give what it costs."""
    with Wire(server.host) as wire:
        registry = Registry(wire, server.password())
        work(registry, _WORK)
        growth = Growth(server)
        with Crowd(server, begin) as crowd:
            for number in range(_WORK):
                work(registry, number)
                crowd.drip()
                growth.look()
            assert crowd.size - crowd.gone() >= left
    return growth.most


@pytest.mark.parametrize("kind", ["head", "upload", "call"])
def test_beside_a_thousand_that_send_a_byte_at_a_time_others_are_served(tmp_path: Path, kind: str) -> None:
    with start(tmp_path) as server:
        assert cost_beside(server, [dripping(server)[kind]] * CROWD, left=CROWD) < _MOST


@pytest.mark.parametrize("sent", [100_000, 1_000_000])
def test_beside_a_thousand_that_stop_amid_a_part_others_are_served(tmp_path: Path, sent: int) -> None:
    with start(tmp_path) as server:
        assert cost_beside(server, stopped_parts(server, CROWD, sent), left=CROWD) < _MOST_OF_PARTS


def test_beside_a_thousand_that_read_nothing_of_a_blob_others_are_served(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        begin = asked(server, kept(server, 16 * MIB))
        assert cost_beside(server, [begin] * CROWD, left=CROWD // 2) < _MOST_OF_READERS


def test_beside_a_thousand_that_read_nothing_of_a_large_manifest_others_are_served(tmp_path: Path) -> None:
    """The HTTP server holds such an answer whole."""
    with start(tmp_path) as server:
        with Wire(server.host) as wire:
            registry = Registry(wire, server.password())
            registry.push(REPOSITORY, "small", b"layer")
            registry.keep(REPOSITORY, "large", manifest_for(b"layer", annotations={"long": "x" * 3 * MIB}))
        begin = asked(server, f"/v2/{REPOSITORY}/manifests/large")
        assert cost_beside(server, [begin] * CROWD, left=_WHOLE) < _MOST_OF_MANIFESTS


@pytest.mark.parametrize("kind", ["head", "upload", "call", "refused"])
def test_a_thousand_that_send_a_byte_at_a_time_are_ended(tmp_path: Path, kind: str) -> None:
    with start(tmp_path, header="3", body="3") as server, Wire(server.host) as wire:
        registry = Registry(wire, server.password())
        work(registry, 0)
        growth, numbers = Growth(server), itertools.count(1)

        def all_are_gone() -> bool:
            crowd.drip()
            work(registry, next(numbers))
            growth.look()
            return crowd.gone() == CROWD

        with Crowd(server, [dripping(server)[kind]] * CROWD) as crowd:
            wait_until(all_are_gone)
        assert growth.most < _MOST


def test_a_thousand_that_stop_amid_a_part_are_ended(tmp_path: Path) -> None:
    """Of those who were told so while they might send, the rests of a few are taken for some seconds more."""
    with start(tmp_path, body="3") as server, Wire(server.host) as wire:
        registry, growth, numbers = Registry(wire, server.password()), Growth(server), itertools.count(1)

        def few_are_left() -> bool:
            work(registry, next(numbers))
            growth.look()
            return crowd.gone() >= CROWD - EACH

        with Crowd(server, stopped_parts(server, CROWD, 1_000_000)) as crowd:
            wait_until(few_are_left)
        assert growth.most < _MOST_OF_PARTS


def test_of_a_thousand_readers_that_take_nothing_few_are_left(tmp_path: Path) -> None:
    with start(tmp_path, send="8") as server, Wire(server.host) as wire:
        registry, path = Registry(wire, server.password()), kept(server, 16 * MIB)
        growth, numbers = Growth(server), itertools.count(1)

        def few_are_left() -> bool:
            work(registry, next(numbers))
            growth.look()
            return crowd.gone() >= CROWD - _STALLED

        with Crowd(server, [asked(server, path)] * CROWD) as crowd:
            wait_until(few_are_left)
        assert growth.most < _MOST_OF_READERS


def test_who_reads_is_served_however_many_read_at_once_from_one_address(tmp_path: Path) -> None:
    """So many machines behind one address may pull at once."""
    with start(tmp_path) as server:
        begin = asked(server, kept(server, MIB), Connection="close")
        with Crowd(server, [begin] * 300) as crowd:
            answers = crowd.read()
        assert [(start, size > MIB) for start, size in answers] == [(b"HTTP/1.1 200", True)] * 300


def test_who_waits_too_long_to_read_is_told_to_come_back(tmp_path: Path) -> None:
    with start(tmp_path, send="4") as server:
        begin = asked(server, kept(server, 16 * MIB))
        with Crowd(server, [begin] * 400), Wire(server.host) as wire:
            wire.send(begin)
            answer = wire.receive()
            assert (answer.status, answer.header("retry-after"), answer.header("connection")) == (429, "10", "close")


def test_who_sends_is_served_however_many_send_at_once_from_one_address(tmp_path: Path) -> None:
    with start(tmp_path) as server, Crowd(server, whole_parts(server, 300, MIB)) as crowd:
        assert {begin for begin, _ in crowd.read()} == {b"HTTP/1.1 201"}


def test_who_sends_again_on_its_connection_is_served_however_many_do(tmp_path: Path) -> None:
    """Each connection keeps the buffer of what it sent before."""
    with start(tmp_path) as server:
        before = whole_parts(server, 200, 2 * MIB, last=False)
        with Crowd(server, before) as crowd:
            crowd.wait()
            crowd.send(whole_parts(server, 200, 2 * MIB))
            assert {begin for begin, _ in crowd.read()} == {b"HTTP/1.1 201"}


def test_who_waits_too_long_to_send_is_told_to_come_back(tmp_path: Path) -> None:
    with start(tmp_path, body="8") as server:
        *stopped, late = stopped_parts(server, 400, MIB)
        with Crowd(server, stopped), Wire(server.host) as wire:
            wire.send(late)
            answer = wire.receive()
            assert (answer.status, answer.header("retry-after")) == (429, "10")


def test_of_those_who_send_on_after_a_refusal_one_client_has_only_a_few(tmp_path: Path) -> None:
    with start(tmp_path) as server:
        refused = head("PUT", "/nowhere", {"Host": server.host, "Content-Length": str(MOST)}.items())

        def some_are_gone() -> bool:
            crowd.drip(bytes(8 * 1024))
            return crowd.gone() >= _STALLED

        with Crowd(server, [refused] * (EACH + _STALLED)) as crowd:
            wait_until(some_are_gone)
            assert crowd.gone() == _STALLED
