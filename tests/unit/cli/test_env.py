"""``moorage env`` prints what a shell can evaluate, and warns where that would not be enough."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from moorage.cli.main import moorage
from moorage.config import load

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
    told = {"pid": os.getpid(), "listen": "127.0.0.1:4999", "started_at": "2026-01-01T00:00:00+00:00", "workers": 2}
    (data / "server.json").write_text(json.dumps(told), encoding="utf-8")
    assert "export MOORAGE_REGISTRY=localhost:4999" in run(data).stdout


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
