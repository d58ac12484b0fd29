"""``moorage token list``: list narrow tokens."""

from collections.abc import Callable, Iterator, Mapping

import click

from moorage.cli.caller import call_as_caller, caller_options
from moorage.cli.moment import moment
from moorage.cli.tell import tell_row


@click.command("list")
@caller_options
@click.option("--all", "everybodys", is_flag=True, help="Everybody's of the account; needs moorage:ListTokens.")
def list_(
    config: str | None,
    data: str | None,
    endpoint_url: str | None,
    everybodys: bool,  # noqa: FBT001 - click's flag
) -> None:
    """List the tokens that are good, one a line: id, end, maker, actions, repositories."""

    def ask(members: Mapping[str, object]) -> Mapping[str, object]:
        return call_as_caller(config, data, endpoint_url, "ListTokens", members)

    for token in _tokens(ask, everybodys=everybodys):
        tell_row(_columns(token))


def _tokens(
    ask: Callable[[Mapping[str, object]], Mapping[str, object]], *, everybodys: bool
) -> Iterator[Mapping[str, object]]:
    asked: dict[str, object] = {"all": True} if everybodys else {}
    while True:
        told = ask(asked)
        found = told.get("tokens")
        yield from (token for token in (found if isinstance(found, list) else []) if isinstance(token, dict))
        if told.get("nextToken") is None:
            return
        asked["nextToken"] = told["nextToken"]


def _columns(token: Mapping[str, object]) -> Iterator[str]:
    yield from (str(token["tokenId"]), moment(token["expiresAt"]), str(token["maker"]))
    for name in ("actions", "repositories"):
        listed = token[name]
        yield " ".join(str(one) for one in listed) if isinstance(listed, list) else ""
