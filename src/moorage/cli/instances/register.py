"""``moorage instance register``: make a token by which a host gets a role."""

import click

from moorage.cli.caller import call_as_caller, caller_options
from moorage.cli.moment import moment
from moorage.cli.plainly import insecure_option
from moorage.cli.seconds import read_seconds


@click.command()
@caller_options
@click.option("--role", "role", metavar="NAME", required=True, help="The role, or the instance profile it is in.")
@click.option(
    "--ttl",
    metavar="TIME",
    default="1h",
    show_default=True,
    help="How long the token is good: 90s, 15m or 24h, which is the longest.",
)
@insecure_option
@click.option("--quiet", "-q", is_flag=True, help="Print the token alone, for moorage instance join -.")
def register(  # noqa: PLR0913, PLR0917 - the options
    config: str | None,
    data: str | None,
    endpoint_url: str | None,
    role: str,
    ttl: str,
    allow_insecure: bool,  # noqa: FBT001 - click's flag
    quiet: bool,  # noqa: FBT001 - click's flag
) -> None:
    """Make an instance with the role NAME, and print its join token: this once, and good once."""
    asked: dict[str, object] = {"roleName": role, "ttl": read_seconds(ttl, "24h")}
    made = call_as_caller(config, data, endpoint_url, "RegisterInstance", asked, allow_insecure=allow_insecure)
    if quiet:
        click.echo(made["joinToken"])
        return
    told = made["instance"]
    known = told if isinstance(told, dict) else {}
    click.echo(f"instance {known.get('instanceId')}")
    click.echo(f"role {known.get('roleName')}")
    click.echo(f"join token {made['joinToken']}")
    click.echo(f"good until {moment(known.get('joinExpiresAt'))}")
    click.echo("on the host: moorage instance join - --endpoint-url URL, which reads the token from standard input")
