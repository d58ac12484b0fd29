"""From the options of a command to its settings."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from moorage.cli.refused import Refused
from moorage.config import Config, WrongSettings, load

F = TypeVar("F", bound=Callable[..., None])


def settings_options(command: F) -> F:
    """Add the two options that say which registry a command is about."""
    data = click.option("--data", metavar="FOLDER", help="The folder that holds the registry.")
    config = click.option("--config", metavar="FILE", help="Settings to read instead of FOLDER/moorage.toml.")
    return config(data(command))


def keys_are_variables() -> bool:
    """Tell whether the environment names the root keys, which wins over the credentials file."""
    return "MOORAGE_ACCESS_KEY_ID" in os.environ


def load_settings(config: str | None, **options: str | None) -> Config:
    """Read the settings, of which those given as options win."""
    given = {key: value for key, value in options.items() if value is not None}
    try:
        return load(os.environ, path=None if config is None else Path(config), overrides=given)
    except WrongSettings as wrong:
        raise Refused(str(wrong)) from None
