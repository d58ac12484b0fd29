"""Where settings come from, and which of two wins."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.config import Config, WrongSettings, load
from moorage.domain.listen import Listen
from unit.config.settings import KEY_ID, SECRET, problems, read, write

KEYS = {"MOORAGE_ACCESS_KEY_ID": KEY_ID, "MOORAGE_SECRET_ACCESS_KEY": SECRET}
KEPT = json.dumps({"access_key_id": KEY_ID, "secret_access_key": SECRET})


def test_defaults_serve_this_machine_only(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert (str(config.listen), config.account_id, config.region, config.regions, config.log) == (
        "127.0.0.1:4500",
        "123456789012",
        "us-east-1",
        ("us-east-1",),
        "-",
    )


@pytest.mark.parametrize(
    ("environ", "data"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.local/share/moorage"),
        ({"HOME": "/home/ann", "XDG_DATA_HOME": "/srv/share"}, "/srv/share/moorage"),
        ({"HOME": "/home/ann", "XDG_DATA_HOME": "share"}, "/home/ann/.local/share/moorage"),
        ({"HOME": "/home/ann", "MOORAGE_DATA": "/srv/registry"}, "/srv/registry"),
    ],
)
def test_the_data_folder_is_found_as_the_xdg_specification_says(environ: dict[str, str], data: str) -> None:
    assert load(environ, path=None, overrides={}).data == Path(data)


def test_a_file_in_the_data_folder_wins_over_defaults(tmp_path: Path) -> None:
    write(tmp_path, 'listen = "127.0.0.1:4501"\nworkers = 3\n')
    config = read(tmp_path)
    assert (config.listen.port, config.workers) == (4501, 3)


def test_a_variable_wins_over_the_file(tmp_path: Path) -> None:
    write(tmp_path, "workers = 3\n")
    assert read(tmp_path, {"MOORAGE_WORKERS": "2"}).workers == 2


def test_an_option_wins_over_a_variable(tmp_path: Path) -> None:
    assert read(tmp_path, {"MOORAGE_WORKERS": "2"}, options={"workers": "1"}).workers == 1


def test_a_named_file_is_read_instead_of_the_one_in_the_data_folder(tmp_path: Path) -> None:
    write(tmp_path, "workers = 3\n")
    assert read(tmp_path, path=write(tmp_path, "workers = 4\n", "other.toml")).workers == 4


def test_a_named_file_may_name_the_data_folder(tmp_path: Path) -> None:
    file = write(tmp_path, f'data = "{tmp_path / "elsewhere"}"\n', "other.toml")
    assert load({}, path=file, overrides={}).data == tmp_path / "elsewhere"


def test_a_file_in_the_data_folder_cannot_name_another(tmp_path: Path) -> None:
    file = write(tmp_path, 'data = "/elsewhere"\n')
    assert problems(tmp_path) == (f"data (from {file}) cannot stand in a file of the data folder itself",)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, path=tmp_path / "missing.toml")
    assert problem.startswith(f"config (from {tmp_path / 'missing.toml'}) cannot be read: ")


def test_a_file_must_be_toml(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, path=write(tmp_path, f"workers = {SECRET}\n"))
    assert SECRET not in problem


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "wokers = 3\n")
    assert problems(tmp_path) == (f"wokers (from {file}) is no setting of Moorage",)


@pytest.mark.parametrize("name", ["MOORAGE_WOKERS", "MOORAGE_workers", "MOORAGE_"])
def test_an_unknown_variable_is_refused(tmp_path: Path, name: str) -> None:
    assert problems(tmp_path, {name: "3"}) == (f"{name} (from the environment) is no setting of Moorage",)


def test_what_env_exports_for_people_is_ignored(tmp_path: Path) -> None:
    assert read(tmp_path, {"MOORAGE_REGISTRY": "localhost:4500"}) == read(tmp_path)


def test_all_wrong_settings_are_reported_together_each_with_its_source(tmp_path: Path) -> None:
    file = write(tmp_path, 'account_id = "12"\n')
    assert set(problems(tmp_path, {"MOORAGE_REGION": "moon"}, options={"workers": "0"})) == {
        f"account_id (from {file}) must be text of twelve digits",
        "region (from MOORAGE_REGION) must be a region's name, such as us-east-1",
        "workers (from --workers) must be a whole number from 1 to 64",
    }


def test_keys_come_from_variables(tmp_path: Path) -> None:
    config = read(tmp_path, KEYS)
    assert (config.access_key_id, config.secret_access_key) == (KEY_ID, SECRET)


def test_keys_come_from_the_credentials_file(tmp_path: Path) -> None:
    write(tmp_path, KEPT, "credentials")
    config = read(tmp_path)
    assert (config.access_key_id, config.secret_access_key) == (KEY_ID, SECRET)


def test_keys_from_variables_win_over_the_credentials_file(tmp_path: Path) -> None:
    write(tmp_path, "not even JSON", "credentials")
    assert read(tmp_path, KEYS).access_key_id == KEY_ID


@pytest.mark.parametrize("name", KEYS)
def test_one_half_of_the_keys_is_refused(tmp_path: Path, name: str) -> None:
    (problem,) = problems(tmp_path, {name: KEYS[name]})
    assert "is of no use without" in problem


def test_keys_in_a_settings_file_are_refused_without_telling_them(tmp_path: Path) -> None:
    file = write(tmp_path, f'secret_access_key = "{SECRET}"\n')
    assert problems(tmp_path) == (
        f"secret_access_key (from {file}) is a secret: set MOORAGE_SECRET_ACCESS_KEY instead",
    )


def test_a_wrong_secret_is_refused_without_telling_it(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, KEYS | {"MOORAGE_SECRET_ACCESS_KEY": "hush hush hush hush"})
    assert "hush" not in problem


def test_settings_shown_do_not_show_the_secret(tmp_path: Path) -> None:
    assert SECRET not in repr(read(tmp_path, KEYS))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_credentials_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    write(tmp_path, KEPT, "credentials").chmod(mode)
    (problem,) = problems(tmp_path)
    assert "chmod 600" in problem


@pytest.mark.parametrize("content", ["", "[]", '{"access_key_id": "AKIAEXAMPLE1234567"}', '"x"'])
def test_a_credentials_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    file = write(tmp_path, content, "credentials")
    assert problems(tmp_path) == (f"{file} is no JSON object with exactly access_key_id and secret_access_key",)


def test_settings_survive_the_way_to_a_worker(tmp_path: Path) -> None:
    variables = KEYS | {
        "MOORAGE_LISTEN": "[::1]:4501",
        "MOORAGE_REGIONS": "us-east-1,eu-west-1",
        "MOORAGE_TRUSTED_PROXIES": "10.0.0.0/8,fd00::/8",
        "MOORAGE_DOMAIN": "registry.example",
    }
    config = read(tmp_path, variables)
    assert Config.from_json(config.to_json()) == config


def test_a_port_that_was_chosen_survives_the_way_to_a_worker(tmp_path: Path) -> None:
    config = replace(read(tmp_path, options={"listen": ":0"}), listen=Listen("127.0.0.1", 40_000))
    assert Config.from_json(config.to_json()) == config


def test_settings_handed_over_are_judged_again() -> None:
    with pytest.raises(WrongSettings):
        Config.from_json('{"workers": 0}')
