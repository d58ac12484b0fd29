"""``moorage instance join`` while it waits: a terminal that is gone loses no key, and SIGTERM leaves nothing."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.cli import machinekey
from support.host import JOIN_TOKEN, JOINED, started


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        yield listener


@pytest.fixture
def joining(server: socket.socket, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    url, path = f"http://127.0.0.1:{server.getsockname()[1]}", tmp_path / "keys" / "machine.json"
    words = ("instance", "join", JOIN_TOKEN, "--endpoint-url", url, "--key-file", path)
    with started(tmp_path / "home", *words) as process:
        yield process


def test_the_end_of_a_terminal_loses_no_key(
    server: socket.socket, joining: subprocess.Popen[str], tmp_path: Path
) -> None:
    with server.accept()[0] as client:
        client.recv(65536)
        joining.send_signal(signal.SIGHUP)
        body = json.dumps(JOINED).encode()
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        told, why = joining.communicate(timeout=30)
    assert (joining.returncode, "this host has the role puller" in told) == (0, True), why
    assert machinekey.read(tmp_path / "keys" / "machine.json").secret == JOINED["secret"]


def test_sigterm_leaves_nothing(server: socket.socket, joining: subprocess.Popen[str], tmp_path: Path) -> None:
    with server.accept()[0] as client:
        client.recv(65536)
        joining.send_signal(signal.SIGTERM)
        told, why = joining.communicate(timeout=30)
    assert (joining.returncode, told, "Traceback" in why) == (128 + signal.SIGTERM, "", False)
    assert not (tmp_path / "keys").exists()
