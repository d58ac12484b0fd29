import os
import pwd
import stat
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from moorage.cli import machinekey
from moorage.cli.machinekey import MachineKey
from moorage.cli.refused import Refused

KEY = MachineKey(
    "https://registry.example:5443", "123456789012", "us-east-1", "i-0123456789abcdef0", "MCHNAAAA", "never told"
)
OTHER = MachineKey("http://127.0.0.1:5000", "210987654321", "eu-west-1", "i-0fedcba9876543210", "MCHNBBBB", "other")


def test_a_key_that_was_written_is_read_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "machine.json"
    old = os.umask(0)
    try:
        machinekey.write(path, KEY, force=False)
    finally:
        os.umask(old)
    assert machinekey.read(path) == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["machine.json"]


def test_a_key_that_is_there_is_replaced_by_force_alone(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    machinekey.write(path, KEY, force=False)
    with pytest.raises(Refused, match=r"there is a machine key in .* already: give --force"):
        machinekey.write(path, OTHER, force=False)
    assert machinekey.read(path) == KEY
    machinekey.write(path, OTHER, force=True)
    assert machinekey.read(path) == OTHER
    assert [one.name for one in tmp_path.iterdir()] == ["machine.json"]


def test_a_key_that_came_while_another_was_on_its_way_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "machine.json"
    with machinekey.place_for(path, force=False) as place:
        path.write_text("somebody else's")
        with pytest.raises(Refused, match="already"):
            place.keep(KEY)
    assert path.read_text() == "somebody else's"
    assert [one.name for one in tmp_path.iterdir()] == ["machine.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_key_that_others_can_get_at_is_not_taken(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "machine.json"
    machinekey.write(path, KEY, force=False)
    path.chmod(mode)
    with pytest.raises(Refused, match=rf"is open to others \(mode {mode:04o}\): run chmod 600"):
        machinekey.read(path)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"endpoint": "\xff"}', b'{"endpoint": 1}', b"no json"])
def test_what_is_no_key_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "machine.json"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(Refused, match="holds no machine key"):
        machinekey.read(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"there is no machine key in .*: run `moorage instance join` first"):
        machinekey.read(tmp_path / "machine.json")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    with pytest.raises(Refused, match="is no file"):
        machinekey.read(fifo)


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_spent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(Refused, match="cannot be written to"),
        machinekey.place_for(tmp_path / "file" / "machine.json", force=False),
    ):
        pytest.fail("it was thought to be writable")
    with pytest.raises(Refused, match="is a folder"), machinekey.place_for(tmp_path, force=True):
        pytest.fail("it was thought to be writable")


def test_a_full_disk_is_told_before_anything_is_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _text: bytes, _offset: int) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with (
        pytest.raises(Refused, match="No space left on device"),
        machinekey.place_for(tmp_path / "machine.json", force=False),
    ):
        pytest.fail("it was thought to be writable")
    assert list(tmp_path.iterdir()) == []


def test_a_key_does_not_tell_its_secret() -> None:
    assert KEY.secret not in repr(KEY)
    assert KEY.secret not in f"{KEY}"


@pytest.mark.parametrize(
    ("euid", "variable", "path"),
    [
        (0, "/home/ada/.cfg", "/etc/moorage/machine.json"),
        (1000, "/home/ada/.cfg", "/home/ada/.cfg/moorage/machine.json"),
        (1000, None, "/home/ada/.config/moorage/machine.json"),
        (1000, "relative", "/home/ada/.config/moorage/machine.json"),
    ],
)
def test_the_usual_path(monkeypatch: pytest.MonkeyPatch, euid: int, variable: str | None, path: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    if variable is not None:
        monkeypatch.setenv("XDG_CONFIG_HOME", variable)
    assert machinekey.default_path() == Path(path)


@pytest.mark.parametrize("home", [None, "", "relative"])
def test_without_a_home_folder_the_file_has_to_be_named(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", Mock(side_effect=KeyError))
    if home is not None:
        monkeypatch.setenv("HOME", home)
    with pytest.raises(Refused, match="no home folder"):
        machinekey.default_path()


def of_another(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file belong to somebody else."""
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)


def symbolic(path: Path, _: pytest.MonkeyPatch) -> None:
    path.rename(path.with_name("other"))
    path.symlink_to("other")


def dangling(path: Path, _: pytest.MonkeyPatch) -> None:
    path.unlink()
    path.symlink_to("none")


def linked(path: Path, _: pytest.MonkeyPatch) -> None:
    path.with_name("other").hardlink_to(path)


Spoil = Callable[[Path, pytest.MonkeyPatch], None]
SPOILT = pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (of_another, "belongs to the user"),
        (symbolic, "is a symbolic link: name the file that it leads to"),
        (dangling, "is a symbolic link"),
        (linked, "has another name"),
    ],
)


def state(folder: Path) -> list[tuple[str, int, int, bytes]]:
    found = [(path, path.lstat()) for path in sorted(folder.iterdir())]
    return [(path.name, told.st_mode, told.st_ino, path.read_bytes() if path.exists() else b"") for path, told in found]


@SPOILT
@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_is_not_this_accounts_alone_is_neither_read_nor_replaced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Spoil,
    why: str,
    force: bool,  # noqa: FBT001 - a case
) -> None:
    path = tmp_path / "machine.json"
    machinekey.write(path, KEY, force=False)
    spoil(path, monkeypatch)
    before = state(tmp_path)
    with pytest.raises(Refused, match=why):
        machinekey.read(path)
    with pytest.raises(Refused, match=why if force or path.is_symlink() else "already"):
        machinekey.write(path, OTHER, force=force)
    assert state(tmp_path) == before


def refusing(monkeypatch: pytest.MonkeyPatch, name: str, refused: Callable[[str, int], bool]) -> None:
    """Have the system refuse what it refuses to people who are not root."""
    real = getattr(os, name)

    def call(path: str | Path, *args: int, **more: int) -> object:
        if refused(str(path), args[0] if args else 0):
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **more)

    monkeypatch.setattr(os, name, call)


@pytest.mark.parametrize("name", ["lstat", "open", "mkdir", "link"])
def test_what_is_not_permitted_is_told_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / "folder" / "machine.json"
    refusing(monkeypatch, name, lambda _path, _flags: True)
    with pytest.raises(Refused, match=r"cannot be written to .*machine\.json: Permission denied"):
        machinekey.write(path, KEY, force=False)
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_read_is_told_before_the_key_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, "open", lambda path, _: path == str(tmp_path))
    with (
        pytest.raises(Refused, match="cannot be written to"),
        machinekey.place_for(tmp_path / "machine.json", force=False),
    ):
        pytest.fail("it was thought to be readable")
    monkeypatch.undo()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_synced_has_the_key_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    machinekey.write(tmp_path / "machine.json", KEY, force=False)
    assert machinekey.read(tmp_path / "machine.json") == KEY


def test_a_key_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machinekey.write(tmp_path / "machine.json", KEY, force=False)
    refusing(monkeypatch, "open", lambda _path, _flags: True)
    with pytest.raises(Refused, match="cannot be read: Permission denied"):
        machinekey.read(tmp_path / "machine.json")


def test_folders_that_were_made_for_nothing_go_again(tmp_path: Path) -> None:
    with machinekey.place_for(tmp_path / "a" / "b" / "machine.json", force=False):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
