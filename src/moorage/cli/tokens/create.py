"""``moorage token create``: make a docker password that is good for less."""

import click

from moorage.cli.caller import call_as_caller, caller_options
from moorage.cli.moment import moment
from moorage.cli.plainly import insecure_option
from moorage.cli.seconds import read_seconds


@click.command()
@caller_options
@click.option(
    "--repository",
    "repositories",
    metavar="NAME",
    multiple=True,
    required=True,
    help="A repository; * is any run of characters. May be given several times.",
)
@click.option(
    "--actions", metavar="WORDS", required=True, help="With commas between them: pull, push, delete, list, create."
)
@click.option(
    "--ttl",
    metavar="TIME",
    default="15m",
    show_default=True,
    help="How long it is good: 90s, 15m or 12h, which is the longest.",
)
@click.option("--registry", metavar="ID", help="The account that the repositories are in, if it is not yours.")
@insecure_option
@click.option("--quiet", "-q", is_flag=True, help="Print the password alone, for docker login --password-stdin.")
def create(  # noqa: PLR0913, PLR0917 - the options
    config: str | None,
    data: str | None,
    endpoint_url: str | None,
    repositories: tuple[str, ...],
    actions: str,
    ttl: str,
    registry: str | None,
    allow_insecure: bool,  # noqa: FBT001 - click's flag
    quiet: bool,  # noqa: FBT001 - click's flag
) -> None:
    """Make a docker password for user AWS and print it: this once, for it is not told again."""
    words = [word.strip() for word in actions.split(",") if word.strip()]
    asked: dict[str, object] = {"repositories": list(repositories), "actions": words, "ttl": read_seconds(ttl, "12h")}
    if registry is not None:
        asked["ownerId"] = registry
    made = call_as_caller(config, data, endpoint_url, "CreateToken", asked, allow_insecure=allow_insecure)
    if quiet:
        click.echo(made["password"])
        return
    token = made["token"]
    known = token if isinstance(token, dict) else {}
    click.echo(f"token {known.get('tokenId')}")
    click.echo(f"registry {str(made.get('proxyEndpoint')).partition('://')[2]}")
    click.echo("user AWS")
    click.echo(f"password {made['password']}")
    click.echo(f"good until {moment(known.get('expiresAt'))}")
