"""The supervisor: it holds the data folder and the listening socket, and keeps the workers running."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import FrameType
from typing import Final

import click

from moorage.cli.berth import Descriptors
from moorage.cli.fleet import Fleet, environment_of_children
from moorage.cli.folder import prepare_folder, take_lock
from moorage.cli.keys import ensure_credentials, ensure_keyring
from moorage.cli.listener import open_listener
from moorage.cli.refused import Refused
from moorage.cli.running import write_running
from moorage.config import Config, Listen
from moorage.store.version import NEWEST, SchemaTooNewError, version_of

# -P: a folder that the server is started in must not be able to replace a module.
WORKER: Final = (sys.executable, "-P", "-m", "moorage.cli.worker")
_MIGRATE: Final = (sys.executable, "-P", "-m", "moorage", "migrate", "--handed-over")
_KILLED_BY_HAND: Final = 130  # as shells tell it


def supervise(config: Config, *, worker: Sequence[str]) -> int:
    """Serve until told to end; returns the exit code."""
    os.umask(0o077)
    prepare_folder(config)
    lock = take_lock(config)
    listener = open_listener(config.listen)
    config = replace(config, listen=Listen(config.listen.host, listener.getsockname()[1]))
    newest = _is_newest(config)
    ensure_keyring(config)
    config, first = ensure_credentials(config)
    watch, watched = os.pipe()  # nobody writes: the workers read its end when this process is gone
    ready, tell_ready = os.pipe()
    os.set_blocking(ready, False)
    with _signals() as signals, contextlib.closing(listener):
        fleet = Fleet(worker, Descriptors(listener.fileno(), lock, watch, tell_ready), config.workers, _tell)
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
        self._fleet.reap(now)
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
        """Note which workers are ready; the first one makes the server ready."""
        with contextlib.suppress(BlockingIOError):
            for pid in os.read(self._ready, 65_536).split():
                self._fleet.note_ready(int(pid))
                if self._greeting is not None:
                    _tell(self._greeting)
                    self._greeting = None


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


def _is_newest(config: Config) -> bool:
    try:
        return version_of(config.metadata) == NEWEST
    except SchemaTooNewError as error:
        raise Refused(str(error)) from None


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
    scheme = "http" if config.tls_cert is None else "https"
    workers = "1 worker" if config.workers == 1 else f"{config.workers} workers"
    text = f"moorage is ready on {scheme}://{config.listen} (data {config.data}, {workers})"
    if first:
        text += f'\nthe root keys are in {config.credentials}; to use them: eval "$(moorage env)"'
    return text


def _tell(line: str) -> None:
    click.echo(line, err=True)
