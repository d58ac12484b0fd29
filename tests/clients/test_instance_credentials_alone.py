"""As root, in a network namespace of its own: the AWS CLI finds the credentials with nothing configured."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.clients import clean_environment, run
from support.issuer import ROLE

TESTS = Path(__file__).resolve().parents[1]
ALONE = ("--net",) if os.geteuid() == 0 else ("--net", "--map-root-user")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - JSON
    unshare = shutil.which("unshare") or "unshare"
    try:
        tried = subprocess.run([unshare, *ALONE, "true"], capture_output=True, text=True, check=False)  # noqa: S603 - as is
        refusal = tried.stderr.strip() if tried.returncode else ""
    except OSError as error:
        refusal = str(error)
    if refusal:
        pytest.skip(f"this machine gives no network namespace: {refusal}")
    folder = tmp_path_factory.mktemp("alone")
    environment = clean_environment(folder / "home", PYTHONPATH=str(TESTS))
    program = Path(__file__).with_name("alone.py")
    return json.loads(run((unshare, *ALONE, sys.executable, program, folder), env=environment).stdout)


def test_the_aws_cli_finds_the_credentials_by_itself(found: dict[str, str]) -> None:
    assert f":assumed-role/{ROLE}/" in found["plain"]


def test_the_aws_cli_finds_them_as_in_a_container(found: dict[str, str]) -> None:
    assert f":assumed-role/{ROLE}/" in found["container"]


def test_the_addresses_are_there_for_as_long_as_it_runs(found: dict[str, list[bool]]) -> None:
    assert (found["during"], found["after"]) == ([True, True], [False, False])


def test_clients_are_told_of_no_metadata_service(found: dict[str, list[str]]) -> None:
    assert "AWS_EC2_METADATA_SERVICE_ENDPOINT" not in found["told"]
