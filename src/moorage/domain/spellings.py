"""How actions are spelled: policies know no case, the tables of this house do."""

from collections.abc import Mapping

from moorage.domain.actions import OPERATIONS, ROUTES

# What policies speak of though nothing needs it by the one table.
_FURTHER = (
    "ecr:BatchImportUpstreamImage",
    "ecr:ReplicateImage",
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:GetCallerIdentity",
    "sts:GetSessionToken",
    "sts:SetSourceIdentity",
    "sts:TagSession",
)
_KNOWN: Mapping[str, str] = {
    name.lower(): name
    for name in (*_FURTHER, *(name for needs in (*OPERATIONS.values(), *ROUTES.values()) for name in needs.names))
}


def spelled(action: str) -> str:
    """Give an action in its known spelling; of one that is not known the service in lower case."""
    service, colon, name = action.partition(":")
    return _KNOWN.get(action.lower(), f"{service.lower()}{colon}{name}")
