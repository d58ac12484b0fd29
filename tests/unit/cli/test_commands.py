"""Every command is found under its name, and wrong use is told in one sentence."""

import json
import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from moorage.cli.account import account
from moorage.cli.folder import prepare_folder, take_lock
from moorage.cli.lazy import LazyGroup
from moorage.cli.main import moorage
from moorage.config import Config, load


def run(data: Path, *args: str, **variables: str) -> Result:
    cleared = dict.fromkeys(name for name in os.environ if name.startswith("MOORAGE_"))
    return CliRunner().invoke(moorage, args, env=cleared | {"MOORAGE_DATA": str(data), "HOME": str(data)} | variables)


def held(data: Path) -> int:
    config: Config = load({}, path=None, overrides={"data": str(data)})
    prepare_folder(config)
    return take_lock(config)


@pytest.mark.parametrize("group", [moorage, account], ids=["moorage", "account"])
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


@pytest.mark.parametrize("command", [("migrate",), ("account", "reset-root")], ids="-".join)
def test_what_changes_the_folder_is_refused_while_a_server_holds_it(tmp_path: Path, command: tuple[str, ...]) -> None:
    lock = held(tmp_path)
    done = run(tmp_path, *command)
    os.close(lock)
    assert (done.exit_code, "is in use by process" in done.stderr) == (1, True)


def test_reset_root_replaces_the_first_accounts_keys(tmp_path: Path) -> None:
    run(tmp_path, "account", "reset-root")
    before = json.loads((tmp_path / "credentials").read_bytes())
    run(tmp_path, "account", "reset-root")
    after = json.loads((tmp_path / "credentials").read_bytes())
    assert all(after[name] != before[name] for name in ("access_key_id", "secret_access_key"))


def test_reset_root_does_not_print_the_first_accounts_secret(tmp_path: Path) -> None:
    done = run(tmp_path, "account", "reset-root")
    assert json.loads((tmp_path / "credentials").read_bytes())["secret_access_key"] not in done.output


def test_reset_root_refuses_what_variables_would_undo(tmp_path: Path) -> None:
    keys = {"MOORAGE_ACCESS_KEY_ID": "AKIAOTHER123456789", "MOORAGE_SECRET_ACCESS_KEY": "another-secret-key"}
    done = run(tmp_path, "account", "reset-root", **keys)
    assert (done.exit_code, "MOORAGE_ACCESS_KEY_ID" in done.stderr) == (1, True)
