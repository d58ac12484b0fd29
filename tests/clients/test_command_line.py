"""Settings that are wrong only together are refused in one sentence, and commands follow the server that runs."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from clients.certificates import Certificates
from support.clients import Finished, clean_environment, refused, run
from support.fixtures import StartServer
from support.server import MOORAGE, RunningServer

GARBAGE = "-----BEGIN {0}-----\nMA==\n-----END {0}-----\n"
# A server whose worker ends as the second argument says.
BROKEN = """
import sys
from moorage.cli.refused import Refused
from moorage.cli.supervise import supervise
from moorage.config import load
try:
    supervise(load({}, path=None, overrides={"data": sys.argv[1], "listen": ":0", "workers": "2"}),
              worker=[sys.executable, "-c", sys.argv[2]])
except Refused as refused:
    sys.exit(refused.message)
"""
RAISES = """
from moorage.cli.worker import work
def serve(config, *, listener_fd, index, ready):
    raise RuntimeError("the moon is full")
work(serve)
"""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    return Certificates.make(folder, clean_environment(folder))


def environment(data: Path, settings: Mapping[str, str]) -> dict[str, str]:
    given = {"MOORAGE_DATA": str(data), "MOORAGE_LISTEN": ":0", "MOORAGE_WORKERS": "2"}
    return clean_environment(data.parent) | given | dict(settings)


def start_refused(data: Path, **settings: str) -> str:
    """Start a server that has to refuse; returns the one sentence it says."""
    finished = refused((MOORAGE, "serve"), env=environment(data, settings))
    assert (finished.code, finished.stderr.count("\n")) == (1, 1), finished
    return finished.stderr


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, certificates: Certificates) -> None:
    other = certificates.authority.with_name("ca.key")
    said = start_refused(tmp_path / "data", MOORAGE_TLS_CERT=str(certificates.chain), MOORAGE_TLS_KEY=str(other))
    assert "do not belong together" in said


def test_garbage_between_pem_marks_is_refused(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_text(GARBAGE.format("CERTIFICATE"), encoding="utf-8")
    key.write_text(GARBAGE.format("PRIVATE KEY"), encoding="utf-8")
    said = start_refused(tmp_path / "data", MOORAGE_TLS_CERT=str(certificate), MOORAGE_TLS_KEY=str(key))
    assert f"tls_cert {certificate} and tls_key {key} cannot be used" in said


def test_a_log_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "missing" / "requests.log"
    assert f"the log {log} cannot be opened" in start_refused(tmp_path / "data", MOORAGE_LOG=str(log))


def test_a_key_that_is_another_accounts_is_refused(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    said = start_refused(server.data, MOORAGE_ACCOUNT_ID="210987654321")
    assert "belongs to another user or account already" in said


def test_a_broken_key_ring_is_refused(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    (server.data / "keyring.json").write_text('{"current": "k2", "keys": {}}', encoding="utf-8")
    assert "is no ring of keys" in start_refused(server.data)


def test_a_file_that_is_no_database_is_refused(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    (server.data / "metadata.sqlite3").write_text("a letter, not a database\n" * 100, encoding="utf-8")
    assert "cannot be read as a database" in start_refused(server.data)


def broken(data: Path, worker: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BROKEN, str(data), worker]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  # ours


def test_a_worker_that_fails_before_any_was_ready_ends_the_server_with_its_word(tmp_path: Path) -> None:
    done = broken(tmp_path / "data", RAISES)
    told = (done.returncode, done.stderr.splitlines()[-1])
    assert told == (1, "the server cannot start: RuntimeError: the moon is full")


def test_a_worker_that_ends_without_a_word_ends_the_server_too(tmp_path: Path) -> None:
    done = broken(tmp_path / "data", "raise SystemExit(7)")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.endswith("ended with exit code 7 before any was ready\n")


def test_commands_follow_the_options_of_the_running_server(
    start_server: StartServer, certificates: Certificates
) -> None:
    options = {
        "MOORAGE_TLS_CERT": str(certificates.chain),
        "MOORAGE_TLS_KEY": str(certificates.key),
        "MOORAGE_REGION": "eu-west-1",
        "MOORAGE_ACCOUNT_ID": "210987654321",
    }
    server = start_server(settings=options)
    assert of_another_shell(server, "account", "list").stdout.split() == ["210987654321"]
    assert "ready: yes" in of_another_shell(server, "status").stdout
    registry = f"210987654321.dkr.ecr.eu-west-1.localhost:{server.port}"
    assert f"export MOORAGE_REGISTRY={registry}" in of_another_shell(server, "env").stdout.splitlines()


def of_another_shell(server: RunningServer, *command: str) -> Finished:
    """Run a command that knows the data folder and nothing else of how the server was started."""
    return run((MOORAGE, *command, "--data", str(server.data)), env=clean_environment(server.data.parent))
