"""``moorage token revoke``: end a narrow token."""

import click

from moorage.cli.caller import call_as_caller, caller_options


@click.command()
@caller_options
@click.argument("token_id", metavar="ID")
def revoke(config: str | None, data: str | None, endpoint_url: str | None, token_id: str) -> None:
    """End the token ID: it opens nothing from now on. Other people's need moorage:RevokeToken."""
    call_as_caller(config, data, endpoint_url, "RevokeToken", {"tokenId": token_id})
    click.echo(f"token {token_id} is revoked")
