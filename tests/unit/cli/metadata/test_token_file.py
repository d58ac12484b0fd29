"""The authorization token is made once, for its owner, and read only where not everybody can."""

import os
from pathlib import Path
from stat import S_IMODE

import pytest

from moorage.cli.metadata.token_file import ensure_token
from moorage.cli.refused import Refused


def test_a_token_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = ensure_token(file)
    assert (file.read_text("ascii"), ensure_token(file), len(token) >= 40) == (token, token, True)
    assert S_IMODE(file.stat().st_mode) == 0o600


def test_a_group_may_read_it_and_everybody_may_not(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = ensure_token(file)
    file.chmod(0o640)
    assert ensure_token(file) == token
    file.chmod(0o644)
    with pytest.raises(Refused, match="open to everybody"):
        ensure_token(file)


def test_one_that_somebody_else_could_have_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    ensure_token(file)
    if os.geteuid() == 0:
        os.chown(file, 12345, 12345)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(Refused, match="belongs to the user"):
        ensure_token(file)


@pytest.mark.parametrize(
    "text", ["", "short", "with a space in it", "a-token-with-a-line's-end\n", "x" * 4097, "é" * 20]
)
def test_what_no_sdk_would_send_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.touch(0o600)
    file.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match="holds no authorization token"):
        ensure_token(file)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be written"):
        ensure_token(tmp_path / "nowhere" / "token")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        ensure_token(tmp_path)


def test_a_token_that_cannot_be_kept_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(Refused, match="No space left"):
            ensure_token(tmp_path / "token")
    assert len(ensure_token(tmp_path / "token")) > 16
