"""``moorage account create``: make an account."""

import click

from moorage.cli.call import call
from moorage.cli.settings import load_settings, settings_options


@click.command()
@settings_options
@click.argument("account_id", metavar="ID")
def create(config: str | None, data: str | None, account_id: str) -> None:
    """Make the account ID, of twelve digits, and print its root keys: this once, for they are not told again."""
    made = call(load_settings(config, data=data), "CreateAccount", {"accountId": account_id})
    click.echo(f"account {made['accountId']}")
    click.echo(f"access key id {made['accessKeyId']}")
    click.echo(f"secret access key {made['secretAccessKey']}")
