"""``moorage instance join`` where the key cannot be kept after the token is spent: nothing is lost in silence."""

from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from moorage.cli.instances import join, register
from moorage.cli.machinekey import Place
from moorage.cli.refused import Refused
from support.host import JOIN_TOKEN, JOINED


def run(path: Path, monkeypatch: pytest.MonkeyPatch, told: object) -> str:
    monkeypatch.setattr(join, "ask_unsigned", Mock(return_value=told))
    args = [JOIN_TOKEN, "--endpoint-url", "http://127.0.0.1:1/", "--key-file", str(path)]
    done = CliRunner().invoke(join.join, args)
    assert done.exit_code == 1
    assert "never told" not in done.output
    return done.stderr


def test_what_to_do_is_told_when_the_disk_fails_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "keep", Mock(side_effect=Refused("the machine key cannot be written: gone")))
    told = run(tmp_path / "machine.json", monkeypatch, JOINED)
    assert "the token is spent: revoke the instance i-0123456789abcdef0 and register another one" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", JOINED)
def test_an_answer_without_a_key_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    told = run(tmp_path / "machine.json", monkeypatch, {name: text for name, text in JOINED.items() if name != missing})
    assert "the server's answer holds no key" in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["http://registry.example.com", "http://192.0.2.7:4500/", "http://[2001:db8::1]:4500"])
@pytest.mark.parametrize("command", ["join", "register"])
def test_no_secret_goes_to_another_machine_without_tls_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, command: str
) -> None:
    asked, registers = Mock(return_value=JOINED), Mock(return_value={"joinToken": JOIN_TOKEN})
    monkeypatch.setattr(join, "ask_unsigned", asked)
    monkeypatch.setattr(register, "call_as_caller", registers)
    path = tmp_path / "machine.json"
    own = {"join": [JOIN_TOKEN, "--key-file", str(path)], "register": ["--role", "puller", "--quiet"]}[command]
    subject = {"join": join.join, "register": register.register}[command]
    refused = CliRunner().invoke(subject, [*own, "--endpoint-url", url])
    assert (refused.exit_code, f"{url} is another machine, and without TLS" in refused.stderr) == (1, True)
    assert (asked.called, registers.called, path.exists()) == (False, False, False)
    told = CliRunner().invoke(subject, [*own, "--endpoint-url", url, "--allow-insecure"])
    assert (told.exit_code, asked.called or registers.called) == (0, True), told.stderr


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4500", "http://[::1]:4500", "http://localhost:4500", "https://registry.example.com"]
)
def test_this_machine_and_tls_need_no_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(join, "ask_unsigned", Mock(return_value=JOINED))
    args = [JOIN_TOKEN, "--endpoint-url", url, "--key-file", str(tmp_path / "machine.json")]
    assert CliRunner().invoke(join.join, args).exit_code == 0
