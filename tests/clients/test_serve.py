"""``moorage serve`` as processes: what it refuses, what it survives, and how it ends."""

import contextlib
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import apsw
import pytest
from botocore.exceptions import ClientError

from support.clients import Finished, refused, run
from support.fixtures import StartServer
from support.server import MOORAGE, RunningServer, is_alive, wait_until

BOTO3 = "import boto3; print(boto3.client('ecr').create_repository(repositoryName='mine')['repository']['registryId'])"
# A worker whose event loop never comes back.
BLOCKED = """
import sys
from moorage.cli.supervise import supervise
from moorage.config import load
BLOCKED = '''
from moorage.cli.worker import work
def serve(config, *, listener_fd, index, ready):
    ready()
    while True:
        pass
work(serve)
'''
supervise(load({}, path=None, overrides={"data": sys.argv[1], "listen": ":0", "workers": "1"}),
          worker=[sys.executable, "-c", BLOCKED])
"""


def moorage(server: RunningServer, *args: str) -> Finished:
    return run((MOORAGE, *args), env=server.clean_environment())


def start_refused(server: RunningServer, **settings: str) -> str:
    """Start the server a second time; returns what it said."""
    finished = refused((MOORAGE, "serve"), env=server.clean_environment() | settings)
    assert (finished.code, finished.stderr.count("\n")) == (1, 1), finished
    return finished.stderr


def answers(server: RunningServer) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    return False


def test_a_second_server_on_the_same_folder_is_refused(start_server: StartServer) -> None:
    server = start_server()
    said = start_refused(server, MOORAGE_LISTEN=":0")
    assert said == f"Error: the data folder {server.data} is in use by process {server.pid}\n"


def test_a_taken_port_is_refused(start_server: StartServer, tmp_path: Path) -> None:
    server = start_server()
    said = start_refused(server, MOORAGE_LISTEN=server.host, MOORAGE_DATA=str(tmp_path / "other"))
    assert f"another program listens on {server.host} already" in said
    assert not (tmp_path / "other").exists()


def test_a_newer_schema_is_refused_with_the_way_out(start_server: StartServer) -> None:
    server = start_server()
    server.stop()
    connection = apsw.Connection(str(server.data / "metadata.sqlite3"))
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "start the newer Moorage again" in start_refused(server)


def test_an_unknown_setting_is_refused(start_server: StartServer) -> None:
    said = start_refused(start_server(), MOORAGE_WOKERS="3")
    assert said == "Error: MOORAGE_WOKERS (from the environment) is no setting of Moorage\n"


def is_replaced(server: RunningServer, victim: int) -> bool:
    workers = server.worker_pids()
    return victim not in workers and len(workers) == 2


def test_a_killed_worker_is_replaced_each_time(start_server: StartServer) -> None:
    server = start_server()
    for _ in range(5):
        victim = server.worker_pids()[0]
        os.kill(victim, signal.SIGKILL)
        wait_until(partial(is_replaced, server, victim))
    assert answers(server)


def test_a_killed_supervisor_takes_its_workers_along(start_server: StartServer) -> None:
    server = start_server()
    workers = server.worker_pids()
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, workers)))


def test_a_killed_supervisor_takes_a_blocked_worker_along(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BLOCKED, str(tmp_path / "data")]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as supervisor:  # noqa: S603  # written above
        assert supervisor.stderr is not None
        assert b"moorage is ready on" in supervisor.stderr.readline()
        supervisor.kill()
        # The worker has the other end of this pipe, which is at its end when it is gone.
        supervisor.stderr.read()


def test_a_killed_servers_folder_is_free_for_the_next(start_server: StartServer) -> None:
    server = start_server()
    os.kill(server.pid, signal.SIGKILL)
    server.restart()
    assert answers(server)


def test_a_request_in_flight_is_answered_before_the_end(start_server: StartServer) -> None:
    server = start_server()
    with slow_request(server) as connection:
        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: not answers(server))
        connection.sendall(b" last")
        assert connection.recv(64).startswith(b"HTTP/1.1 201 ")
    assert server.stop() == 0


def test_a_request_that_takes_too_long_is_cut_off(start_server: StartServer) -> None:
    server = start_server(settings={"MOORAGE_DRAIN_TIMEOUT": "0"})
    with slow_request(server):
        assert server.stop() == 0


def test_a_second_interrupt_waits_for_nothing(start_server: StartServer) -> None:
    server = start_server()
    with slow_request(server):
        os.kill(server.pid, signal.SIGINT)
        wait_until(lambda: not answers(server))
        os.kill(server.pid, signal.SIGINT)
        wait_until(lambda: not is_alive(server.pid))
    assert server.stop() == 130


def test_it_ends_with_exit_code_zero_when_told_to(start_server: StartServer) -> None:
    server = start_server()
    assert server.stop() == 0
    assert not (server.data / "server.json").exists()


def test_the_data_folder_is_closed_to_others(start_server: StartServer) -> None:
    server = start_server()
    open_to_others = [
        path.name
        for path in (server.data, *server.data.rglob("*"))
        if stat.S_IMODE(path.lstat().st_mode) & 0o077 and not path.is_symlink()
    ]
    assert open_to_others == []


@pytest.mark.parametrize("name", ["cmdline", "environ"])
def test_secrets_are_in_no_command_line_and_no_environment(start_server: StartServer, name: str) -> None:
    server = start_server()
    told = [Path(f"/proc/{pid}/{name}").read_bytes() for pid in (server.pid, *server.worker_pids())]
    assert not any(server.secret_access_key.encode() in text for text in told)


def test_a_secret_from_a_variable_does_not_reach_the_workers_environment(start_server: StartServer) -> None:
    keys = {"MOORAGE_ACCESS_KEY_ID": "AKIAEXAMPLE1234567", "MOORAGE_SECRET_ACCESS_KEY": "hush/hush+hush-hush"}
    server = start_server(settings=keys)
    assert not any(b"hush" in Path(f"/proc/{pid}/environ").read_bytes() for pid in server.worker_pids())


def test_keys_from_variables_are_in_force_and_not_written_down(start_server: StartServer) -> None:
    keys = {"MOORAGE_ACCESS_KEY_ID": "AKIAEXAMPLE1234567", "MOORAGE_SECRET_ACCESS_KEY": "hush/hush+hush-hush"}
    server = start_server(settings=keys)
    assert account_of(server) == server.account_id
    assert not (server.data / "credentials").exists()


def test_a_shell_that_evaluates_env_speaks_to_the_registry(start_server: StartServer) -> None:
    server = start_server()
    line = f'eval "$({shlex.quote(str(MOORAGE))} env)" && {shlex.quote(sys.executable)} -c {shlex.quote(BOTO3)}'
    told = run(("/bin/sh", "-c", line), env=server.clean_environment() | {"AWS_SESSION_TOKEN": "stale"})
    assert told.stdout == f"{server.account_id}\n"


def test_status_tells_what_runs_and_what_it_holds(start_server: StartServer) -> None:
    server = start_server()
    server.boto3("ecr").create_repository(repositoryName="held")
    told = moorage(server, "status").stdout
    wanted = (f"process {server.pid} on {server.host}, 2 workers", "ready: yes", "1 repositories")
    assert all(words in told for words in wanted), told


def test_a_new_accounts_root_keys_work(start_server: StartServer) -> None:
    server = start_server()
    made = moorage(server, "account", "create", "210987654321").stdout.splitlines()
    key_id, secret = made[1].rpartition(" ")[2], server.secret(made[2].rpartition(" ")[2])
    assert account_of(server, access_key_id=key_id, secret_access_key=secret) == "210987654321"
    assert moorage(server, "account", "list").stdout.split() == [server.account_id, "210987654321"]


def test_an_account_that_exists_is_refused_in_one_sentence(start_server: StartServer) -> None:
    server = start_server()
    told = refused((MOORAGE, "account", "create", server.account_id), env=server.clean_environment())
    assert (told.code, told.stderr.count("\n")) == (1, 1), told


def test_new_root_keys_put_all_old_ones_out_of_force(start_server: StartServer) -> None:
    server = start_server()
    configured = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key}
    key = server.boto3("iam").create_access_key()["AccessKey"]
    made = {"access_key_id": key["AccessKeyId"], "secret_access_key": server.secret(key["SecretAccessKey"])}
    server.stop()
    moorage(server, "account", "reset-root")
    server.restart()
    for old in (configured, made):
        with pytest.raises(ClientError, match="UnrecognizedClientException"):
            account_of(server, **old)
    assert account_of(server) == server.account_id


def test_another_accounts_root_keys_are_replaced_too(start_server: StartServer) -> None:
    server = start_server()
    moorage(server, "account", "create", "210987654321")
    server.stop()
    made = moorage(server, "account", "reset-root", "--account", "210987654321").stdout.splitlines()
    key_id, secret = made[1].rpartition(" ")[2], server.secret(made[2].rpartition(" ")[2])
    server.restart()
    assert account_of(server, access_key_id=key_id, secret_access_key=secret) == "210987654321"


def account_of(server: RunningServer, **keys: str) -> str:
    """Make a repository with somebody's keys; returns whose it is."""
    made = server.boto3("ecr", **keys).create_repository(repositoryName="whose")
    return str(made["repository"]["registryId"])


@contextlib.contextmanager
def slow_request(server: RunningServer) -> Iterator[socket.socket]:
    """Send half of a request's body; five bytes are left."""
    server.boto3("ecr").create_repository(repositoryName="slow")
    upload = start_upload(server)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request(server, "PATCH", upload, "content-length: 10\r\nexpect: 100-continue\r\n"))
        assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"first")
        yield connection


def start_upload(server: RunningServer) -> str:
    """Return the path of a new upload in the repository ``slow``."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(
            request(server, "POST", "/v2/slow/blobs/uploads/", "content-length: 0\r\nconnection: close\r\n")
        )
        head = connection.makefile("rb").read().decode()
    (location,) = (line.partition(": ")[2] for line in head.splitlines() if line.lower().startswith("location: "))
    return location.removeprefix(server.url)


def request(server: RunningServer, method: str, path: str, headers: str) -> bytes:
    token = server.boto3("ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return f"{method} {path} HTTP/1.1\r\nhost: {server.host}\r\nauthorization: Basic {token}\r\n{headers}\r\n".encode()
