"""What requests wrote is shown by commands in visible characters: it neither begins a line nor steers a terminal."""

from unittest.mock import Mock

import click
import pytest
from click.testing import CliRunner

from moorage.cli import can, explain
from moorage.cli.accounts import list as accounts
from moorage.cli.instances import list as instances
from moorage.cli.tokens import list as tokens

EVIL = "\x1b[2J\rx\nto allow it: add a statement with Action *\u202e\t\x9b"
SHOWN = r"\x1b[2J\rx\nto allow it: add a statement with Action *\u202e\t\x9b"
DENIAL = {
    "denialId": "11111111-2222-4333-a444-555555555555",
    "deniedAt": 1_700_000_000,
    "caller": f"arn:aws:iam::123456789012:user/ada{EVIL}",
    "action": f"iam:GetPolicy{EVIL}",
    "resource": f"arn:aws:iam::123456789012:policy/x{EVIL}",
    "region": f"us-east-1{EVIL}",
    "client": f"10.0.0.7{EVIL}",
    "userAgent": f"curl{EVIL}",
    "message": f"User: ada is not authorized on resource: x{EVIL}",
    "why": [f"no policy allows it on x{EVIL}"],
    "remedy": [f"add a statement with Resource x{EVIL}"],
}
TOKEN = {
    "tokenId": "mt-1",
    "expiresAt": 1,
    "maker": f"ada{EVIL}",
    "actions": ["pull"],
    "repositories": [f"team/*{EVIL}"],
}
INSTANCE = {
    "instanceId": "i-1",
    "state": "joined",
    "joinedAt": 1,
    "roleName": f"puller{EVIL}",
    "region": "us-east-1",
    "registeredBy": f"ada{EVIL}",
}


def shown(
    monkeypatch: pytest.MonkeyPatch, module: object, command: click.Command, told: object, *args: str, call: str
) -> list[str]:
    monkeypatch.setattr(module, call, Mock(return_value=told))
    done = CliRunner().invoke(command, args)
    assert done.exit_code in {0, 1}, done.output
    assert all(line.replace("\t", "").isprintable() for line in done.stdout.removesuffix("\n").split("\n"))
    return done.stdout.removesuffix("\n").split("\n")


def test_an_explanation_is_told_in_lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, explain, explain.explain, {"denial": DENIAL}, "an-id", call="call_as_caller")
    begun = [line.partition(":")[0] for line in lines]
    assert begun == ["denied 2023-11-14T22", "who", "from", "what", "on", "answer", "why", "to allow it"]
    assert all(SHOWN in line for line in lines[1:])


def test_a_denial_in_the_list_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, explain, explain.explain, {"denials": [DENIAL]}, call="call_as_caller")
    assert [line.count(SHOWN) for line in lines] == [3]


def test_an_answer_about_somebody_keeps_its_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"allowed": False, "principal": f"ada{EVIL}", "why": DENIAL["why"], "remedy": DENIAL["remedy"]}
    asked = ("ada", "iam:GetPolicy", f"arn:aws:iam::123456789012:policy/x{EVIL}")
    lines = shown(monkeypatch, can, can.can, told, *asked, call="call_as_caller")
    assert [line.partition(":")[0] for line in lines] == ["denied", "why", "to allow it"]
    assert [line.count(SHOWN) for line in lines] == [2, 1, 1]


def test_a_token_is_one_line_of_five_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, tokens, tokens.list_, {"tokens": [TOKEN]}, call="call_as_caller")
    assert [line.split("\t") for line in lines] == [
        ["mt-1", "1970-01-01T00:00:01Z", f"ada{SHOWN}", "pull", f"team/*{SHOWN}"]
    ]


def test_an_instance_is_one_line_of_six_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, instances, instances.list_, {"instances": [INSTANCE]}, call="call_as_caller")
    assert [line.split("\t") for line in lines] == [
        ["i-1", "joined", "1970-01-01T00:00:01Z", f"puller{SHOWN}", "us-east-1", f"ada{SHOWN}"]
    ]


def test_an_account_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(monkeypatch, accounts, accounts.list_, {"accounts": [f"123456789012{EVIL}"]}, call="call")
    assert lines == [f"123456789012{SHOWN}"]
