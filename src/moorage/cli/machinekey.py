"""The key of a machine, in a file that its owner alone may read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE, S_ISREG
from typing import Final

import msgspec

from moorage.cli.refused import Refused

_OTHERS: Final = 0o077  # what the group and everybody else may do
_LONGEST: Final = 64 * 1024
_ROOM: Final = 4096  # bytes that are taken before the key is known, so that a full disk is found out in time


class MachineKey(msgspec.Struct, frozen=True):
    """Who a machine is, and the server that knows it; the secret signs for GetInstanceCredentials alone."""

    endpoint: str
    account_id: str
    region: str
    instance_id: str
    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"MachineKey({self.instance_id} of {self.account_id} at {self.endpoint})"


_DECODER = msgspec.json.Decoder(MachineKey)


def default_path() -> Path:
    """Tell where the key of this machine is, or for whoever is not root, of this account on it."""
    if os.geteuid() == 0:
        return Path("/etc/moorage/machine.json")
    named = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(named) if named.startswith("/") else Path.home() / ".config"
    return folder / "moorage/machine.json"


def read(path: Path) -> MachineKey:
    """Read a machine's key.

    Raises:
        Refused: there is none, others may read it, or it is no key

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Refused(f"there is no machine key in {path}: run `moorage instance join` first") from None
    except OSError as error:
        raise Refused(f"the machine key in {path} cannot be read: {error.strerror}") from None
    with open(descriptor, "rb") as file:  # noqa: PTH123  # a Path cannot open a descriptor
        told = os.fstat(descriptor)
        if not S_ISREG(told.st_mode):
            raise Refused(f"{path} is no file")
        if told.st_mode & _OTHERS:
            mode = S_IMODE(told.st_mode)
            raise Refused(f"the machine key in {path} is open to others (mode {mode:04o}): run chmod 600 {path}")
        try:
            return _DECODER.decode(file.read(_LONGEST))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused(f"{path} holds no machine key: run `moorage instance join` again") from None


def write(path: Path, key: MachineKey, *, force: bool) -> None:
    """Keep a machine's key so that it survives a power cut, readable by its owner alone.

    Raises:
        Refused: there is one already and ``force`` is not given, or it cannot be written

    """
    with place_for(path, force=force) as place:
        place.keep(key)


@dataclass(frozen=True, slots=True)
class Place:
    """A file beside the one that is to be, with room enough taken on the disk."""

    path: Path
    draft: Path
    descriptor: int
    force: bool

    def keep(self, key: MachineKey) -> None:
        """Write the key and put it in place, whole or not at all.

        Raises:
            Refused

        """
        try:
            self._keep(msgspec.json.format(msgspec.json.encode(key)) + b"\n")
        except FileExistsError:
            raise _taken(self.path) from None
        except OSError as error:
            raise Refused(f"the machine key cannot be written to {self.path}: {error.strerror}") from None

    def _keep(self, text: bytes) -> None:
        os.pwrite(self.descriptor, text, 0)
        os.ftruncate(self.descriptor, len(text))
        os.fsync(self.descriptor)
        if self.force:
            self.draft.replace(self.path)
        else:
            self.path.hardlink_to(self.draft)  # which fails where a file is already, as renaming would not
        _sync_folder(self.path.parent)


@contextmanager
def place_for(path: Path, *, force: bool) -> Iterator[Place]:
    """Make ready to write a key: whatever can fail fails here, before a join token is spent for the key.

    Raises:
        Refused: there is a key already and ``force`` is not given, or none could be written

    """
    if path.is_dir():
        raise Refused(f"{path} is a folder: name the file that the machine key is to be written to")
    if not force and os.path.lexists(path):
        raise _taken(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755 if os.geteuid() == 0 else 0o700)
        draft.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(draft, flags, 0o600)
    except OSError as error:
        raise Refused(f"the machine key cannot be written to {path}: {error.strerror}") from None
    try:
        _take_room(path, descriptor)
        yield Place(path, draft, descriptor, force)
    finally:
        os.close(descriptor)
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _take_room(path: Path, descriptor: int) -> None:
    try:
        os.fchmod(descriptor, 0o600)
        os.pwrite(descriptor, b" " * _ROOM, 0)
        os.fsync(descriptor)
    except OSError as error:
        raise Refused(f"the machine key cannot be written to {path}: {error.strerror}") from None


def _taken(path: Path) -> Refused:
    return Refused(f"there is a machine key in {path} already: give --force to replace it, or another --key-file")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
