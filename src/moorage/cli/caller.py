"""Who calls, and whom: what AWS's own tools take from the environment, else the server and the root of this machine."""

import os
from collections.abc import Callable, Mapping
from typing import TypeVar

import click

from moorage.cli.call import Credentials, call_server, nearby, require_running, root_of
from moorage.cli.plainly import private_server
from moorage.cli.refused import Refused
from moorage.cli.settings import load_settings, settings_options

F = TypeVar("F", bound=Callable[..., None])


def caller_options(command: F) -> F:
    """Add the options that say which server is called."""
    url = click.option("--endpoint-url", metavar="URL", help="A server elsewhere, in place of this machine's.")
    return settings_options(url(command))


def call_as_caller(  # noqa: PLR0913 - who asks whom for what
    config: str | None,
    data: str | None,
    url: str | None,
    operation: str,
    members: Mapping[str, object],
    *,
    allow_insecure: bool = True,
) -> dict[str, object]:
    """Ask a server as whoever the environment says.

    ``allow_insecure`` is whether another machine may be asked without TLS: a signature gives no secret away, but an
    answer can be one.

    Raises:
        Refused

    """
    variables = os.environ
    settings = load_settings(config, data=data)
    caller = _caller(variables)
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    if url is not None:
        if caller is None:  # the root of this machine's server is nobody's business elsewhere
            raise Refused(
                "with --endpoint-url you are who AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY say, and they are not set"
            )
        server = private_server(url, variables.get("AWS_CA_BUNDLE"), allow_insecure=allow_insecure)
        return call_server(server, caller, region or settings.region, operation, members)
    running = require_running(settings)
    return call_server(
        nearby(running), caller or root_of(settings), region or running.config.region, operation, members
    )


def _caller(variables: Mapping[str, str]) -> Credentials | None:
    key, secret = variables.get("AWS_ACCESS_KEY_ID"), variables.get("AWS_SECRET_ACCESS_KEY")
    if not key and not secret:
        return None
    if not key or not secret:
        raise Refused("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must both be set, or neither")
    return Credentials(key, secret, variables.get("AWS_SESSION_TOKEN") or None)
