"""``moorage instance-credentials``: role credentials for the programs of this machine, as EC2 and ECS give them."""

import asyncio
import os
from pathlib import Path

import click

from moorage.cli.machinekey import default_path
from moorage.cli.metadata.machine import Machine
from moorage.cli.metadata.plan import Plan
from moorage.cli.metadata.run import run
from moorage.cli.plainly import insecure_option

_TOKEN = "container-token"  # noqa: S105 - a file's name


@click.command("instance-credentials")
@click.option("--key-file", type=click.Path(path_type=Path), help="The machine's key, as `instance join` wrote it.")
@click.option("--ca-bundle", metavar="FILE", help="Certificates to trust the server by; AWS_CA_BUNDLE unless given.")
@click.option("--listen", metavar="HOST:PORT", help="Where instance metadata is served; root's default is EC2's place.")
@click.option("--container", metavar="HOST:PORT", help="Where container credentials are served, likewise.")
@click.option("--container-token-file", type=click.Path(path_type=Path), help="The token that its clients send.")
@click.option("--add-address", is_flag=True, help="Add a missing link-local address to the loopback interface.")
@click.option("--allow-from", multiple=True, metavar="NETWORK", help="Further clients, such as a bridge of containers.")
@click.option("--allow-v1", is_flag=True, help="Answer without session tokens too (IMDSv1).")
@insecure_option
def instance_credentials(  # noqa: PLR0913 - one for each option
    *,
    key_file: Path | None,
    ca_bundle: str | None,
    listen: str | None,
    container: str | None,
    container_token_file: Path | None,
    allow_from: tuple[str, ...],
    add_address: bool,
    allow_v1: bool,
    allow_insecure: bool,
) -> None:
    """Serve the role credentials of this machine to its programs, until ended.

    Root serves instance metadata on 169.254.169.254:80 and container credentials on 169.254.170.2:80, unless --listen
    or --container say otherwise. SIGHUP asks the server for new credentials at once.
    """
    key_file = key_file or default_path()
    plan = Plan.read(listen, container, allow_from, add_address=add_address, v1=allow_v1)
    token_file = (container_token_file or key_file.with_name(_TOKEN)).absolute()
    bundle = ca_bundle or os.environ.get("AWS_CA_BUNDLE") or None
    machine = Machine(key_file, bundle, allow_insecure=allow_insecure)
    asyncio.run(run(plan, machine, token_file))
