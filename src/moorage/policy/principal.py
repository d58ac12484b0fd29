"""The Principal element: whom a resource policy names."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from moorage.policy.elements import strings
from moorage.policy.errors import MalformedPolicy
from moorage.policy.request import ANYONE


class PrincipalKind(Enum):
    ANYONE = auto()
    ACCOUNT = auto()
    USER = auto()
    ROLE = auto()
    SESSION = auto()
    UNIQUE_ID = auto()
    SERVICE = auto()
    FEDERATED = auto()


@dataclass(frozen=True, slots=True)
class Principal:
    """One principal; an account's name is its number, however it was written."""

    kind: PrincipalKind
    name: str

    @property
    def means(self) -> str:
        """Tell which of a requester's names is meant: an identity provider is no service of its name."""
        return f"federated {self.name}" if self.kind is PrincipalKind.FEDERATED and ":" not in self.name else self.name


_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?([0-9]{12})(:root)?\Z")
_NAME = r"[A-Za-z0-9_+=,.@-]+"
_PATH = r"(?:[!-)+->@-~]*/)?"  # printable, and neither * nor ?
_FORMS: Mapping[PrincipalKind, re.Pattern[str]] = {
    PrincipalKind.USER: re.compile(rf"arn:aws[a-z-]*:iam::[0-9]{{12}}:user/{_PATH}{_NAME}\Z"),
    PrincipalKind.ROLE: re.compile(rf"arn:aws[a-z-]*:iam::[0-9]{{12}}:role/{_PATH}{_NAME}\Z"),
    PrincipalKind.SESSION: re.compile(rf"arn:aws[a-z-]*:sts::[0-9]{{12}}:assumed-role/{_NAME}/{_NAME}\Z"),
    PrincipalKind.UNIQUE_ID: re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,28}\Z"),
}
_PROVIDER = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:oidc|saml)-provider/[!-)+->@-~]+\Z|[a-z0-9-]+(?:\.[a-z0-9-]+)+\Z"
)
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?\Z")


def _account_of(text: str) -> str | None:
    found = _ACCOUNT.match(text)
    if found is None or text.startswith("arn:") is not (found[2] is not None):
        return None
    return found[1]


def _aws(text: str) -> Principal:
    if text == ANYONE:
        return Principal(PrincipalKind.ANYONE, ANYONE)
    account = _account_of(text)
    if account is not None:
        return Principal(PrincipalKind.ACCOUNT, account)
    for kind, form in _FORMS.items():
        if form.match(text) is not None:
            return Principal(kind, text)
    raise MalformedPolicy(f'Invalid principal in policy: "AWS":"{text}"')


def _service(text: str) -> Principal:
    if _SERVICE.match(text) is None:
        raise MalformedPolicy(f'Invalid principal in policy: "SERVICE":"{text}"')
    return Principal(PrincipalKind.SERVICE, text)


def _federated(text: str) -> Principal:
    if _PROVIDER.match(text) is None:
        raise MalformedPolicy(f'Invalid principal in policy: "FEDERATED":"{text}"')
    return Principal(PrincipalKind.FEDERATED, text)


_READERS: Mapping[str, Callable[[str], Principal]] = {"AWS": _aws, "Service": _service, "Federated": _federated}


def parse_principals(element: object) -> tuple[Principal, ...]:
    """Read a Principal or a NotPrincipal element.

    Raises:
        MalformedPolicy: it cannot be read

    """
    if element == ANYONE:
        return (Principal(PrincipalKind.ANYONE, ANYONE),)
    if not isinstance(element, dict) or not element:
        raise MalformedPolicy("Invalid principal in policy.")
    found: list[Principal] = []
    for kind, value in element.items():
        if kind not in _READERS:
            raise MalformedPolicy("Invalid principal in policy.")
        found += map(_READERS[kind], strings(value))
        if value == []:
            raise MalformedPolicy("Invalid principal in policy.")
    return tuple(dict.fromkeys(found))
