"""Hosts that are machines: their commands as a test runs them."""

import contextlib
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from support.clients import clean_environment
from support.server import MOORAGE, wait_until

JOIN_TOKEN = "moorage_join_" + "A" * 43
# What a server answers to who joins.
JOINED = {
    "accountId": "123456789012",
    "region": "us-east-1",
    "instanceId": "i-0123456789abcdef0",
    "roleName": "puller",
    "keyId": "MCHNAAAA",
    "secret": "never told",
}


@contextlib.contextmanager
def started(home: Path, *words: str | Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Have a command of ``moorage`` run, and end it in any case."""
    with subprocess.Popen(  # noqa: S603 - every argument is written in a test
        [str(word) for word in (MOORAGE, *words)],
        env=clean_environment(home, **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class Host:
    """A host that has joined; ``variables`` is what its programs are told, and nothing else."""

    variables: Mapping[str, str]

    def __init__(self, folder: Path, *options: str | Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._log, self._told = folder / "log", folder / "told"
        with self._log.open("ab") as log, self._told.open("wb") as told:
            self._process = subprocess.Popen(  # noqa: S603 - every argument is written in a test
                [str(word) for word in (MOORAGE, "instance-credentials", *options)],
                env=clean_environment(folder / "daemon"),
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=log,
            )

    def __enter__(self) -> Self:
        wait_until(lambda: self._process.poll() is not None or "credentials of the role" in self.log())
        assert self._process.poll() is None, self.log()
        exports = [shlex.split(line)[1] for line in self._told.read_text(encoding="utf-8").splitlines()]
        self.variables = {name: value for name, _, value in (each.partition("=") for each in exports)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.end() == 0 or error is not None, self.log()

    def end(self) -> int:
        if self._process.poll() is None:
            self._process.terminate()
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        return self._process.wait(30)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def renew(self, until: str) -> None:
        """Have the server asked now, and wait until the log says so."""
        before = len(self.log())
        self.signal(signal.SIGHUP)
        wait_until(lambda: until in self.log()[before:])

    def environment(self, *kept: str) -> dict[str, str]:
        """Give a program's environment: those of the variables whose names begin so, and a home that is empty."""
        told = {name: value for name, value in self.variables.items() if name.startswith(kept)}
        return clean_environment(self.folder / f"home-{time.monotonic_ns()}", AWS_MAX_ATTEMPTS="1", **told)
