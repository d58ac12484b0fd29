"""What is asked of the policies: who wants to do what with which resource, under which circumstances."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

# Names of condition keys in lower case; several values for a key such as aws:TagKeys.
Context = Mapping[str, str | tuple[str, ...]]

ANY_RESOURCE = "*"


class RequesterType(StrEnum):
    """In the words of ``aws:PrincipalType``."""

    ROOT = "Account"
    USER = "User"
    ASSUMED_ROLE = "AssumedRole"


@dataclass(frozen=True, slots=True)
class Requester:
    """What policies may know a caller by.

    ``arn`` is the one that messages show, of a role the session's; ``unique_id`` is a user's ``AIDA…`` or a session's
    ``AROA…:name``; ``role_arn`` is the assumed role's own ARN, and empty for everybody else.
    """

    account: str
    arn: str
    unique_id: str
    type: RequesterType
    role_arn: str = ""


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
    context: Context = field(default_factory=dict)

    @property
    def same_account(self) -> bool:
        return self.requester.account == self.resource_account

    @property
    def of_root(self) -> bool:
        return self.requester.type is RequesterType.ROOT
