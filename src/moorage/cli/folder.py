"""The data folder: who may look into it, who holds it, and how a file of secrets gets into it."""

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from moorage.cli.refused import DataFolderInUse, ForeignFolder, Refused
from moorage.config import Config

# What outlives a killed server for a moment are its workers, which end within a second.
_PATIENCE_SECONDS = 2.0
_GLANCE_SECONDS = 0.1  # ``find_holder`` of another command holds the lock for an instant
_NOT_FOREIGN = frozenset({"lost+found", "moorage.toml"})


def prepare_folder(config: Config) -> None:
    """Make the data folder, closed to everybody else."""
    try:
        config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(config.data.stat().st_mode) & 0o077:
            # A slip such as --data /tmp must not close somebody else's folder.
            if not config.lock.exists() and {each.name for each in config.data.iterdir()} - _NOT_FOREIGN:
                raise ForeignFolder(config.data)
            config.data.chmod(0o700)
    except OSError as error:
        raise Refused(f"the data folder {config.data} cannot be used: {error.strerror}") from None


def take_lock(config: Config) -> int:
    """Hold the data folder for this process and every child that inherits the descriptor."""
    try:
        descriptor = os.open(config.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise Refused(f"{config.lock} cannot be opened: {error.strerror}") from None
    begun = time.monotonic()
    while not _locked(descriptor, fcntl.LOCK_EX):
        holder = _holder(descriptor)
        gone = holder is not None and not is_alive(holder)
        if time.monotonic() > begun + (_PATIENCE_SECONDS if gone else _GLANCE_SECONDS):
            os.close(descriptor)
            raise DataFolderInUse(config.data, holder)
        time.sleep(0.02)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def find_holder(config: Config) -> int | None:
    """Tell which process holds the data folder; the lock decides, for a number written down may be another's by now."""
    try:
        descriptor = os.open(config.lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _locked(descriptor, fcntl.LOCK_SH) else _holder(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def hold(config: Config) -> Iterator[None]:
    """Hold the data folder for what a command does while no server may run."""
    prepare_folder(config)
    lock = take_lock(config)
    try:
        yield
    finally:
        os.close(lock)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_private(path: Path, text: str) -> None:
    """Put a file in place whole or not at all, readable by its owner only; it survives a power cut."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123  # a Path cannot open a descriptor
        os.fchmod(descriptor, 0o600)
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> int | None:
    written = os.pread(descriptor, 20, 0).strip()
    return int(written) if written.isdigit() else None
