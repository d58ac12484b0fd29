"""A policy document: strict JSON that means one thing only, read into statements that cannot be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage.domain import strictjson
from moorage.policy.elements import PolicyKind
from moorage.policy.errors import MalformedPolicy
from moorage.policy.principal import Principal, PrincipalKind
from moorage.policy.statement import FORMS, Statement, parse_statement

_OLD_VERSION, _VERSION = "2008-10-17", "2012-10-17"
_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_DEEPEST = 8  # a value of a condition lies six levels deep
_UNNAMED = frozenset({PrincipalKind.ANYONE, PrincipalKind.SERVICE, PrincipalKind.FEDERATED})


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    kind: PolicyKind
    version: str
    id: str
    statements: tuple[Statement, ...]

    @property
    def principals_named(self) -> tuple[Principal, ...]:
        """The accounts, users, roles and sessions named, each once: they must exist when the policy is stored."""
        named = (principal for statement in self.statements for principal in statement.principals)
        return tuple(dict.fromkeys(principal for principal in named if principal.kind not in _UNNAMED))


def parse(text: str, kind: PolicyKind) -> PolicyDocument:
    """Read a policy document of that kind.

    Raises:
        MalformedPolicy: it is no such document

    """
    if len(text) > FORMS[kind].longest:
        raise MalformedPolicy
    return parse_stored(text, kind)


def parse_stored(text: str, kind: PolicyKind) -> PolicyDocument:
    """Read a policy document that was judged when it was given: with ids in place of names its length is another.

    Raises:
        MalformedPolicy: it is no such document

    """
    form = FORMS[kind]
    document = _strict(text)
    if not isinstance(document, dict):
        raise MalformedPolicy
    if document.keys() - _ELEMENTS:
        raise MalformedPolicy
    version = _version(document)
    listed = document.get("Statement")
    elements = listed if isinstance(listed, list) else [listed]
    if not elements:
        raise MalformedPolicy
    statements = tuple(parse_statement(element, form, variables=version == _VERSION) for element in elements)
    sids = [statement.sid for statement in statements if statement.sid]
    if form.plain_sids and len(set(sids)) != len(sids):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
    return PolicyDocument(kind, version, _id(document), statements)


def _version(document: Mapping[str, object]) -> str:
    version = document.get("Version", _OLD_VERSION)
    if not isinstance(version, str) or version not in {_OLD_VERSION, _VERSION}:
        raise MalformedPolicy("The policy must contain a valid version string")
    return version


def _id(document: Mapping[str, object]) -> str:
    found = document.get("Id", "")
    if not isinstance(found, str):
        raise MalformedPolicy
    return found


def _strict(text: str) -> object:
    try:
        document = strictjson.loads(text.encode("utf-8"))
    except (strictjson.NotStrictJson, UnicodeEncodeError, RecursionError):
        raise MalformedPolicy from None
    _check_depth_and_text(document)
    return document


def _check_depth_and_text(document: object) -> None:
    level = [document]
    for _ in range(_DEEPEST):
        if any(isinstance(value, str) and "\0" in value for value in level):
            raise MalformedPolicy  # another reader may take the text to end there
        level = [child for value in level for child in _children(value)]
    if level:
        raise MalformedPolicy


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []
