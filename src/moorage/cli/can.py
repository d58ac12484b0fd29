"""``moorage can``: whether somebody may do something, and which statements say so."""

import click

from moorage.cli.caller import call_as_caller, caller_options
from moorage.cli.explain import reasons
from moorage.cli.refused import Refused
from moorage.cli.tell import tell

_NO = 1


class Unanswered(Refused):
    """The question cannot be answered: neither yes nor no."""

    exit_code = 2


@click.command()
@caller_options
@click.option(
    "--context",
    "entries",
    metavar="KEY=VALUE",
    multiple=True,
    help="A condition key, such as aws:SourceIp=10.0.0.1; several values of one key are given one by one.",
)
@click.argument("principal")
@click.argument("action")
@click.argument("resource")
def can(  # noqa: PLR0913, PLR0917 - the options
    config: str | None,
    data: str | None,
    endpoint_url: str | None,
    entries: tuple[str, ...],
    principal: str,
    action: str,
    resource: str,
) -> None:
    """Tell whether PRINCIPAL may do ACTION on RESOURCE, and why.

    PRINCIPAL is an ARN, or the name of a user or role, and no service; RESOURCE an ARN or *. The exit code is 0 where
    it is allowed, 1 where it is not, 2 where the question cannot be answered.
    """
    asked = {"principal": principal, "action": action, "resource": resource, "context": _context(entries)}
    try:
        told = call_as_caller(config, data, endpoint_url, "CheckAccess", asked)
    except Refused as refused:
        raise Unanswered(refused.message) from None
    allowed = told.get("allowed") is True
    tell(f"{'allowed' if allowed else 'denied'}: {told.get('principal')} {action} on {resource}")
    for line in reasons(told):
        tell(line)
    if not allowed:
        raise SystemExit(_NO)


def _context(entries: tuple[str, ...]) -> list[dict[str, object]]:
    values: dict[str, list[str]] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or ":" not in name:
            raise click.UsageError(f"--context {entry} is no KEY=VALUE: write aws:SourceIp=10.0.0.1")
        values.setdefault(name, []).append(value)
    return [{"name": name, "values": found} for name, found in values.items()]
