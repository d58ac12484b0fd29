"""``moorage account list``: list the accounts."""

import click

from moorage.cli.call import call
from moorage.cli.settings import load_settings, settings_options
from moorage.cli.tell import tell


@click.command("list")
@settings_options
def list_(config: str | None, data: str | None) -> None:
    """List the accounts, one a line."""
    accounts = call(load_settings(config, data=data), "ListAccounts", {}).get("accounts")
    for account in accounts if isinstance(accounts, list) else []:
        tell(str(account["accountId"] if isinstance(account, dict) else account))
