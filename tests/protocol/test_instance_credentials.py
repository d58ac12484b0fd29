"""``moorage instance-credentials`` beside a server that never ends its answer: it serves, and ends when told."""

import contextlib
import http.client
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from moorage.cli import machinekey
from support.host import started
from support.server import wait_until
from unit.cli.metadata.given import KEY


class Trickle:
    """A server that sends a byte now and then."""

    def __init__(self, listener: socket.socket) -> None:
        self.port = listener.getsockname()[1]
        self.asked = 0
        self.over = threading.Event()
        self._listener = listener

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._answer, args=self._listener.accept()[:1], daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.recv(65536)
            self.asked += 1
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
            while not self.over.wait(0.1):
                client.sendall(b" ")


@pytest.fixture
def server() -> Iterator[Trickle]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Trickle(listener)
        thread = threading.Thread(target=made.run, daemon=True)
        thread.start()
        yield made
        made.over.set()
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextlib.contextmanager
def running(folder: Path, endpoint: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    key = folder / "key"
    machinekey.write(key, structs.replace(KEY, endpoint=endpoint), force=False)
    words = ("instance-credentials", "--key-file", key, "--listen", ":0")
    with started(folder / "home", *words, **variables) as process:
        yield process


@pytest.fixture
def daemon(server: Trickle, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with running(tmp_path, f"http://127.0.0.1:{server.port}") as process:
        wait_until(lambda: server.asked > 0 or process.poll() is not None)
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_while_the_server_is_asked(daemon: subprocess.Popen[str], number: signal.Signals) -> None:
    daemon.send_signal(number)
    _, log = daemon.communicate(timeout=30)
    assert (daemon.returncode, "Traceback" in log, "does not answer" in log) == (0, False, False), log


def test_it_answers_meanwhile_and_outlives_the_end_of_a_terminal(
    daemon: subprocess.Popen[str], server: Trickle
) -> None:
    daemon.send_signal(signal.SIGHUP)
    assert daemon.stdout is not None
    told = next(line for line in daemon.stdout if "SERVICE_ENDPOINT" in line)
    connection = http.client.HTTPConnection(told.strip().rpartition("//")[2], timeout=30)
    with contextlib.closing(connection):
        connection.request("PUT", "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        assert connection.getresponse().status == 200
    wait_until(lambda: server.asked == 2)  # the question that was under way ends in time, and then it is asked anew


def test_the_bundle_of_certificates_is_used_and_told_to_the_hosts_programs(tmp_path: Path) -> None:
    with running(tmp_path, "https://127.0.0.1:9", AWS_CA_BUNDLE="/nowhere/ca.crt") as process:
        assert process.stderr is not None
        said = iter(process.stderr.readline, "")
        assert any("the certificates in /nowhere/ca.crt cannot be read" in line for line in said)
        process.terminate()
        told, _ = process.communicate(timeout=30)
    assert "export AWS_CA_BUNDLE=/nowhere/ca.crt\n" in told
