"""A group of commands, each in a module of its own that is loaded when the command is asked for."""

from collections.abc import Mapping
from importlib import import_module

import click


class LazyGroup(click.Group):
    """Commands by name: ``reset-root`` is the command of that name in the package's module ``reset_root``.

    The modules are named by strings, against the rule, because importing them all would load the server's world for
    ``moorage env``; a test loads each of them.
    """

    def __init__(self, name: str, *, package: str, summaries: Mapping[str, str], help: str) -> None:  # noqa: A002  # click's name for it
        super().__init__(name, help=help)
        self._package = package
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in self._summaries:
            return None
        module = import_module(f"{self._package}.{cmd_name.replace('-', '_')}")
        commands = (each for each in vars(module).values() if isinstance(each, click.Command))
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  # click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))
