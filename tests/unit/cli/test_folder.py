"""The data folder is closed to others and has one holder."""

import os
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.cli.folder import find_holder, prepare_folder, take_lock, write_private
from moorage.cli.refused import DataFolderInUse, ForeignFolder, Refused
from moorage.config import Config
from unit.config.settings import read


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return read(tmp_path / "new" / "data")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_is_made_for_its_owner_alone(config: Config) -> None:
    prepare_folder(config)
    assert mode(config.data) == 0o700


def test_an_empty_folder_that_was_open_is_closed(config: Config) -> None:
    config.data.mkdir(parents=True)
    config.data.chmod(0o755)
    prepare_folder(config)
    assert mode(config.data) == 0o700


def test_somebody_elses_folder_is_left_as_it_is(config: Config) -> None:
    config.data.mkdir(parents=True)
    config.data.chmod(0o755)
    (config.data / "letter.txt").touch()
    with pytest.raises(ForeignFolder):
        prepare_folder(config)
    assert mode(config.data) == 0o755


def test_a_file_in_the_way_is_told_in_one_sentence(config: Config) -> None:
    config.data.parent.mkdir()
    config.data.touch()
    with pytest.raises(Refused, match="cannot be used"):
        prepare_folder(config)


def test_a_held_folder_is_refused_with_its_holder(config: Config) -> None:
    prepare_folder(config)
    descriptor = take_lock(config)
    with pytest.raises(DataFolderInUse, match=f"{config.data} is in use by process {os.getpid()}"):
        take_lock(config)
    os.close(descriptor)


def test_the_lock_is_held_until_the_last_child_is_gone(config: Config) -> None:
    prepare_folder(config)
    descriptor = take_lock(config)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE, pass_fds=(descriptor,)):
        os.close(descriptor)
        with pytest.raises(DataFolderInUse):
            take_lock(config)
    os.close(take_lock(config))


def test_what_a_killed_servers_last_child_holds_is_waited_for(config: Config) -> None:
    prepare_folder(config)
    descriptor = take_lock(config)
    with subprocess.Popen(["/bin/true"]) as gone:
        gone.wait()
    os.pwrite(descriptor, f"{gone.pid}\n".encode(), 0)
    with subprocess.Popen(["/bin/sleep", "0.1"], pass_fds=(descriptor,)):
        os.close(descriptor)
        os.close(take_lock(config))


def test_the_holder_is_found_by_the_lock(config: Config) -> None:
    prepare_folder(config)
    descriptor = take_lock(config)
    held = find_holder(config)
    os.close(descriptor)
    assert (held, find_holder(config)) == (os.getpid(), None)


def test_a_folder_that_is_not_there_has_no_holder(config: Config) -> None:
    assert find_holder(config) is None


def test_a_private_file_is_closed_to_others(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "hush")
    assert mode(tmp_path / "secret") == 0o600


def test_a_private_file_leaves_no_draft(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "hush")
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_a_lock_that_cannot_be_opened_is_told_in_one_sentence(config: Config) -> None:
    with pytest.raises(Refused, match="cannot be opened"):
        take_lock(replace(config, data=Path("/nowhere")))
