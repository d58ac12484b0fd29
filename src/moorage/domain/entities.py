"""What IAM keeps by name: users, groups, roles, managed policies and instance profiles, and how each is called."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from moorage.domain.names import AccountId

AWS: Final = "aws"  # in place of an account: what AWS itself manages


class EntityKind(StrEnum):
    """A kind of entity, in the word that its ARN has for it."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"
    POLICY = "policy"
    PROFILE = "instance-profile"

    @property
    def word(self) -> str:
        """Name the kind as IAM's sentences do."""
        return {EntityKind.PROFILE: "Instance Profile"}.get(self, self.value)

    @property
    def id_prefix(self) -> str:
        """Give the letters that ids of this kind begin with."""
        return {
            EntityKind.USER: "AIDA",
            EntityKind.GROUP: "AGPA",
            EntityKind.ROLE: "AROA",
            EntityKind.POLICY: "ANPA",
            EntityKind.PROFILE: "AIPA",
        }[self]


def entity_arn(account: AccountId | str, kind: EntityKind, path: str, name: str) -> str:
    return f"arn:aws:iam::{account}:{kind.value}{path}{name}"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity; ``boundary`` is the ARN of its permissions boundary."""

    account: AccountId
    id: str
    kind: EntityKind
    name: str
    path: str
    created_at: int
    boundary: str | None = None

    @property
    def arn(self) -> str:
        return entity_arn(self.account, self.kind, self.path, self.name)

    @property
    def place(self) -> str:
        """The name with its path, on which calls are granted."""
        return f"{self.path}{self.name}"


def provider_arn(account: AccountId, address: str) -> str:
    """Name an OIDC provider, whose address is its issuer without the scheme."""
    return f"arn:aws:iam::{account}:oidc-provider/{address}"


def session_arn(account: AccountId, role: str, session: str) -> str:
    """Name the session of a role; the role's path is no part of it."""
    return f"arn:aws:sts::{account}:assumed-role/{role}/{session}"
