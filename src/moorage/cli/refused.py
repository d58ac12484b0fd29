"""Facts that end a command: one sentence on standard error, exit code 1, no traceback."""

from pathlib import Path
from typing import Final

import click

_LONGEST: Final = 500


def visible(text: str) -> str:
    """Write what somebody else said in visible characters, which neither begin a line nor steer a terminal."""
    return text if text.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Write what somebody else said so that it can stand in a line: not all of a long one, and nothing unprintable."""
    shown = visible(text)
    return shown if len(shown) <= longest else f"{shown[:longest]}…"


class Refused(click.ClickException):
    """A fact that the person at the terminal can do something about."""


class DataFolderInUse(Refused):
    def __init__(self, data: Path, holder: int | None) -> None:
        by = "another process" if holder is None else f"process {holder}"
        super().__init__(f"the data folder {data} is in use by {by}")
        self.data, self.holder = data, holder


class ForeignFolder(Refused):
    def __init__(self, data: Path) -> None:
        super().__init__(f"{data} is open to others and holds files that are not Moorage's: choose an empty folder")
        self.data = data


class PortTaken(Refused):
    def __init__(self, address: str) -> None:
        super().__init__(f"another program listens on {address} already: end it, or choose another address by --listen")
        self.address = address


class NoServer(Refused):
    def __init__(self, data: Path) -> None:
        super().__init__(f"no server is running on the data folder {data}: start `moorage serve`")
        self.data = data


class NoDatabase(Refused):
    def __init__(self, data: Path) -> None:
        super().__init__(f"there is no database in {data} yet: start `moorage serve` first, which makes it")
        self.data = data


class NeverReady(Refused):
    """A worker ended before any worker was ready: another would not fare better."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the server cannot start: {why}")


class NoCredentials(Refused):
    def __init__(self, data: Path) -> None:
        super().__init__(f"there are no credentials in {data} yet: start `moorage serve` first, which makes them")
        self.data = data
