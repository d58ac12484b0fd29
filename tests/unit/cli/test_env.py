"""``moorage env`` prints what a shell can evaluate, and warns where that would not be enough."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from moorage.cli.folder import take_lock
from moorage.cli.main import moorage
from moorage.cli.running import write_running
from moorage.config import Config, load
from unit.config.settings import read

KEYS = {"access_key_id": "AKIAEXAMPLE1234567", "secret_access_key": "quote'this/and+this$one"}


def run(data: Path, variables: Mapping[str, str] | None = None) -> Result:
    cleared = dict.fromkeys(name for name in os.environ if name.startswith("MOORAGE_"))
    given = {"MOORAGE_DATA": str(data), "HOME": str(data), "PATH": str(data)} | dict(variables or {})
    return CliRunner().invoke(moorage, ["env"], env=cleared | given)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    credentials = tmp_path / "credentials"
    credentials.write_text(json.dumps(KEYS), encoding="utf-8")
    credentials.chmod(0o600)
    return tmp_path


@contextlib.contextmanager
def serving(data: Path, **options: str) -> Iterator[None]:
    """Hold the folder as a server does that was started with options."""
    config = replace(read(data), access_key_id=None, secret_access_key=None)
    lock = take_lock(config)
    settings = {key: value for key, value in json.loads(config.to_json()).items() if key != "regions"}
    write_running(Config.from_json(json.dumps(settings | options)))
    yield
    os.close(lock)


def aws(folder: Path, version: str) -> str:
    program = folder / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{version}'\n", encoding="utf-8")
    program.chmod(0o700)
    return str(program.parent)


def test_it_exports_the_keys_the_region_and_the_addresses(data: Path) -> None:
    assert run(data).stdout.splitlines()[:8] == [
        "export AWS_ACCESS_KEY_ID=AKIAEXAMPLE1234567",
        "export AWS_SECRET_ACCESS_KEY='quote'\"'\"'this/and+this$one'",
        "export AWS_DEFAULT_REGION=us-east-1",
        "export AWS_REGION=us-east-1",
        "export AWS_ENDPOINT_URL_ECR=http://127.0.0.1:4500",
        "export AWS_ENDPOINT_URL_STS=http://127.0.0.1:4500",
        "export AWS_ENDPOINT_URL_IAM=http://127.0.0.1:4500",
        "export MOORAGE_REGISTRY=localhost:4500",
    ]


@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"])
def test_it_unsets_what_would_win_over_that(data: Path, name: str) -> None:
    assert f"unset {name}" in run(data).stdout.splitlines()


def test_what_it_exports_can_be_in_the_environment_of_the_next_start(data: Path) -> None:
    lines = [line.removeprefix("export ").split("=", 1) for line in run(data).stdout.splitlines() if "=" in line]
    exported = {name: value for name, value in lines if name.startswith("MOORAGE_")}
    assert load({"HOME": "/"} | exported, path=None, overrides={}).listen.port == 4500


def test_keys_in_variables_win(data: Path) -> None:
    keys = {"MOORAGE_ACCESS_KEY_ID": "AKIAOTHER123456789", "MOORAGE_SECRET_ACCESS_KEY": "another-secret-key"}
    assert "export AWS_ACCESS_KEY_ID=AKIAOTHER123456789" in run(data, keys).stdout


def test_a_running_server_tells_where_it_really_listens(data: Path) -> None:
    with serving(data, listen="127.0.0.1:4999"):
        assert "export MOORAGE_REGISTRY=localhost:4999" in run(data).stdout


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"region": "eu-west-1"}, "export AWS_REGION=eu-west-1"),
        ({"domain": "registry.example"}, "export AWS_ENDPOINT_URL_ECR=https://api.ecr.us-east-1.registry.example"),
        (
            {"account_id": "210987654321", "domain": "registry.example"},
            "export MOORAGE_REGISTRY=210987654321.dkr.ecr.us-east-1.registry.example",
        ),
    ],
    ids=["region", "domain", "account"],
)
def test_the_options_of_a_running_server_win(data: Path, options: Mapping[str, str], line: str) -> None:
    with serving(data, **options):
        assert line in run(data).stdout.splitlines()


def test_the_options_of_a_running_server_win_over_variables(data: Path) -> None:
    with serving(data, region="eu-west-1"):
        assert "export AWS_REGION=eu-west-1" in run(data, {"MOORAGE_REGION": "us-west-2"}).stdout


def test_a_running_server_tells_whether_it_speaks_tls(data: Path) -> None:
    with serving(data, tls_cert=str(data / "cert.pem")):
        assert "export AWS_ENDPOINT_URL_ECR=https://api.ecr.us-east-1.localhost:4500" in run(data).stdout


def test_a_server_that_runs_no_more_is_not_believed(data: Path) -> None:
    with serving(data, region="eu-west-1"):
        pass
    assert "export AWS_REGION=us-east-1" in run(data).stdout


def test_without_a_server_nobody_knows_a_port_that_the_system_chooses(data: Path) -> None:
    done = run(data, {"MOORAGE_LISTEN": ":0"})
    assert (done.exit_code, done.stdout) == (1, "")
    assert "no server is running" in done.stderr


def test_without_credentials_it_says_what_makes_them(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "start `moorage serve` first" in done.stderr


@pytest.mark.parametrize("version", ["aws-cli/2.12.7 Python/3.11.4", "aws-cli/1.28.9 Python/3.9 botocore/1.30"])
def test_an_old_aws_cli_is_warned_of(data: Path, version: str) -> None:
    assert "--endpoint-url" in run(data, {"PATH": aws(data, version)}).stderr


@pytest.mark.parametrize("version", ["aws-cli/2.13.0 Python/3.11.4", "aws-cli/1.29.0 Python/3.9", "something else"])
def test_another_aws_cli_is_not_warned_of(data: Path, version: str) -> None:
    assert run(data, {"PATH": aws(data, version)}).stderr == ""
