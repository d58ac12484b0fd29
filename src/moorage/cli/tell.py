"""What others wrote, on the terminal of whoever asks: each answer stays one line, and steers nothing."""

from collections.abc import Iterable

import click

from moorage.cli.refused import visible


def tell(line: str) -> None:
    """Print a line that holds what requests, or a server, gave."""
    click.echo(visible(line))


def tell_row(columns: Iterable[str]) -> None:
    """Print such columns, with tabs between them alone."""
    click.echo("\t".join(visible(column) for column in columns))
