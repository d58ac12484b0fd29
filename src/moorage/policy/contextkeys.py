"""Which condition keys policies ask for: in their conditions, and as variables in resources and wanted values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from json import dumps
from json import loads as read_json

from moorage.policy.compiled import StatementRef
from moorage.policy.elements import Attached

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z0-9_.-]+:[^,{}'\s]+)\s*(?:,[^{}]*)?\}")
_WITH_VARIABLES = "2012-10-17"
_PLACES = ("Resource", "NotResource")

KeysByStatement = Mapping[tuple[Attached, int], tuple[str, ...]]


def context_keys(texts: Iterable[str]) -> tuple[str, ...]:
    """List the keys, each once, as it is written first."""
    found: dict[str, str] = {}
    for text in texts:
        for _, keys in _by_statement(text):
            _add(found, keys)
    return tuple(found.values())


def keys_by_statement(texts: Iterable[tuple[Attached, str]]) -> KeysByStatement:
    """List the keys of each statement, by its policy and its place there."""
    return {(policy, index): keys for policy, text in texts for index, keys in _by_statement(text)}


def keys_of(refs: Iterable[StatementRef], known: KeysByStatement) -> tuple[str, ...]:
    """List the keys that some statements ask for, in the order of the policies."""
    wanted = {(ref.policy, ref.index) for ref in refs}
    found: dict[str, str] = {}
    for place, keys in known.items():
        if place in wanted:
            _add(found, keys)
    return tuple(found.values())


def _add(found: dict[str, str], keys: Iterable[str]) -> None:
    for key in keys:
        found.setdefault(key.lower(), key)


def _by_statement(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Read a document; one that is none asks for nothing."""
    try:
        document = read_json(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(document, dict):
        return
    variables = document.get("Version") == _WITH_VARIABLES
    listed = document.get("Statement")
    for index, statement in enumerate(listed if isinstance(listed, list) else [listed]):
        if isinstance(statement, dict):
            yield index, tuple(_keys(statement, variables=variables))


def _keys(statement: Mapping[str, object], *, variables: bool) -> Iterator[str]:
    conditions = statement.get("Condition")
    for keys in conditions.values() if isinstance(conditions, dict) else ():
        yield from keys if isinstance(keys, dict) else ()
    if variables:
        for place in (*_PLACES, "Condition"):
            yield from _VARIABLE.findall(dumps(statement.get(place)))
