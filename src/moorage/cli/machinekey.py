"""The key of a machine, in a file that its owner alone may read."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISLNK, S_ISREG
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
    """Tell where the key of this machine is, or for whoever is not root, of this account on it.

    Raises:
        Refused: there is no home folder

    """
    if os.geteuid() == 0:
        return Path("/etc/moorage/machine.json")
    named = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(named) if named.startswith("/") else _home() / ".config"
    return folder / "moorage/machine.json"


def _home() -> Path:
    try:
        home = Path.home()
    except RuntimeError:
        home = Path()
    if not home.is_absolute() or os.environ.get("HOME") == "":
        raise Refused("this account has no home folder, where its machine key would be: set HOME, or name the file")
    return home


def read(path: Path) -> MachineKey:
    """Read a machine's key.

    Raises:
        Refused: there is none, it is not this account's alone, or it is no key

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Refused(f"there is no machine key in {path}: run `moorage instance join` first") from None
    except OSError as error:
        if path.is_symlink():
            raise _symbolic(path) from None
        raise Refused(f"the machine key in {path} cannot be read: {error.strerror}") from None
    with open(descriptor, "rb") as file:  # noqa: PTH123  # a Path cannot open a descriptor
        told = os.fstat(descriptor)
        _check_own(path, told)
        if told.st_mode & _OTHERS:
            mode = S_IMODE(told.st_mode)
            raise Refused(f"the machine key in {path} is open to others (mode {mode:04o}): run chmod 600 {path}")
        try:
            return _DECODER.decode(file.read(_LONGEST))
        except OSError as error:
            raise Refused(f"the machine key in {path} cannot be read: {error.strerror}") from None
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused(f"{path} holds no machine key: run `moorage instance join` again") from None


def _check_own(path: Path, told: os.stat_result) -> None:
    """Refuse what is no file, and a file that somebody else can change, or that is in a second place too."""
    if not S_ISREG(told.st_mode):
        raise Refused(f"{path} is no file")
    if told.st_uid not in {0, os.geteuid()}:
        raise Refused(f"{path} belongs to the user {told.st_uid}: a machine key belongs to who uses it, or to root")
    if told.st_nlink > 1:
        raise Refused(f"{path} has another name (a hard link): a machine key is in one place, remove the other name")


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
    folder: int
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
            raise _unwritable(self.path, error) from None

    def _keep(self, text: bytes) -> None:
        os.pwrite(self.descriptor, text, 0)
        os.ftruncate(self.descriptor, len(text))
        os.fsync(self.descriptor)
        if self.force:
            self.draft.replace(self.path)
        else:
            self.path.hardlink_to(self.draft)  # which fails where a file is already, as renaming would not
            self.draft.unlink()
        with suppress(OSError):  # some systems of files cannot; the key is in its place all the same
            os.fsync(self.folder)


@contextmanager
def place_for(path: Path, *, force: bool) -> Iterator[Place]:
    """Make ready to write a key: whatever can fail fails here, before a join token is spent for the key.

    Raises:
        Refused: there is a key already and ``force`` is not given, or none could be written

    """
    _look(path, force=force)
    made = _make_folders(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with ExitStack() as stack:
        for folder in made:  # they go again while nothing is in them
            stack.callback(_forget, folder.rmdir)
        try:
            # A folder that cannot be read cannot be synced either: that is found out before the key is in it.
            opened = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            stack.callback(os.close, opened)
            draft.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(draft, flags, 0o600)
            stack.callback(os.close, descriptor)
            stack.callback(_forget, draft.unlink)
            _take_room(descriptor)
            if not force:
                _try_link(draft)
        except OSError as error:
            raise _unwritable(path, error) from None
        yield Place(path, draft, descriptor, opened, force)


def _look(path: Path, *, force: bool) -> None:
    """Refuse what is not to be replaced."""
    try:
        told = os.lstat(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unwritable(path, error) from None
    if S_ISLNK(told.st_mode):
        raise _symbolic(path)
    if S_ISDIR(told.st_mode):
        raise Refused(f"{path} is a folder: name the file that the machine key is to be written to")
    if not force:
        raise _taken(path)
    _check_own(path, told)


def _make_folders(path: Path) -> list[Path]:
    """Make the folders of a file, and give those that were not there, outermost first."""
    try:
        missing = list(takewhile(lambda folder: not folder.exists(), path.parents))[::-1]
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o755 if os.geteuid() == 0 else 0o700)
    except OSError as error:
        raise _unwritable(path, error) from None
    return missing


def _take_room(descriptor: int) -> None:
    os.fchmod(descriptor, 0o600)
    os.pwrite(descriptor, b" " * _ROOM, 0)
    os.fsync(descriptor)


def _try_link(draft: Path) -> None:
    """Find out whether there are hard links here, by which the key is put in place."""
    second = draft.with_name(f"{draft.name}.link")
    second.unlink(missing_ok=True)
    second.hardlink_to(draft)
    second.unlink()


def _forget(remove: Callable[[], None]) -> None:
    with suppress(OSError):
        remove()


def _unwritable(path: Path, error: OSError) -> Refused:
    return Refused(f"the machine key cannot be written to {path}: {error.strerror}")


def _symbolic(path: Path) -> Refused:
    return Refused(f"{path} is a symbolic link: name the file that it leads to")


def _taken(path: Path) -> Refused:
    return Refused(f"there is a machine key in {path} already: give --force to replace it, or another --key-file")
