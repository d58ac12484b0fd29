"""``moorage migrate``: bring the database to the newest schema."""

import sys

import click

from moorage.cli.folder import hold
from moorage.cli.keys import ensure_keyring
from moorage.cli.refused import Refused
from moorage.cli.settings import load_settings, settings_options
from moorage.config import Config
from moorage.store.migrate import migrate as bring_to_newest
from moorage.store.version import NEWEST, DatabaseUnreadableError, SchemaTooNewError


@click.command()
@settings_options
@click.option("--handed-over", is_flag=True, hidden=True, help="Read the settings from a server that holds the lock.")
def migrate(config: str | None, data: str | None, *, handed_over: bool) -> None:
    """Bring the database to the newest schema, after setting a copy aside; serve does it by itself."""
    if handed_over:
        _migrate(Config.from_json(sys.stdin.read()))
        return
    settings = load_settings(config, data=data)
    with hold(settings):
        ensure_keyring(settings)  # a start refuses to make it beside a database
        _migrate(settings)
    click.echo(f"the database has the newest schema, {NEWEST}")


def _migrate(config: Config) -> None:
    try:
        before = bring_to_newest(config.metadata, config.metadata_lock, config.backups)
    except (DatabaseUnreadableError, SchemaTooNewError) as error:
        raise Refused(str(error)) from None
    if before is not None and before != NEWEST:
        click.echo(f"the database had schema {before}; a copy of it is in {config.backups}")
