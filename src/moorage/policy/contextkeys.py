"""Which condition keys policies ask for: in their conditions, and as variables in resources and wanted values."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from moorage.policy.compiled import StatementRef
from moorage.policy.elements import Attached

_VARIABLE = re.compile(r"\$\{\s*([A-Za-z0-9_.-]+:[^,{}'\s]+)\s*(?:,[^{}]*)?\}")
_WITH_VARIABLES = "2012-10-17"
_PLACES = ("Resource", "NotResource")


def context_keys(texts: Iterable[str]) -> tuple[str, ...]:
    """List the keys, each once, as it is written first."""
    found: dict[str, str] = {}
    for text in texts:
        for _, keys in _by_statement(text):
            _add(found, keys)
    return tuple(found.values())


def keys_of(refs: Iterable[StatementRef], texts: Iterable[tuple[Attached, str]]) -> tuple[str, ...]:
    """List the keys that some statements ask for."""
    wanted = {(ref.policy, ref.index) for ref in refs}
    found: dict[str, str] = {}
    for policy, text in texts:
        for index, keys in _by_statement(text):
            if (policy, index) in wanted:
                _add(found, keys)
    return tuple(found.values())


def _add(found: dict[str, str], keys: Iterable[str]) -> None:
    for key in keys:
        found.setdefault(key.lower(), key)


def _by_statement(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Read a document; one that is none asks for nothing."""
    try:
        document = json.loads(text)
    except ValueError:
        return
    variables = document.get("Version") == _WITH_VARIABLES
    listed = document["Statement"]
    for index, statement in enumerate(listed if isinstance(listed, list) else [listed]):
        yield index, tuple(_keys(statement, variables=variables))


def _keys(statement: Mapping[str, object], *, variables: bool) -> Iterator[str]:
    conditions = statement.get("Condition", {})
    for keys in conditions.values() if isinstance(conditions, dict) else ():
        yield from keys
    if variables:
        for place in (*_PLACES, "Condition"):
            yield from _VARIABLE.findall(json.dumps(statement.get(place)))
