"""The supervisor: it holds the data folder and the listening socket, and keeps the workers running."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Final

import click

from moorage.cli.berth import Descriptors
from moorage.cli.fleet import Ended, Fleet, environment_of_children
from moorage.cli.folder import prepare_folder, take_lock
from moorage.cli.keys import ensure_credentials, ensure_keyring
from moorage.cli.limits import allow_many_files
from moorage.cli.listener import open_listener
from moorage.cli.refused import NeverReady, Refused
from moorage.cli.running import write_running
from moorage.cli.schema import is_newest
from moorage.cli.trusting import how_to_trust
from moorage.config import Config
from moorage.domain.listen import Listen

# -P: a folder that the server is started in must not be able to replace a module.
WORKER: Final = (sys.executable, "-P", "-m", "moorage.cli.worker")
_MIGRATE: Final = (sys.executable, "-P", "-m", "moorage", "migrate", "--handed-over")
_KILLED_BY_HAND: Final = 130  # as shells tell it


def supervise(config: Config, *, worker: Sequence[str]) -> int:
    """Serve until told to end; returns the exit code."""
    os.umask(0o077)
    allow_many_files()
    _check_certificate(config)
    lock, listener = _settle(config)
    config = replace(config, listen=Listen(config.listen.host, listener.getsockname()[1]))
    newest = is_newest(config)
    ensure_keyring(config)
    config = _with_certificate(config)
    _check_log(config)
    config, first = ensure_credentials(config)
    watch, watched = os.pipe()  # nobody writes: the workers read its end when this process is gone
    ready, tell_ready = os.pipe()
    os.set_blocking(ready, False)
    with _signals() as signals, contextlib.closing(listener):
        fleet = Fleet(worker, Descriptors(listener.fileno(), lock, watch, tell_ready), config.workers)
        try:
            fleet.fill(time.monotonic())
            if not newest:
                _migrate(config, lock)  # while the workers import
            fleet.go(config)
            write_running(config)
            return _Supervisor(config, fleet, listener, ready, _greeting(config, first=first)).run(signals)
        finally:
            fleet.kill()
            config.server.unlink(missing_ok=True)
            os.close(watched)


class _Supervisor:
    """The loop that waits for signals, for readiness and for the time to fill an empty place."""

    def __init__(self, config: Config, fleet: Fleet, listener: socket.socket, ready: int, greeting: str) -> None:
        self._drain_timeout = config.drain_timeout
        self._fleet = fleet
        self._listener = listener
        self._ready = ready
        self._greeting: str | None = greeting
        self._deadline: float | None = None  # once it is set, we are ending
        self._code = 0
        self._words: dict[int, str] = {}  # of workers that end, by process

    def run(self, signals: socket.socket) -> int:
        with selectors.DefaultSelector() as selector:
            selector.register(signals, selectors.EVENT_READ)
            selector.register(self._ready, selectors.EVENT_READ)
            while not (self._deadline is not None and self._fleet.empty):
                for key, _ in selector.select(self._pause()):
                    if key.fileobj is signals:
                        self._heed(signals.recv(4096))
                    else:
                        self._hear()
                self._keep()
        return self._code

    def _pause(self) -> float | None:
        now = time.monotonic()
        return self._fleet.pause(now) if self._deadline is None else max(0.0, self._deadline - now)

    def _keep(self) -> None:
        now = time.monotonic()
        if ended := self._fleet.reap(now):
            self._hear()  # what they said before
            self._miss(ended)
        if self._deadline is None:
            self._fleet.fill(now)
        elif now >= self._deadline:
            self._fleet.kill()

    def _heed(self, numbers: bytes) -> None:
        for number in numbers:
            if number == signal.SIGINT and self._deadline is not None:
                self._code = _KILLED_BY_HAND
                self._deadline = 0.0
            elif number in {signal.SIGINT, signal.SIGTERM} and self._deadline is None:
                self._deadline = time.monotonic() + self._drain_timeout
                self._listener.close()
                self._hear()  # who is ready has requests to finish
                self._fleet.end()

    def _hear(self) -> None:
        """Note which workers are ready, the first of which makes the server ready, and the words of those that end."""
        with contextlib.suppress(BlockingIOError):
            for line in os.read(self._ready, 65_536).decode("utf-8", "replace").splitlines():
                pid, _, words = line.partition(" ")
                if words:
                    self._words[int(pid)] = words
                    continue
                self._fleet.note_ready(int(pid))
                if self._greeting is not None:
                    _tell(self._greeting)
                    self._greeting = None

    def _miss(self, ended: Sequence[Ended]) -> None:
        """Say which workers ended; before the first one was ready there is nothing that others could do better."""
        if self._greeting is not None:
            told = (self._words.get(worker.pid) for worker in ended)
            raise NeverReady(next(filter(None, told), f"{ended[0]} before any was ready"))
        for worker in ended:
            words = self._words.pop(worker.pid, None)
            _tell(f"{worker}: {words}" if words else str(worker))


@contextlib.contextmanager
def _signals() -> Iterator[socket.socket]:
    """Receive the numbers of signals from a socket, so that one loop can wait for everything."""
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        far.setblocking(False)
        signal.set_wakeup_fd(far.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, _heard)
        yield near
        signal.set_wakeup_fd(-1)


def _heard(number: int, frame: FrameType | None) -> None:
    """Do nothing: without a handler there would be nothing to receive."""


def _settle(config: Config) -> tuple[int, socket.socket]:
    """Take the data folder and the address.

    Who has a folder already says more than a taken port; a folder that is not there is made only when all else is well.
    """
    if not config.data.exists():
        listener = open_listener(config.listen)
        prepare_folder(config)
        return take_lock(config), listener
    prepare_folder(config)
    return take_lock(config), open_listener(config.listen)


def _check_certificate(config: Config) -> None:
    if config.tls_cert is not None and config.tls_key is not None:
        # By name, against the rule: OpenSSL is loaded only where TLS is set.
        check: Callable[[Path, Path], None] = import_module("moorage.cli.certificate").check_certificate
        check(config.tls_cert, config.tls_key)


def _with_certificate(config: Config) -> Config:
    """Give the settings with the certificate that the registry made itself, where that is asked for."""
    if config.tls != "auto":
        return config
    # By name, as above.
    ensure: Callable[[Config], None] = import_module("moorage.cli.authority").ensure_certificate
    ensure(config)
    return replace(config, tls_cert=config.auto_cert, tls_key=config.auto_key)


def _check_log(config: Config) -> None:
    if config.log != "-":
        try:
            os.close(os.open(config.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640))
        except OSError as error:
            raise Refused(f"the log {config.log} cannot be opened: {error.strerror}") from None


def _migrate(config: Config, lock: int) -> None:
    # The lock goes along, so that no other server starts while a migration outlives us.
    done = subprocess.run(  # noqa: S603  # every argument is written here
        _MIGRATE,
        input=config.to_json().encode(),
        env=environment_of_children(),
        pass_fds=(lock,),
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode != 0:
        raise Refused("the database could not be brought to the newest schema, so the server does not start")


def _greeting(config: Config, *, first: bool) -> str:
    scheme = "https" if config.secure else "http"
    workers = "1 worker" if config.workers == 1 else f"{config.workers} workers"
    text = f"moorage is ready on {scheme}://{config.listen} (data {config.data}, {workers})"
    if config.tls == "auto":
        text += f"\n{how_to_trust(config)}"
    if first:
        text += f'\nthe root keys are in {config.credentials}; to use them: eval "$(moorage env)"'
    return text


def _tell(line: str) -> None:
    click.echo(line, err=True)
