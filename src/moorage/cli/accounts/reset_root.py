"""``moorage account reset-root``: replace the root keys of an account whose keys are lost or known to others."""

import click

from moorage.app import find_first_account
from moorage.app import reset_root as reset_in_database
from moorage.cli.folder import hold
from moorage.cli.keys import ensure_keyring, write_credentials
from moorage.cli.refused import NoDatabase, Refused
from moorage.cli.schema import is_newest
from moorage.cli.settings import keys_are_variables, load_settings, settings_options
from moorage.config import Config
from moorage.domain.errors import RegistryError
from moorage.domain.names import AccountId


@click.command("reset-root")
@settings_options
@click.option("--account", metavar="ID", help="The account; the first one by default.")
def reset_root(config: str | None, data: str | None, account: str | None) -> None:
    """Replace all of an account's root keys by a new one. No server may run meanwhile."""
    settings = load_settings(config, data=data)
    if not settings.metadata.exists():
        raise NoDatabase(settings.data)
    with hold(settings):
        if not is_newest(settings):
            raise Refused("the database does not have the newest schema: run `moorage migrate` first")
        ensure_keyring(settings)
        try:
            _reset(settings, account)
        except RegistryError as error:
            raise Refused(str(error)) from None


def _reset(config: Config, text: str | None) -> None:
    first = find_first_account(config)
    account = first if text is None else AccountId.parse(text)
    if account != first:
        access_key_id, secret = reset_in_database(config, account, configured=False)
        click.echo(f"account {account}")
        click.echo(f"access key id {access_key_id}")
        click.echo(f"secret access key {secret}")
        return
    if keys_are_variables():  # the next start would put them into force again
        raise Refused("the root keys are set by MOORAGE_ACCESS_KEY_ID and MOORAGE_SECRET_ACCESS_KEY: change those")
    write_credentials(config, *reset_in_database(config, account, configured=True))
    click.echo(f"new root keys of account {account} are in {config.credentials}; all older ones are gone")
