"""Sessions: what temporary credentials carry beside the identity they speak for."""

from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from moorage.domain.wildcard import Test, any_of


class SessionKind(StrEnum):
    """How a session was opened."""

    ROLE = "role"  # by AssumeRole
    MACHINE = "machine"  # of a role too, for a machine that has it, with the machine's key
    WEB_IDENTITY = "web identity"
    USER = "user"  # by GetSessionToken: the user, or the root, for a while
    TOKEN = "token"  # noqa: S105 - a kind of session: a docker password that may do less than its maker


class Narrow(Struct, frozen=True):
    """What a docker password made for one thing may do at most: these actions on these resources.

    In a resource ``*`` is any run of characters.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def allows(self, action: str, resource: str) -> bool:
        return action in self.actions and _any_of(self.resources)(resource)


@lru_cache(maxsize=1024)
def _any_of(patterns: tuple[str, ...]) -> Test:
    return any_of(patterns)


class SessionFacts(Struct, frozen=True, omit_defaults=True):
    """What a session was opened with.

    ``policies`` are documents and ``policy_arns`` managed policies that say together what the session may at most;
    of ``tags`` the ``transitive`` ones go on to sessions opened from this one; ``keys`` are further condition keys.
    """

    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    keys: dict[str, str] = {}
    narrow: Narrow | None = None
    maker: str = ""


class Session(Struct, frozen=True):
    """A session that is open, and the key of the machine that it comes from; times in microseconds."""

    kind: SessionKind
    facts: SessionFacts
    issued_at: int
    expires_at: int
    machine: str | None = None
