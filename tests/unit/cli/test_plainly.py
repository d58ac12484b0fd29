"""Each command that sends or gets a secret does so by TLS, or with this machine itself, unless it is told otherwise."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import msgspec
import pytest
from click.testing import CliRunner, Result

from moorage.cli import call, instance_credentials
from moorage.cli.machinecalls import Unreachable
from moorage.cli.machinekey import MachineKey
from moorage.cli.main import moorage
from moorage.cli.metadata.machine import Machine
from moorage.cli.refused import Refused
from support.host import JOIN_TOKEN
from support.kubernetes import VERSION

TOLD = "--allow-insecure"
FAR = ("http://registry.example.com", "http://192.0.2.7:4500/", "http://[2001:db8::1]:4500", "http://localhost.example")
NEAR = ("http://127.0.0.1:4500", "http://[::1]:4500", "http://localhost:4500", "http://api.localhost")
SECURE = "https://registry.example.com"
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "join": ("instance", "join", JOIN_TOKEN, "--key-file", "{key}.new", "--endpoint-url", "{url}"),
    "register": ("instance", "register", "--role", "puller", "--endpoint-url", "{url}"),
    "token": ("token", "create", "--repository", "team/app", "--actions", "pull", "--endpoint-url", "{url}"),
    "credential-provider": ("credential-provider", "--endpoint-url", "{url}"),
    "credential-provider with a machine's key": ("credential-provider", "--machine-key={key}"),
    "instance-credentials": ("instance-credentials", "--key-file", "{key}", "--listen", ":0"),
}
REQUEST = {
    "apiVersion": VERSION,
    "kind": "CredentialProviderRequest",
    "image": "123456789012.dkr.ecr.us-east-1.example.com/team/app:1",
}
SERVICE_ACCOUNT = {"serviceAccountToken": "t", "serviceAccountAnnotations": {"eks.amazonaws.com/role-arn": "r"}}
VARIABLES = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CA_BUNDLE": ""}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Stand where the network begins."""
    mock = Mock(side_effect=Refused("is not there"))
    monkeypatch.setattr(call, "exchange", mock)

    async def ask(_plan: object, machine: Machine, _token_file: Path) -> None:
        with suppress(Unreachable):
            await machine.ask()

    monkeypatch.setattr(instance_credentials, "run", ask)
    return mock


def run(folder: Path, command: str, url: str, *more: str, **members: object) -> Result:
    key = folder / "machine.json"
    kept = MachineKey(url, "123456789012", "us-east-1", "i-0123456789abcdef0", "MKEXAMPLE", "secret")
    key.write_bytes(msgspec.json.encode(kept))
    key.chmod(0o600)
    words = [word.format(url=url, key=key) for word in COMMANDS[command]]
    cleared = dict.fromkeys(name for name in os.environ if name.startswith("MOORAGE_"))
    variables = cleared | VARIABLES | {"HOME": str(folder)}
    return CliRunner().invoke(moorage, [*words, *more], env=variables, input=json.dumps(REQUEST | members))


@pytest.mark.parametrize("url", FAR)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_secret_goes_to_another_machine_without_tls(tmp_path: Path, asked: Mock, command: str, url: str) -> None:
    done = run(tmp_path, command, url)
    assert (done.exit_code, f"{url} is another machine, and without TLS" in done.stderr) == (1, True), done.output
    assert (asked.called, (tmp_path / "machine.json.new").exists()) == (False, False)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_secret_goes_where_one_is_told_that_it_may(tmp_path: Path, asked: Mock, command: str) -> None:
    done = run(tmp_path, command, FAR[0], TOLD)
    assert asked.called, done.output


@pytest.mark.parametrize("url", [*NEAR, SECURE])
@pytest.mark.parametrize("command", COMMANDS)
def test_this_machine_and_tls_need_no_word(tmp_path: Path, asked: Mock, command: str, url: str) -> None:
    done = run(tmp_path, command, url)
    assert asked.called, done.output


def test_no_token_of_a_service_account_goes_there_either(tmp_path: Path, asked: Mock) -> None:
    assert run(tmp_path, "credential-provider", FAR[0], **SERVICE_ACCOUNT).exit_code == 1
    assert not asked.called
    run(tmp_path, "credential-provider", FAR[0], TOLD, **SERVICE_ACCOUNT)
    assert asked.called
