"""``moorage instance join`` while it waits: a terminal that is gone loses no key, and SIGTERM leaves nothing."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from moorage.cli import machinekey
from support.clients import clean_environment
from support.server import MOORAGE

TOKEN = "moorage_join_" + "A" * 43
TOLD = {
    "accountId": "123456789012",
    "region": "us-east-1",
    "instanceId": "i-0123456789abcdef0",
    "roleName": "puller",
    "keyId": "MCHNAAAA",
    "secret": "never told",
}


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        yield listener


@pytest.fixture
def joining(server: socket.socket, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    url, path = f"http://127.0.0.1:{server.getsockname()[1]}", tmp_path / "keys" / "machine.json"
    with subprocess.Popen(  # noqa: S603  # every argument is written here
        [str(MOORAGE), "instance", "join", TOKEN, "--endpoint-url", url, "--key-file", str(path)],
        env=clean_environment(tmp_path / "home"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_end_of_a_terminal_loses_no_key(
    server: socket.socket, joining: subprocess.Popen[str], tmp_path: Path
) -> None:
    with server.accept()[0] as client:
        client.recv(65536)
        joining.send_signal(signal.SIGHUP)
        body = json.dumps(TOLD).encode()
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        told, why = joining.communicate(timeout=30)
    assert (joining.returncode, "this host has the role puller" in told) == (0, True), why
    assert machinekey.read(tmp_path / "keys" / "machine.json").secret == TOLD["secret"]


def test_sigterm_leaves_nothing(server: socket.socket, joining: subprocess.Popen[str], tmp_path: Path) -> None:
    with server.accept()[0] as client:
        client.recv(65536)
        joining.send_signal(signal.SIGTERM)
        told, why = joining.communicate(timeout=30)
    assert (joining.returncode, told, "Traceback" in why) == (128 + signal.SIGTERM, "", False)
    assert not (tmp_path / "keys").exists()
