"""``moorage instance join``: make this host the one that a join token was made for."""

import os
import re
import sys
from pathlib import Path
from typing import Final

import click

from moorage.cli.call import ask_unsigned, server_at
from moorage.cli.machinekey import MachineKey, Place, default_path, place_for
from moorage.cli.refused import Refused

_LONGEST: Final = 4096
_STDIN: Final = "-"
_TOKEN: Final = re.compile(r"moorage_join_[A-Za-z0-9]{43}")


@click.command()
@click.argument("token", metavar="TOKEN")
@click.option("--endpoint-url", metavar="URL", required=True, help="The server.")
@click.option("--ca-bundle", metavar="FILE", help="Certificates to trust it by; AWS_CA_BUNDLE unless given.")
@click.option("--key-file", metavar="FILE", help="Where the key is kept, in place of the usual file.")
@click.option("--force", is_flag=True, help="Replace the key that is there.")
def join(
    token: str,
    endpoint_url: str,
    ca_bundle: str | None,
    key_file: str | None,
    force: bool,  # noqa: FBT001 - click's flag
) -> None:
    """Change TOKEN for this host's key; with - for TOKEN it is read from standard input, where no list shows it."""
    given = (sys.stdin.read(_LONGEST) if token == _STDIN else token).strip()
    if _TOKEN.fullmatch(given) is None:
        raise Refused("this is no join token: give the one that `moorage instance register` told, whole")
    path = default_path() if key_file is None else Path(key_file)
    with place_for(path, force=force) as place:  # whatever can fail here fails before the token is spent
        role = _join(place, given, endpoint_url, ca_bundle or os.environ.get("AWS_CA_BUNDLE"))
    click.echo(f"this host has the role {role}; its key is in {path}")


def _join(place: Place, token: str, url: str, ca_bundle: str | None) -> str:
    """Spend the token and keep the key; tell the role."""
    server = server_at(url, Path(ca_bundle) if ca_bundle else None)
    told = ask_unsigned(server, "JoinInstance", {"joinToken": token})
    names = ("accountId", "region", "instanceId", "keyId", "secret", "roleName")
    account, region, instance, key_id, secret, role = (_text(told.get(name)) for name in names)
    try:
        place.keep(MachineKey(url.rstrip("/"), account, region, instance, key_id, secret))
    except Refused as error:
        raise Refused(
            f"{error.message}; the token is spent: revoke the instance {instance} and register another one"
        ) from None
    return role


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise Refused("the server's answer holds no key: is it Moorage? The token may be spent")
    return value
