"""``moorage instance list``: list the instances of the account."""

from collections.abc import Callable, Iterator, Mapping

import click

from moorage.cli.caller import call_as_caller, caller_options
from moorage.cli.moment import moment
from moorage.cli.tell import tell_row

# Of each state, the time that matters.
_TIMES = {"waiting": "joinExpiresAt", "expired": "joinExpiresAt", "joined": "joinedAt", "revoked": "revokedAt"}


@click.command("list")
@caller_options
def list_(config: str | None, data: str | None, endpoint_url: str | None) -> None:
    """List instances, one a line: id, state, since or until when, role, region, who registered it."""

    def ask(members: Mapping[str, object]) -> Mapping[str, object]:
        return call_as_caller(config, data, endpoint_url, "ListInstances", members)

    for instance in _instances(ask):
        tell_row(_columns(instance))


def _instances(ask: Callable[[Mapping[str, object]], Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
    asked: dict[str, object] = {}
    while True:
        told = ask(asked)
        found = told.get("instances")
        yield from (one for one in (found if isinstance(found, list) else []) if isinstance(one, dict))
        if told.get("nextToken") is None:
            return
        asked["nextToken"] = told["nextToken"]


def _columns(instance: Mapping[str, object]) -> Iterator[str]:
    state = str(instance["state"])
    yield from (str(instance["instanceId"]), state, moment(instance[_TIMES.get(state, "createdAt")]))
    yield from (str(instance[name]) for name in ("roleName", "region", "registeredBy"))
