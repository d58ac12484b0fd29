"""``moorage trust``: tell how clients come to trust the registry."""

import click

from moorage.cli.refused import Refused
from moorage.cli.running import find_running
from moorage.cli.settings import load_settings, settings_options
from moorage.cli.trusting import how_to_trust


@click.command()
@settings_options
def trust(config: str | None, data: str | None) -> None:
    """Tell how clients trust the authority that --tls auto made."""
    settings = load_settings(config, data=data)
    running = find_running(settings)
    settings = settings if running is None else running.config
    if not settings.ca.exists():
        raise Refused(f"there is no authority in {settings.tls_folder}: start the server with --tls auto")
    click.echo(how_to_trust(settings))
