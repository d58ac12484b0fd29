"""Parts that are cut short, sent twice at once, or followed in another process: the bytes are right in the end."""

import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from faults.conftest import Connect, Failing
from faults.rawclient import RawClient
from support.fixtures import StartServer
from support.images import MEBIBYTE
from support.layers import digest_of, manifest_of
from support.server import RunningServer, is_alive, wait_until

FIRST = os.urandom(5 * MEBIBYTE)
SECOND = os.urandom(900_000)
HALF = SECOND[: len(SECOND) // 2]
CHUNKED = {"Transfer-Encoding": "chunked"}


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


# How a part may end before its end: its headers, and what is sent of it.
CUTS: Mapping[str, tuple[Mapping[str, str], bytes]] = {
    "with a length": ({"Content-Length": str(len(SECOND))}, HALF),
    "chunked, between chunks": (CHUNKED, chunk(HALF)),
    "chunked, inside a chunk": (CHUNKED, chunk(HALF)[:-9]),
    "chunked, in a size line": (CHUNKED, chunk(HALF) + b"4"),
    "chunked, no chunk": (CHUNKED, chunk(HALF) + b"no size\r\n" + HALF),
    "chunked, a chunk longer than it says": (CHUNKED, chunk(HALF) + b"1\r\nmore than one\r\n"),
}


def draft_size(server: RunningServer) -> int:
    (draft,) = (server.data / "drafts").iterdir()
    return draft.stat().st_size


def holder_of_draft(server: RunningServer) -> int:
    """Find the worker that holds the only draft open."""
    drafts = str(server.data / "drafts")
    held = [
        pid
        for pid in server.worker_pids()
        for handle in Path(f"/proc/{pid}/fd").iterdir()
        if handle.is_symlink() and str(handle.readlink()).startswith(drafts)
    ]
    (pid,) = held
    return pid


def begin_second_part(client: RawClient, server: RunningServer, upload: str) -> socket.socket:
    """Send half of the second part, and wait until a worker has taken it in."""
    part = client.begin("PATCH", upload, {"Content-Length": str(len(SECOND))}, HALF)
    wait_until(lambda: draft_size(server) > len(FIRST))
    return part


def expect_whole(client: RawClient, data: bytes) -> None:
    """See that a finished blob holds exactly these bytes; only what an image names can be fetched."""
    assert client.put_manifest("v1", manifest_of(data, (data,)).encode()).status == 201
    assert client.get_blob(digest_of(data)).body == data


def finish_with_second_part(client: RawClient, upload: str) -> None:
    assert client.ask("GET", upload).offset == len(FIRST)
    reached = client.send(upload, SECOND, first=len(FIRST))
    assert (reached.status, reached.offset) == (201, len(FIRST + SECOND))
    assert client.finish(upload, digest_of(FIRST + SECOND)).status == 201
    expect_whole(client, FIRST + SECOND)


@pytest.mark.parametrize("cut", CUTS)
def test_a_part_that_is_cut_short_leaves_the_offset_where_it_was(
    start_server: StartServer, connect: Connect, cut: str
) -> None:
    server = start_server()
    client = connect(server)
    upload = client.start()
    client.send(upload, FIRST, first=0)
    headers, body = CUTS[cut]
    with client.begin("PATCH", upload, headers, body) as part:
        if "no chunk" not in cut and "longer" not in cut:
            wait_until(lambda: draft_size(server) > len(FIRST))
            part.shutdown(socket.SHUT_RDWR)
        else:
            assert not part.recv(64).startswith(b"HTTP/1.1 2")
    wait_until(lambda: draft_size(server) == len(FIRST))
    finish_with_second_part(client, upload)


def is_halted(pid: int) -> bool:
    """Tell whether every thread has stopped: until then, one of them may still accept a connection."""
    threads = Path(f"/proc/{pid}/task").glob("*/stat")
    return all(thread.read_text(encoding="ascii").rpartition(")")[2].split()[0] == "T" for thread in threads)


def test_another_worker_goes_on_with_an_upload(failing: Failing) -> None:
    with failing.connect() as client:
        upload = client.start()
        client.send(upload, FIRST, first=0)
    first = failing.fuse.pids("synced")[-1]
    os.kill(first, signal.SIGSTOP)  # whoever answers now is not the one that received the first part
    wait_until(lambda: is_halted(first))
    try:
        with failing.connect() as client:
            finish_with_second_part(client, upload)
    finally:
        os.kill(first, signal.SIGCONT)
    assert first not in failing.fuse.pids("synced")[1:]


def test_an_upload_goes_on_when_its_worker_was_killed(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    client = connect(server)
    upload = client.start()
    client.send(upload, FIRST, first=0)
    client.close()
    with begin_second_part(client, server, upload):
        killed = holder_of_draft(server)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: not is_alive(killed))
        finish_with_second_part(client, upload)


def test_of_two_parts_at_once_one_is_refused(start_server: StartServer, connect: Connect) -> None:
    server = start_server()
    client = connect(server)
    upload = client.start()
    client.send(upload, FIRST, first=0)
    with begin_second_part(client, server, upload) as part:
        assert client.send(upload, SECOND[::-1], first=len(FIRST)).status == 416
        part.sendall(SECOND[len(HALF) :])
        assert part.recv(64).startswith(b"HTTP/1.1 201")
    assert client.finish(upload, digest_of(FIRST + SECOND)).status == 201
    expect_whole(client, FIRST + SECOND)


def test_an_upload_is_not_cancelled_under_a_part_that_comes_and_is_gone_with_its_bytes_afterwards(
    start_server: StartServer, connect: Connect
) -> None:
    server = start_server()
    client = connect(server)
    upload = client.start()
    client.send(upload, FIRST, first=0)
    with begin_second_part(client, server, upload) as part:
        assert client.ask("DELETE", upload).status == 416
        part.sendall(SECOND[len(HALF) :])
        assert part.recv(64).startswith(b"HTTP/1.1 201")
    assert client.ask("GET", upload).offset == len(FIRST + SECOND)
    assert client.ask("DELETE", upload).status == 204
    assert list((server.data / "drafts").iterdir()) == []
    assert client.send(upload, SECOND, first=0).status == 404
    assert client.finish(upload, digest_of(FIRST + SECOND)).status == 404


def test_an_upload_that_is_being_finished_cannot_be_finished_with_other_bytes(failing: Failing) -> None:
    """The file is in its place, the metadata is not told: nobody may put another file there."""
    with failing.connect() as client, failing.connect() as other:
        upload = client.start()
        failing.fuse.halt("renamed")
        finishing = client.begin(
            "PUT", f"{upload}?digest={digest_of(FIRST)}", {"Content-Length": str(len(FIRST))}, FIRST
        )
        with finishing:
            wait_until(lambda: failing.fuse.struck is not None and is_halted(failing.fuse.pids("renamed")[0]))
            status = other.finish(upload, digest_of(SECOND), SECOND).status
            os.kill(failing.fuse.pids("renamed")[0], signal.SIGCONT)
            assert status == 416
            assert finishing.recv(64).startswith(b"HTTP/1.1 201")
        expect_whole(other, FIRST)


def test_an_upload_goes_on_when_the_server_died_before_it_told_the_metadata(failing: Failing) -> None:
    with failing.connect() as client:
        upload = client.start()
        client.send(upload, FIRST, first=0)
        failing.fuse.light("renamed", publishes=0)
        with client.begin("PUT", f"{upload}?digest={digest_of(FIRST)}", {"Content-Length": "0"}, b"") as finishing:
            assert finishing.recv(64) == b""
    failing.server.kill()
    failing.server.restart()
    with failing.connect() as client:
        finish_with_second_part(client, upload)
