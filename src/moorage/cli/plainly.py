"""Whether what is secret may go over the network as it is: to this machine itself, else only when told."""

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import TypeVar

import click

from moorage.cli.call import DEFAULT_SECONDS, Server, server_at
from moorage.cli.refused import Refused

F = TypeVar("F", bound=Callable[..., None])


def insecure_option(command: F) -> F:
    """Add the option by which a secret may go where others can read it."""
    help_text = "Take http:// to another machine: whoever is on the way reads the secrets that are sent."
    return click.option("--allow-insecure", is_flag=True, help=help_text)(command)


def private_server(
    url: str, ca_bundle: str | None, *, allow_insecure: bool, timeout: float = DEFAULT_SECONDS
) -> Server:
    """Tell how a server is reached that secrets are exchanged with.

    Raises:
        Refused

    """
    server = server_at(url, Path(ca_bundle) if ca_bundle else None, timeout=timeout)
    if not (server.secure or _is_near(server.host) or allow_insecure):
        raise Refused(
            f"{url} is another machine, and without TLS whoever is on the way reads the secrets that are sent: "
            "it must be https://, unless --allow-insecure is given"
        )
    return server


def _is_near(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
