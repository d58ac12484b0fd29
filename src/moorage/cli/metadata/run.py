"""Serving until told to end: the sockets, the signals, and what is told on the terminal."""

import asyncio
import shlex
import signal
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import click

from moorage.cli.listener import open_listener
from moorage.cli.metadata.container import ContainerCredentials
from moorage.cli.metadata.guard import Guard
from moorage.cli.metadata.instance import InstanceMetadata
from moorage.cli.metadata.loopback import added, is_here
from moorage.cli.metadata.machine import Machine
from moorage.cli.metadata.plan import Plan, container_variables, metadata_variables
from moorage.cli.metadata.rotation import Clocks, Rotation
from moorage.cli.metadata.server import Answer, Server
from moorage.cli.metadata.token_file import ensure_token
from moorage.cli.metadata.tokens import Tokens
from moorage.cli.refused import Refused, one_line
from moorage.domain.listen import Listen

_SERVICES = ("ECR", "STS", "IAM")
_LINE = 8192


async def run(plan: Plan, machine: Machine, token_file: Path) -> None:
    """Serve until SIGTERM or SIGINT; SIGHUP asks the server for new credentials.

    Raises:
        Refused

    """
    rotation = Rotation(machine.ask, Clocks(lambda: datetime.now(UTC), time.monotonic), _say)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGHUP, rotation.renew)
    async with AsyncExitStack() as stack:
        _settle(plan, stack)
        variables = await _serve(plan, machine, rotation, token_file, stack)
        _tell(machine, variables)
        rotation.renew()
        await ended.wait()


def _settle(plan: Plan, stack: AsyncExitStack) -> None:
    """See that there is every address that is to be listened on."""
    missing = [address for address in plan.link_local if not is_here(address)]
    if missing and not plan.add_address:
        raise Refused(
            f"{' and '.join(missing)}: no such address here. --add-address adds it to the loopback interface for as "
            "long as this runs; not on a cloud's machine, whose own metadata is reached by it: there use --listen"
        )
    stack.enter_context(added(missing))


async def _serve(
    plan: Plan, machine: Machine, rotation: Rotation, token_file: Path, stack: AsyncExitStack
) -> dict[str, str]:
    """Open the sockets, and give what clients have to be told of them."""
    guard, variables = Guard(plan.networks), dict[str, str]()
    if plan.metadata is not None:
        metadata = InstanceMetadata(rotation, machine.whoami, Tokens(time.monotonic), v1=plan.v1)
        at = await _listen(plan.metadata, metadata.answer, guard, stack)
        variables |= metadata_variables(at)
    if plan.container is not None:
        container = ContainerCredentials(rotation, machine.whoami, ensure_token(token_file))
        at = await _listen(plan.container, container.answer, guard, stack)
        variables |= container_variables(at, str(token_file))
    return variables


async def _listen(at: Listen, answer: Answer, guard: Guard, stack: AsyncExitStack) -> Listen:
    listener = open_listener(at)
    stack.callback(listener.close)
    server = Server(answer, guard, _say)
    await server.start(listener)
    stack.push_async_callback(server.stop)
    host, port = listener.getsockname()[:2]
    return Listen(host, port)


def _tell(machine: Machine, variables: Mapping[str, str]) -> None:
    """Print what the machine's programs need: where the registry is, how it is trusted, where the credentials are."""
    key = machine.key
    trust = {} if machine.ca_bundle is None else {"AWS_CA_BUNDLE": str(Path(machine.ca_bundle).absolute())}
    places = {f"AWS_ENDPOINT_URL_{service}": key.endpoint for service in _SERVICES}
    regions = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), key.region)  # the AWS CLI 1 knows the second alone
    for name, value in (regions | places | trust | dict(variables)).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    _say(f"serving the credentials of {key.instance_id} of account {key.account_id} at {key.endpoint}")


def _say(line: str) -> None:
    with suppress(OSError):  # who reads the log may be gone, and the credentials are wanted all the same
        click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {one_line(line, _LINE)}", err=True)
