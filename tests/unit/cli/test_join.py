"""``moorage instance join`` where the key cannot be kept after the token is spent: nothing is lost in silence."""

from pathlib import Path
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from moorage.cli.instances import join
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
