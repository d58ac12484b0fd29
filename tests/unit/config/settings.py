"""Reading settings in a test, with nothing of the machine's."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from moorage.config import Config, WrongSettings, load

KEY_ID = "AKIAEXAMPLE1234567"
SECRET = "hush/hush+hush-hush-hush"  # noqa: S105  # a test's


def read(
    data: Path,
    variables: Mapping[str, str] | None = None,
    *,
    path: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> Config:
    return load(
        {"HOME": str(data.parent)} | dict(variables or {}),
        path=path,
        overrides={"data": str(data)} | dict(options or {}),
    )


def problems(
    data: Path,
    variables: Mapping[str, str] | None = None,
    *,
    path: Path | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    with pytest.raises(WrongSettings) as caught:
        read(data, variables, path=path, options=options)
    return caught.value.problems


def write(folder: Path, text: str, name: str = "moorage.toml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path
