"""The first start makes secrets; later starts keep them."""

import base64
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.cli.folder import write_private
from moorage.cli.keys import ensure_credentials, ensure_keyring
from moorage.cli.refused import Refused
from moorage.config import Config
from unit.config.settings import KEY_ID, SECRET, read

KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return read(tmp_path)


def test_the_first_start_makes_root_keys_that_the_next_one_reads(config: Config) -> None:
    made, first = ensure_credentials(config)
    assert first
    assert read(config.data) == made


def test_root_keys_are_kept(config: Config) -> None:
    made, _ = ensure_credentials(config)
    assert ensure_credentials(read(config.data)) == (made, False)


def test_root_keys_from_variables_are_not_written_down(config: Config) -> None:
    ensure_credentials(replace(config, access_key_id=KEY_ID, secret_access_key=SECRET))
    assert not config.credentials.exists()


def test_two_registries_have_different_keys(tmp_path: Path) -> None:
    folders = (tmp_path / "a", tmp_path / "b")
    for folder in folders:
        folder.mkdir()
    assert len({ensure_credentials(read(folder))[0].secret_access_key for folder in folders}) == 2


def test_the_key_ring_has_one_key_of_32_bytes(config: Config) -> None:
    ensure_keyring(config)
    ring = json.loads(config.keyring.read_bytes())
    assert (ring["current"], len(base64.b64decode(ring["keys"]["k1"]))) == ("k1", 32)


@pytest.mark.parametrize("name", ["credentials", "keyring"])
def test_files_of_secrets_are_closed_to_others(config: Config, name: str) -> None:
    ensure_credentials(config)
    ensure_keyring(config)
    path = {"credentials": config.credentials, "keyring": config.keyring}[name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_key_ring_is_kept(config: Config) -> None:
    ensure_keyring(config)
    before = config.keyring.read_bytes()
    ensure_keyring(config)
    assert config.keyring.read_bytes() == before


def test_a_key_ring_that_others_can_read_is_refused(config: Config) -> None:
    ensure_keyring(config)
    config.keyring.chmod(0o644)
    with pytest.raises(Refused, match="chmod 600"):
        ensure_keyring(config)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", json.dumps({"current": "k2", "keys": {"k1": KEY}}), '{"current": "k1", "keys": {"k1": "MA=="}}'],
    ids=["empty", "list", "nothing", "no such key", "short key"],
)
def test_a_broken_key_ring_is_refused(config: Config, text: str) -> None:
    write_private(config.keyring, text)
    with pytest.raises(Refused, match="no ring of keys"):
        ensure_keyring(config)


def test_a_lost_key_ring_is_never_replaced_beside_a_database(config: Config) -> None:
    config.metadata.touch()
    with pytest.raises(Refused, match="restore it from a backup"):
        ensure_keyring(config)
