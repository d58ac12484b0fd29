"""What is asked of the policies: who wants to do what with which resource, under which circumstances."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

# Several values for a key such as aws:TagKeys.
Value = str | tuple[str, ...]

# The keys whose value no later request has again.
TIMES = frozenset({"aws:currenttime", "aws:epochtime"})

ANY_RESOURCE = "*"
ANYONE = "*"
# Stands among the names for statements that name whom they spare; no principal is called so.
EVERYBODY_BUT = "!"


class Context(Protocol):
    """The values of condition keys, asked for by their names in lower case; a dictionary will do.

    Only the keys that a statement asks for need to be found out.
    """

    def get(self, key: str, /) -> Value | None: ...


# What a request brings without a bound of its own: as many characters as CloudTrail keeps of a user agent.
LONGEST_FACT = 1_024
MOST_VALUES = 256  # of one key


class Spellings(tuple[str, ...]):
    """Values of which nobody can say which one is meant: a condition on them is unclear.

    A tag whose key is there in several spellings has as many, for conditions set case aside; a text that is too long
    to be compared has all that begin as it does.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spellings) and tuple.__eq__(self, other)

    __hash__ = tuple.__hash__


class Unclear(Exception):
    """A fact of the request has no one meaning: a condition on it holds where it denies, and nowhere else."""


def characters(values: Iterable[Value | None]) -> int:
    """Count the characters of some values; each of several in one counts one more, for an empty one takes room too."""
    found = 0
    for value in values:
        if isinstance(value, str):
            found += len(value)
        elif value is not None:
            found += len(value) + sum(map(len, value))
    return found


def bounded(value: Value) -> Value:
    """Give a fact as it is, or, where it is too long to be compared with whatever policies say, as an unclear one."""
    texts = (value,) if isinstance(value, str) else value
    if len(texts) <= MOST_VALUES and all(len(text) <= LONGEST_FACT for text in texts):
        return value
    return Spellings(text[:LONGEST_FACT] for text in texts[:MOST_VALUES])


class RequesterType(StrEnum):
    """In the words of ``aws:PrincipalType``, as far as it has one."""

    ROOT = "Account"
    USER = "User"
    ASSUMED_ROLE = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    WEB_IDENTITY = "WebIdentityUser"
    SERVICE = "Service"


@dataclass(frozen=True, slots=True)
class Names:
    """The names that mean one requester, sorted by what being named by them is worth.

    ``itself`` is the user, or the one session, and anybody: nothing limits what is granted to them. ``role`` is the
    assumed role: a grant in its own account, but one within its limits. In ``every``, the account's number names
    everybody in it, but inside that account only as a delegation to its identity policies; it counts for denials, and
    across accounts. ``levels`` are what a NotPrincipal has to name, of each level one, to spare the requester.
    """

    itself: tuple[str, ...]
    role: tuple[str, ...]
    every: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Requester:
    """What policies may know a caller by.

    ``arn`` is the one that messages show, of a role the session's, of a service its name, of a web identity its
    provider's; ``unique_id`` is a user's ``AIDA…`` or a session's ``AROA…:name``; ``role_arn`` is the assumed role's
    own ARN, and empty for everybody else. ``facts`` are the condition keys that stay the same as long as the caller
    does, names in lower case: ``aws:userid``, ``aws:principaltag/team``, what a session was opened with.
    """

    account: str
    arn: str
    unique_id: str
    type: RequesterType
    role_arn: str = ""
    facts: Mapping[str, Value] = field(default_factory=dict[str, Value])
    names: Names = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", _names(self))


def _names(requester: Requester) -> Names:
    """Tell the names that mean this requester. The root has no other name than its account's."""
    itself: tuple[str, ...] = (requester.arn, requester.unique_id)
    role: tuple[str, ...] = ()
    account: tuple[str, ...] = (requester.account,)
    if requester.type is RequesterType.ROOT:
        itself = ()
    elif requester.type in {RequesterType.SERVICE, RequesterType.WEB_IDENTITY}:
        itself, account = (requester.arn,), ()
    elif requester.role_arn:
        role = (requester.role_arn, requester.unique_id.partition(":")[0])
    levels = tuple(level for level in (itself, role, account) if level)
    every = (ANYONE, *itself, *role, *account, EVERYBODY_BUT)
    return Names((ANYONE, *itself), role, every, levels)


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource.

    ``resource`` is an ARN, or ``*`` for an action that knows no resources. ``resource_account`` owns the resource; for
    an action on ``*`` that any account's callers may ask of themselves, such as ``ecr:GetAuthorizationToken``, it is
    the requester's own account.
    """

    requester: Requester
    action: str
    resource: str
    resource_account: str
    context: Context = field(default_factory=dict[str, Value])

    @property
    def same_account(self) -> bool:
        return self.requester.account == self.resource_account

    @property
    def of_root(self) -> bool:
        return self.requester.type is RequesterType.ROOT
