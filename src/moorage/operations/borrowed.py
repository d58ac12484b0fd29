"""What a session of GetSessionToken may not do: IAM, and what is of its kind (decision 88)."""

from moorage.domain.errors import CredentialUnknown
from moorage.domain.sessions import SessionKind
from moorage.operations.principals import Principal

# Of operations that are not about a registry, those that such a session may call; all others are of IAM's kind.
_OPEN = frozenset(
    {
        "sts.AssumeRole",
        "sts.GetCallerIdentity",
        "sts.GetSessionToken",  # which refuses every session in its own words
        "moorage.CreateToken",
        "moorage.DescribeServer",
        "moorage.ListTokens",
        "moorage.RevokeToken",
    }
)


def may_borrow(key: str) -> bool:
    """Tell whether an operation such as ``iam.GetUser`` is one for such a session."""
    return key.startswith("ecr.") or key in _OPEN


def refuse_borrowed(principal: Principal, key: str) -> None:
    """Refuse a session of GetSessionToken what makes, shows or ends identities and permissions.

    Raises:
        CredentialUnknown

    """
    session = principal.session
    if session is not None and session.kind is SessionKind.USER and not may_borrow(key):
        raise CredentialUnknown
