"""``moorage account reset-root``: replace the root keys of an account whose keys are lost or known to others."""

import click

from moorage.app import reset_root as reset_in_database
from moorage.cli.folder import hold
from moorage.cli.keys import write_credentials
from moorage.cli.refused import Refused
from moorage.cli.settings import load_settings, settings_options
from moorage.config import Config
from moorage.domain.errors import RegistryError
from moorage.domain.names import AccountId
from moorage.store.version import NEWEST, SchemaTooNewError, version_of


@click.command("reset-root")
@settings_options
@click.option("--account", metavar="ID", help="The account; the first one by default.")
def reset_root(config: str | None, data: str | None, account: str | None) -> None:
    """Replace an account's root keys; the old ones fail from then on. No server may run meanwhile."""
    settings = load_settings(config, data=data)
    with hold(settings):
        if account in {None, settings.account_id}:
            _reset_first(settings)
        else:
            _reset_other(settings, str(account))


def _reset_first(config: Config) -> None:
    # What is not from the credentials file is from variables, and those would win over anything written here.
    if config.access_key_id is not None and not config.credentials.exists():
        raise Refused("the root keys are set by MOORAGE_ACCESS_KEY_ID and MOORAGE_SECRET_ACCESS_KEY: change those")
    write_credentials(config)
    click.echo(f"new root keys are in {config.credentials}; the next `moorage serve` puts them into force")


def _reset_other(config: Config, text: str) -> None:
    try:
        if version_of(config.metadata) != NEWEST:
            raise Refused("the database does not have the newest schema: run `moorage migrate` first")
        access_key_id, secret = reset_in_database(config, AccountId.parse(text))
    except (RegistryError, SchemaTooNewError) as error:
        raise Refused(str(error)) from None
    click.echo(f"account {text}")
    click.echo(f"access key id {access_key_id}")
    click.echo(f"secret access key {secret}")
