"""Whether a request is allowed, and why (spec/ecr/iam.md section 5).

An explicit deny wins. Inside one account an allow on the identity side or on the resource side is enough; across
accounts both sides must allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from moorage.policy.compiled import Compiled, StatementRef
from moorage.policy.principal import direct_names
from moorage.policy.request import ANY_RESOURCE, Request


class Outcome(Enum):
    ALLOWED = auto()
    EXPLICIT_DENY = auto()
    IMPLICIT_DENY = auto()


class Side(Enum):
    """Where a denial comes from: the policies of the caller, or the policy of the resource."""

    IDENTITY = "identity-based"
    RESOURCE = "resource-based"


@dataclass(frozen=True, slots=True)
class Decision:
    """What all statements together say, and which of them made them say it.

    An explicit deny names every statement that denies on its side; an allow one statement on each side that it
    needed, and none where the account's root was allowed as such. ``side`` is where a denial comes from.
    """

    outcome: Outcome
    because: tuple[StatementRef, ...] = ()
    side: Side | None = None

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED


# AWS's way out of a lock-out: whatever a repository's policy says, the root of its account can mend it.
_RESCUE = frozenset({"ecr:SetRepositoryPolicy", "ecr:GetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"})


def decide(request: Request, identity: Compiled, resource: Compiled | None) -> Decision:
    """Decide with the caller's policies and the resource's own policy, if it has one.

    The root has no identity policies: ``identity`` is not looked at for it, it is allowed what its account can allow.
    Actions without a resource are identity-only, whatever a resource policy says.
    """
    if request.of_root and request.same_account and request.action in _RESCUE:
        return Decision(Outcome.ALLOWED)
    if request.resource == ANY_RESOURCE:
        resource = None
    denial = _explicit_deny(request, identity, resource)
    if denial is not None:
        return denial
    from_identity = () if request.of_root else identity.allowance(request)
    identity_allows = request.of_root or bool(from_identity)
    if request.same_account and identity_allows:
        return Decision(Outcome.ALLOWED, from_identity)
    from_resource = () if resource is None else _resource_allowance(request, resource)
    if from_resource and (request.same_account or identity_allows):
        return Decision(Outcome.ALLOWED, from_identity + from_resource)
    return Decision(Outcome.IMPLICIT_DENY, side=Side.RESOURCE if identity_allows else Side.IDENTITY)


def _explicit_deny(request: Request, identity: Compiled, resource: Compiled | None) -> Decision | None:
    if not request.of_root:
        denials = identity.denials(request)
        if denials:
            return Decision(Outcome.EXPLICIT_DENY, denials, Side.IDENTITY)
    if resource is not None:
        names = (*direct_names(request.requester), request.requester.account)
        denials = resource.denials(request, names)
        if denials:
            return Decision(Outcome.EXPLICIT_DENY, denials, Side.RESOURCE)
    return None


def _resource_allowance(request: Request, resource: Compiled) -> tuple[StatementRef, ...]:
    """Find a grant; naming one's own account is none, it leaves the matter to that account's identity policies."""
    names = direct_names(request.requester)
    if not request.same_account:
        names = (*names, request.requester.account)
    return resource.allowance(request, names)


_REASONS: Mapping[tuple[Outcome, Side | None], str] = {
    (Outcome.IMPLICIT_DENY, Side.IDENTITY): " because no identity-based policy allows the {action} action",
    (Outcome.IMPLICIT_DENY, Side.RESOURCE): " because no resource-based policy allows the {action} action",
    (Outcome.EXPLICIT_DENY, Side.IDENTITY): " with an explicit deny in an identity-based policy",
    (Outcome.EXPLICIT_DENY, Side.RESOURCE): " with an explicit deny in a resource-based policy",
}


def denial(decision: Decision, request: Request) -> str:
    """Word a denial as AWS does; the sentence of an ``AccessDenied``."""
    asked = f"User: {request.requester.arn} is not authorized to perform: {request.action}"
    reason = _REASONS[decision.outcome, decision.side].format(action=request.action)
    return f"{asked} on resource: {request.resource}{reason}"
