"""A disk that takes its time keeps nobody waiting but whoever's bytes it is to keep."""

import contextlib
import os
import socket
from pathlib import Path

import pytest

from faults.conftest import Failing
from support.images import MEBIBYTE
from support.layers import digest_of
from support.server import wait_until

MANY = bytes(20 * MEBIBYTE)  # enough for a write-back before the end
DATA = os.urandom(100_000)
PATIENCE = 10  # seconds
ABORTED = 6  # more than the threads that work on the disk
ROUNDS = 20


@pytest.fixture
def workers() -> int:
    return 1


def drafts(failing: Failing) -> list[Path]:
    return list((failing.server.data / "drafts").iterdir())


def sizes(failing: Failing) -> list[int]:
    return sorted(draft.stat().st_size for draft in drafts(failing))


def is_let_go(failing: Failing) -> bool:
    """Tell whether the one worker has no draft open."""
    (worker,) = failing.server.worker_pids()
    opened = []
    for handle in Path(f"/proc/{worker}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            opened.append(str(handle.readlink()))
    return not any(str(failing.server.data / "drafts") in name for name in opened)


def test_parts_that_are_cut_short_while_the_disk_is_slow_hold_up_nobody(failing: Failing) -> None:
    with failing.connect() as client:
        uploads = [client.start() for _ in range(ABORTED)]
        failing.fuse.slow()
        parts = [client.begin("PATCH", one, {"Content-Length": str(2 * len(MANY))}, MANY) for one in uploads]
        wait_until(lambda: sizes(failing) == [len(MANY)] * ABORTED and failing.fuse.pids("write-back") != [])
        for part in parts:
            part.shutdown(socket.SHUT_RDWR)
            part.close()
        for _ in range(ROUNDS):
            with failing.connect() as other, socket.create_connection(("127.0.0.1", other.port), PATIENCE) as plain:
                plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert plain.recv(64).startswith(b"HTTP/1.1 200")
        assert client.send(uploads[0], DATA, first=0).status == 416
        assert client.ask("DELETE", uploads[1]).status == 416
        failing.fuse.quick()
        wait_until(lambda: is_let_go(failing))
        assert sizes(failing) == [0] * ABORTED
        assert client.send(uploads[0], DATA, first=0).status == 201
        assert client.finish(uploads[0], digest_of(DATA)).status == 201
        for upload in uploads[1:]:
            assert client.ask("DELETE", upload).status == 204
        assert drafts(failing) == []


def test_a_client_that_goes_away_while_its_blob_is_published_leaves_it_whole(failing: Failing) -> None:
    """Its upload is busy until that is over, and over from then on."""
    with failing.connect() as client:
        upload, digest = client.start(), digest_of(MANY)
        failing.fuse.slow()
        finishing = client.begin("PUT", f"{upload}?digest={digest}", {"Content-Length": str(len(MANY))}, MANY)
        wait_until(lambda: sizes(failing) == [len(MANY)] and failing.fuse.pids("write-back") != [])
        finishing.shutdown(socket.SHUT_RDWR)
        finishing.close()
        assert client.ask("DELETE", upload).status == 416
        failing.fuse.quick()
        wait_until(lambda: client.look(digest) == 200)
        assert client.ask("DELETE", upload).status == 404
        assert client.finish(upload, digest).status == 404
        assert drafts(failing) == []
        assert len(list((failing.server.data / "blobs").glob("*/*"))) == 1
