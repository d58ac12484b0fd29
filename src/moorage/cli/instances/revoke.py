"""``moorage instance revoke``: end an instance."""

import click

from moorage.cli.caller import call_as_caller, caller_options


@click.command()
@caller_options
@click.argument("instance_id", metavar="ID")
def revoke(config: str | None, data: str | None, endpoint_url: str | None, instance_id: str) -> None:
    """End the instance ID: its key and all credentials and docker passwords it got open nothing from now on."""
    call_as_caller(config, data, endpoint_url, "RevokeInstance", {"instanceId": instance_id})
    click.echo(f"instance {instance_id} is revoked")
