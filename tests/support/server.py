"""A server of a test's own: the real command, in a process group and a data folder of its own."""

import base64
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import boto3
from botocore.config import Config as ClientConfig

from moorage.cli.env import exports
from moorage.config import load

MOORAGE: Final = Path(sys.executable).with_name("moorage")
_START_SECONDS = 30
_STOP_SECONDS = 75  # longer than the server's own patience with its last requests


class ServerNotReady(AssertionError):
    def __init__(self, log: str) -> None:
        super().__init__(f"the server did not start: {log}")


class SecretLogged(AssertionError):
    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(f"{len(lines)} lines of the server's log hold a secret: {lines[:3]}")


class RunningServer:
    """``moorage serve`` with two workers; it stops at the end, and then its log must hold no secret of the run."""

    host: str
    port: int
    url: str

    def __init__(
        self,
        data: Path,
        *,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str | Path] = (MOORAGE, "serve"),
    ) -> None:
        self.data = data
        self._command = tuple(map(str, command))
        self._settings = {"MOORAGE_WORKERS": "2", "MOORAGE_LISTEN": ":0"} | dict(settings or {})
        self._log = data.with_name(f"{data.name}.log")
        self._secrets: set[str] = set()
        self._process = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        guilty = [line for line in self.log().splitlines() if any(secret in line for secret in self._secrets)]
        if guilty and error is None:
            raise SecretLogged(guilty)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def account_id(self) -> str:
        return self._settings.get("MOORAGE_ACCOUNT_ID", "123456789012")

    @property
    def region(self) -> str:
        return self._settings.get("MOORAGE_REGION", "us-east-1")

    @property
    def access_key_id(self) -> str:
        return self.environment()["AWS_ACCESS_KEY_ID"]

    @property
    def secret_access_key(self) -> str:
        return self.environment()["AWS_SECRET_ACCESS_KEY"]

    @property
    def authority(self) -> str | None:
        """The file of certificates that a client has to trust; None without TLS."""
        if self._settings.get("MOORAGE_TLS") == "auto":
            return str(self.data / "tls" / "ca.crt")
        return self._settings.get("MOORAGE_TLS_CERT")

    def environment(self) -> dict[str, str]:
        """Return what ``moorage env`` exports for the default account."""
        config = load(self._settings, path=None, overrides={"data": str(self.data)})
        return exports(config) | {"AWS_EC2_METADATA_DISABLED": "true"}

    def clean_environment(self) -> dict[str, str]:
        """Return the environment the server has: nothing of this process's but the search path."""
        own = {"HOME": str(self.data.parent), "LANG": "C.UTF-8", "MOORAGE_DATA": str(self.data)}
        return {"PATH": os.environ["PATH"]} | own | self._settings

    def boto3(
        self,
        service: str,
        *,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        region: str | None = None,
    ) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time and has no types for them
        """Return a client with somebody's keys: the root user's, unless others are given."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region or self.region,
            aws_access_key_id=access_key_id or self.access_key_id,
            aws_secret_access_key=secret_access_key or self.secret_access_key,
            verify=self.authority,
            config=ClientConfig(retries={"total_max_attempts": 1}, read_timeout=30),
        )

    def password(
        self, *, access_key_id: str | None = None, secret_access_key: str | None = None, region: str | None = None
    ) -> str:
        """Return a password for ``docker login``, with the user name AWS."""
        ecr = self.boto3("ecr", access_key_id=access_key_id, secret_access_key=secret_access_key, region=region)
        token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
        self.secret(token)
        return self.secret(base64.b64decode(token).decode().removeprefix("AWS:"))

    def secret(self, text: str) -> str:
        """Have the log searched for a text at the end."""
        self._secrets.add(text)
        return text

    def secrets_in(self, text: str) -> bool:
        """Tell whether another text, such as a client's log, holds a secret of the run."""
        return any(secret in text for secret in self._secrets)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def worker_pids(self) -> list[int]:
        return children_of(self.pid)

    def stop(self) -> int:
        """End the server as an administrator does; returns its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """Kill the supervisor and its workers at one stroke, as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def restart(self) -> None:
        """Stop the server if it runs, and start it again on the same folder and port."""
        self.stop()
        self._settings["MOORAGE_LISTEN"] = self.host
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  # every argument is written in a test
                self._command,
                env=self.clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready(process.pid):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                process.wait()
                raise ServerNotReady(self.log()[-4000:])
            time.sleep(0.02)
        self.secret(self.environment()["AWS_SECRET_ACCESS_KEY"])
        return process

    def _is_ready(self, pid: int) -> bool:
        """Learn from the server's own note where it listens, and ask it there."""
        try:
            told = json.loads((self.data / "server.json").read_bytes())
        except (FileNotFoundError, ValueError):
            return False
        if told["pid"] != pid:
            return False  # a killed server's note
        self.host = told["listen"]
        self.port = int(self.host.rpartition(":")[2])
        secure = self.authority is not None
        self.url = f"{'https' if secure else 'http'}://{self.host}"
        connection = (
            http.client.HTTPSConnection(self.host, timeout=5, context=ssl._create_unverified_context())  # noqa: S323, SLF001  # only asks whether it is there
            if secure
            else http.client.HTTPConnection(self.host, timeout=5)
        )
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what has to become true; the time a slow machine may take for it proves nothing."""
    deadline = time.monotonic() + _START_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Tell whether a process still runs; one that only waits for its parent to take note does not.

    A killed process is told as waiting already while others of its threads still end, and hold its files and locks.
    """
    try:
        return _state_and_parent(pid)[0] != "Z" or len(list(Path(f"/proc/{pid}/task").iterdir())) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started and that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = _state_and_parent(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == pid and state != "Z":
            found.append(int(folder.name))
    return sorted(found)


def _state_and_parent(pid: int) -> tuple[str, int]:
    # The name in parentheses may hold anything, so the fields are counted after it.
    state, parent = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[:2]
    return state, int(parent)
