"""Whether a request is allowed, and why (spec/ecr/iam.md section 5).

An explicit deny wins, wherever it stands. Inside one account an allow on the identity side or on the resource side is
enough; across accounts both sides must allow. A permissions boundary and a session policy allow nothing by
themselves: they cut what the identity side allows, and what a resource allows to a role by its name. What a resource
allows to anybody, or to a user or one session by its name, is theirs whatever limits them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from moorage.policy.compiled import Compiled, StatementRef
from moorage.policy.request import ANY_RESOURCE, Names, Request, RequesterType, Value


class Outcome(Enum):
    ALLOWED = auto()
    EXPLICIT_DENY = auto()
    IMPLICIT_DENY = auto()


class Side(Enum):
    """Where a denial comes from, in AWS's words."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    RESOURCE = "resource-based policy"


@dataclass(frozen=True, slots=True)
class CallerPolicies:
    """What is attached to a caller; ``identity`` holds its own policies and those of its groups."""

    identity: Compiled
    boundary: Compiled | None = None
    session: Compiled | None = None
    limits: tuple[tuple[Side, Compiled], ...] = field(init=False)

    def __post_init__(self) -> None:
        sides = ((Side.BOUNDARY, self.boundary), (Side.SESSION, self.session))
        limits = tuple((side, policies) for side, policies in sides if policies is not None)
        object.__setattr__(self, "limits", limits)


@dataclass(frozen=True, slots=True)
class ResourcePolicies:
    """What is attached to a resource: its own policy, its registry's, and the condition keys it is known by.

    ``reach`` are the actions that the registry's policy is asked about; None where it is asked about all of them.
    """

    own: Compiled | None = None
    registry: Compiled | None = None
    facts: Mapping[str, Value] = field(default_factory=dict[str, Value])
    reach: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What all statements together say, and which of them made them say it.

    An explicit deny names every statement that denies on its side; an allow one statement for each place that had to
    allow, and none where the account's root was allowed as such. ``side`` is where a denial comes from.
    """

    outcome: Outcome
    because: tuple[StatementRef, ...] = ()
    side: Side | None = None

    @property
    def allowed(self) -> bool:
        return self.outcome is Outcome.ALLOWED


# What a registry's policy is asked about where REGISTRY_POLICY_SCOPE is V1 (spec/ecr/policies.md section 10).
REACH_OF_V1 = frozenset({"ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"})
NO_POLICIES = CallerPolicies(Compiled.of(()))
NO_RESOURCE = ResourcePolicies()
# AWS's way out of a lock-out: whatever a repository's or a registry's policy says, the root of its account can mend it.
_RESCUE = frozenset(
    {
        "ecr:SetRepositoryPolicy",
        "ecr:GetRepositoryPolicy",
        "ecr:DeleteRepositoryPolicy",
        "ecr:PutRegistryPolicy",
        "ecr:GetRegistryPolicy",
        "ecr:DeleteRegistryPolicy",
    }
)
# Who is allowed to ask for a password is the matter of its own account's identity policies alone.
_IDENTITY_ONLY = frozenset({"ecr:GetAuthorizationToken"})


def decide(request: Request, caller: CallerPolicies, resource: ResourcePolicies = NO_RESOURCE) -> Decision:
    """Decide with the caller's policies and those of the resource.

    The root has no policies: ``caller`` is not looked at for it, it is allowed what its account can allow. An action
    without a resource has no policy of its own to ask; the registry's may speak of it.
    """
    root = request.of_root
    if root and request.same_account and request.action in _RESCUE:
        return Decision(Outcome.ALLOWED)
    places = places_of(request, resource)
    names = request.requester.names if places else None
    if root:
        caller = NO_POLICIES
    denied = _explicit_deny(request, caller, places, names)
    if denied is not None:
        return denied
    from_identity = caller.identity.allowance(request)
    allows = root or bool(from_identity)
    if request.same_account:
        if names is not None and (not allows or caller.limits):
            direct = _allowance(request, places, names.itself)
            if direct:
                return Decision(Outcome.ALLOWED, direct)
        if not allows and names is not None:
            from_identity = _allowance(request, places, names.role)
            allows = bool(from_identity)
        return _within_limits(request, caller, from_identity, Side.IDENTITY if not allows else None)
    return _across(request, caller, places, names, from_identity if allows else None)


def _across(
    request: Request,
    caller: CallerPolicies,
    places: tuple[Compiled, ...],
    names: Names | None,
    from_identity: tuple[StatementRef, ...] | None,
) -> Decision:
    """Decide about another account's resource: both sides must allow; a service has no identity side."""
    service = request.requester.type is RequesterType.SERVICE
    if from_identity is None and not service:
        return Decision(Outcome.IMPLICIT_DENY, side=Side.IDENTITY)
    limited = _within_limits(request, caller, from_identity or (), None)
    if not limited.allowed:
        return limited
    from_resource = () if names is None else _allowance(request, places, names.every)
    if not from_resource:
        return Decision(Outcome.IMPLICIT_DENY, side=Side.RESOURCE)
    return Decision(Outcome.ALLOWED, limited.because + from_resource)


def _within_limits(
    request: Request, caller: CallerPolicies, found: tuple[StatementRef, ...], missing: Side | None
) -> Decision:
    if missing is not None:
        return Decision(Outcome.IMPLICIT_DENY, side=missing)
    for side, policies in caller.limits:
        allowance = policies.allowance(request)
        if not allowance:
            return Decision(Outcome.IMPLICIT_DENY, side=side)
        found += allowance
    return Decision(Outcome.ALLOWED, found)


def places_of(request: Request, resource: ResourcePolicies) -> tuple[Compiled, ...]:
    """Give the policies on the resource's side that are asked about the request."""
    if request.action in _IDENTITY_ONLY:
        return ()
    own = None if request.resource == ANY_RESOURCE else resource.own
    reached = resource.reach is None or request.action in resource.reach
    return tuple(policy for policy in (own, resource.registry if reached else None) if policy is not None)


def may_be_spared(request: Request, caller: CallerPolicies) -> bool:
    """AWS: "NotPrincipal with a Deny effect will always deny any IAM principal that has a permissions boundary"."""
    return request.of_root or caller.boundary is None


def _explicit_deny(
    request: Request, caller: CallerPolicies, places: tuple[Compiled, ...], names: Names | None
) -> Decision | None:
    for side, policies in ((Side.IDENTITY, caller.identity), *caller.limits):
        denials = policies.denials(request)
        if denials:
            return Decision(Outcome.EXPLICIT_DENY, denials, side)
    if names is not None:
        for policy in places:
            denials = policy.denials(request, names.every, sparing=may_be_spared(request, caller))
            if denials:
                return Decision(Outcome.EXPLICIT_DENY, denials, Side.RESOURCE)
    return None


def _allowance(request: Request, places: tuple[Compiled, ...], names: tuple[str, ...]) -> tuple[StatementRef, ...]:
    for policy in places:
        found = policy.allowance(request, names)
        if found:
            return found
    return ()


_REASONS: Mapping[Outcome, str] = {
    Outcome.IMPLICIT_DENY: "because no {side} allows the {action} action",
    Outcome.EXPLICIT_DENY: "with an explicit deny in {article} {side}",
}


def denial(decision: Decision, request: Request) -> str:
    """Word a denial as AWS does; the sentence of an ``AccessDenied``."""
    asked = f"User: {request.requester.arn} is not authorized to perform: {request.action}"
    side = Side.IDENTITY if decision.side is None else decision.side
    article = "an" if side is Side.IDENTITY else "a"
    reason = _REASONS[decision.outcome].format(side=side.value, article=article, action=request.action)
    return f"{asked} on resource: {request.resource} {reason}"
