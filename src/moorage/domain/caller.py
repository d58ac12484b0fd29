"""Who is calling: an authenticated principal."""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from moorage.domain.names import AccountId, Region


class CallerKind(StrEnum):
    """What kind of principal calls, in IAM's own words (``aws:PrincipalType``)."""

    ROOT = "Account"
    USER = "User"
    ROLE = "AssumedRole"


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated principal.

    ``unique_id`` never changes and is never used again (``AIDA…`` for a user, the account's number for its root,
    ``AROA…:name`` for the session of a role): it owns uploads. ``name`` is empty for the root, of a session the role's.
    """

    account: AccountId
    kind: CallerKind
    unique_id: str
    arn: str
    name: str = ""


class Registry(Struct, frozen=True):
    """One account in one region."""

    account: AccountId
    region: Region
