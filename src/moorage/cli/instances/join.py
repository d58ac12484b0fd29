"""``moorage instance join``: make this host the one that a join token was made for."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from moorage.cli.call import Server, ask_unsigned
from moorage.cli.machinekey import MachineKey, Place, default_path, place_for
from moorage.cli.plainly import insecure_option, private_server
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
@insecure_option
def join(  # noqa: PLR0913, PLR0917 - the options
    token: str,
    endpoint_url: str,
    ca_bundle: str | None,
    key_file: str | None,
    force: bool,  # noqa: FBT001 - click's flag
    allow_insecure: bool,  # noqa: FBT001 - click's flag
) -> None:
    """Change TOKEN for this host's key; with - for TOKEN it is read from standard input, where no list shows it."""
    if token == _STDIN:
        token = sys.stdin.buffer.read(_LONGEST).decode("ascii", "replace")
    given = token.strip()
    if _TOKEN.fullmatch(given) is None:
        raise Refused("this is no join token: give the one that `moorage instance register` told, whole")
    ca_bundle = ca_bundle or os.environ.get("AWS_CA_BUNDLE")
    server = private_server(endpoint_url, ca_bundle, allow_insecure=allow_insecure)
    path = default_path() if key_file is None else Path(key_file)
    with _until_kept(), place_for(path, force=force) as place:  # what can fail here fails before the token is spent
        role = _join(place, given, server, endpoint_url)
    click.echo(f"this host has the role {role}; its key is in {path}")


@contextmanager
def _until_kept() -> Iterator[None]:
    """Let SIGTERM end this as Ctrl-C does, which leaves nothing behind, and the end of a terminal not at all.

    Once the token is sent, only this process can keep the key.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _join(place: Place, token: str, server: Server, url: str) -> str:
    """Spend the token and keep the key; tell the role."""
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
