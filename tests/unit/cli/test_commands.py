"""Every command is found under its name, and wrong use is told in one sentence."""

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from moorage.cli.account import account
from moorage.cli.folder import prepare_folder, take_lock
from moorage.cli.instance import instance
from moorage.cli.keys import ensure_keyring
from moorage.cli.lazy import LazyGroup
from moorage.cli.main import moorage
from moorage.cli.token import token
from unit.config.settings import read


def run(data: Path, *args: str, **variables: str) -> Result:
    cleared = dict.fromkeys(name for name in os.environ if name.startswith("MOORAGE_"))
    return CliRunner().invoke(moorage, args, env=cleared | {"MOORAGE_DATA": str(data), "HOME": str(data)} | variables)


def held(data: Path) -> int:
    config = read(data)
    prepare_folder(config)
    return take_lock(config)


@pytest.mark.parametrize("group", [moorage, account, instance, token], ids=["moorage", "account", "instance", "token"])
def test_every_command_that_is_listed_is_there(group: LazyGroup) -> None:
    context = click.Context(group)
    assert all(group.get_command(context, name) for name in group.list_commands(context))


def test_an_unknown_option_is_a_usage_error(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--wokers", "3")
    assert (done.exit_code, "No such option" in done.stderr) == (2, True)


def test_a_wrong_setting_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = run(tmp_path, "serve", "--workers", "0")
    assert (done.exit_code, done.stderr) == (1, "Error: workers (from --workers) must be a whole number from 1 to 64\n")


def test_status_without_a_server_says_so(tmp_path: Path) -> None:
    done = run(tmp_path, "status")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (3, "server: not running")


def test_status_without_a_server_reads_sizes_from_the_disk(tmp_path: Path) -> None:
    (tmp_path / "metadata.sqlite3").write_bytes(bytes(8192))
    assert "database: 8 KiB" in run(tmp_path, "status").stdout


def test_accounts_need_a_running_server(tmp_path: Path) -> None:
    keys = {"MOORAGE_ACCESS_KEY_ID": "AKIAOTHER123456789", "MOORAGE_SECRET_ACCESS_KEY": "another-secret-key"}
    done = run(tmp_path, "account", "list", **keys)
    assert (done.exit_code, "no server is running" in done.stderr) == (1, True)


def test_migrate_makes_a_database_of_the_newest_schema(tmp_path: Path) -> None:
    assert run(tmp_path / "data", "migrate").exit_code == 0
    assert (tmp_path / "data" / "metadata.sqlite3").exists()


def test_a_start_after_migrate_finds_a_key_ring(tmp_path: Path) -> None:
    run(tmp_path / "data", "migrate")
    ensure_keyring(read(tmp_path / "data"))


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    (tmp_path / "metadata.sqlite3").write_text("a letter, not a database\n" * 100, encoding="utf-8")
    done = run(tmp_path, "migrate")
    assert (done.exit_code, done.stderr.count("\n"), "cannot be read as a database" in done.stderr) == (1, 1, True)


@pytest.mark.parametrize("command", [("migrate",), ("account", "reset-root")], ids="-".join)
def test_what_changes_the_folder_is_refused_while_a_server_holds_it(tmp_path: Path, command: tuple[str, ...]) -> None:
    lock = held(tmp_path)
    (tmp_path / "metadata.sqlite3").touch()
    done = run(tmp_path, *command)
    os.close(lock)
    assert (done.exit_code, "is in use by process" in done.stderr) == (1, True)
