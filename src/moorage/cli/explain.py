"""``moorage explain``: why a request was refused."""

import time
from collections.abc import Iterator

import click

from moorage.cli.call import CallRefused
from moorage.cli.caller import call_as_caller, caller_options
from moorage.cli.moment import moment
from moorage.cli.tell import tell

_SOON = 1.5  # seconds: another worker may not have written it down yet
_MISSING = "ResourceNotFoundException"


@click.command()
@caller_options
@click.argument("denial_id", metavar="[ID]", required=False)
def explain(config: str | None, data: str | None, endpoint_url: str | None, denial_id: str | None) -> None:
    """Tell why the request ID was refused; without an ID list the newest refusals.

    The ID is the x-amzn-RequestId of the answer, which crane and oras print as requestId.
    """
    if denial_id is None:
        found = call_as_caller(config, data, endpoint_url, "ListDenials", {}).get("denials")
        for denial in found if isinstance(found, list) else []:
            tell(_line(denial))
        return
    told = _find(config, data, endpoint_url, denial_id)
    denial = told.get("denial")
    for line in _words(denial if isinstance(denial, dict) else {}):
        tell(line)


def _find(config: str | None, data: str | None, url: str | None, denial_id: str) -> dict[str, object]:
    asked = {"denialId": denial_id}
    try:
        return call_as_caller(config, data, url, "ExplainDenial", asked)
    except CallRefused as refused:
        if refused.code != _MISSING:
            raise
    time.sleep(_SOON)
    return call_as_caller(config, data, url, "ExplainDenial", asked)


def _line(denial: dict[str, object]) -> str:
    asked = f"{denial.get('caller')} {denial.get('action')} {denial.get('resource')}"
    return f"{denial.get('denialId')} {moment(denial.get('deniedAt'))} {asked}"


def _words(denial: dict[str, object]) -> Iterator[str]:
    yield f"denied {moment(denial.get('deniedAt'))}, request {denial.get('denialId')}"
    yield f"who: {denial.get('caller')}"
    yield f"from: {denial.get('client') or 'unknown'}, with {denial.get('userAgent') or 'an unnamed client'}"
    yield f"what: {denial.get('action')} in {denial.get('region')}"
    yield f"on: {denial.get('resource')}"
    yield f"answer: {denial.get('message')}"
    yield from reasons(denial)


def reasons(told: dict[str, object]) -> Iterator[str]:
    """Write why, and what would help."""
    for title, member in (("why", "why"), ("to allow it", "remedy")):
        lines = told.get(member)
        for line in lines if isinstance(lines, list) else []:
            yield f"{title}: {line}"
