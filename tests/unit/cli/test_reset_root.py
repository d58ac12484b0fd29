"""``moorage account reset-root`` leaves one key to a root, and undoes nothing it cannot do whole."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from moorage.app import nothing, read_keyring
from moorage.cli.keys import write_credentials
from moorage.domain.names import AccountId
from moorage.operations.accounts import NewKey, Vault, ensure_first_account
from moorage.operations.ids import Ids
from moorage.store import access_keys, accounts
from moorage.store.access_keys import ROOT, AccessKeyRow
from moorage.store.sqlite import SqliteStore
from moorage.store.transaction import Transaction
from unit.cli.test_commands import run
from unit.config.settings import KEY_ID, SECRET, read

HOME, OTHER = AccountId("123456789012"), AccountId("210987654321")
KEYS = {"MOORAGE_ACCESS_KEY_ID": KEY_ID, "MOORAGE_SECRET_ACCESS_KEY": SECRET}


@dataclass(frozen=True, slots=True)
class Folder:
    """A data folder in which a server has run, and runs no more."""

    data: Path

    def open(self) -> SqliteStore:
        config = read(self.data)
        return SqliteStore(config.metadata, config.metadata_lock, reached=nothing)

    def start(self, account: AccountId) -> None:
        """Do what the start of a server does to the database."""
        config = read(self.data)
        write_credentials(config, KEY_ID, SECRET)
        store = self.open()
        vault = Vault(store, read_keyring(config.keyring), Ids())
        asyncio.run(ensure_first_account(vault, account, NewKey(KEY_ID, SECRET), at=1))
        store.close()

    def add_key(self, account: AccountId) -> None:
        """Add a key of the account's root, as IAM's CreateAccessKey does."""
        row = AccessKeyRow("AKIAMADEBYIAM", account, ROOT, b"", active=True, configured=False, created_at=1)

        async def unit(tx: Transaction) -> None:
            await accounts.create(tx, account, at=1)
            await access_keys.create(tx, row)

        store = self.open()
        asyncio.run(store.write(unit))
        store.close()

    def root_keys(self, account: AccountId) -> list[str]:
        store = self.open()
        rows = asyncio.run(access_keys.of_user(store.now, account, ROOT))
        store.close()
        return [row.id for row in rows]

    def credentials(self) -> dict[str, str]:
        kept: dict[str, str] = json.loads((self.data / "credentials").read_bytes())
        return kept


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    run(tmp_path / "data", "migrate")
    made = Folder(tmp_path / "data")
    made.start(HOME)
    return made


def test_the_key_in_the_credentials_file_is_the_roots_only_one(folder: Folder) -> None:
    folder.add_key(HOME)
    run(folder.data, "account", "reset-root")
    assert folder.root_keys(HOME) == [folder.credentials()["access_key_id"]]


def test_the_first_accounts_key_is_a_new_one(folder: Folder) -> None:
    run(folder.data, "account", "reset-root")
    assert folder.credentials().items().isdisjoint({"access_key_id": KEY_ID, "secret_access_key": SECRET}.items())


def test_the_next_start_leaves_the_first_accounts_key_as_it_is(folder: Folder) -> None:
    run(folder.data, "account", "reset-root")
    config, before = read(folder.data), folder.root_keys(HOME)
    store = folder.open()
    key = NewKey(config.access_key_id or "", config.secret_access_key or "")
    asyncio.run(ensure_first_account(Vault(store, read_keyring(config.keyring), Ids()), HOME, key, at=2))
    store.close()
    assert folder.root_keys(HOME) == before


def test_the_first_accounts_secret_is_not_printed(folder: Folder) -> None:
    done = run(folder.data, "account", "reset-root")
    assert folder.credentials()["secret_access_key"] not in done.output


def test_the_first_account_is_the_one_that_the_server_was_started_with(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    folder = Folder(tmp_path)
    folder.start(OTHER)
    run(folder.data, "account", "reset-root")
    assert folder.root_keys(OTHER) == [folder.credentials()["access_key_id"]] != [KEY_ID]


def test_another_accounts_key_is_printed_and_not_kept(folder: Folder) -> None:
    folder.add_key(OTHER)
    done = run(folder.data, "account", "reset-root", "--account", OTHER)
    assert [done.stdout.splitlines()[1].rpartition(" ")[2]] == folder.root_keys(OTHER)
    assert folder.credentials()["access_key_id"] == KEY_ID


def test_what_variables_would_undo_is_refused(folder: Folder) -> None:
    done = run(folder.data, "account", "reset-root", **KEYS)
    assert (done.exit_code, "MOORAGE_ACCESS_KEY_ID" in done.stderr) == (1, True)
    assert folder.root_keys(HOME) == [KEY_ID]


@pytest.mark.parametrize("account", [OTHER, "12"], ids=["unknown", "wrong"])
def test_an_account_that_is_not_there_is_told_in_one_sentence(folder: Folder, account: str) -> None:
    done = run(folder.data, "account", "reset-root", "--account", account)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)


def test_a_folder_without_a_database_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "account", "reset-root")
    assert (done.exit_code, "there is no database" in done.stderr) == (1, True)


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    run(tmp_path / "data", "account", "reset-root")
    assert not (tmp_path / "data").exists()
