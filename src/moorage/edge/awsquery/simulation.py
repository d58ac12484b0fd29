"""IAM's policy simulator, and which condition keys it would like to know."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from moorage.domain.actions import OPERATIONS, Scope
from moorage.domain.identityfacts import InvalidInput
from moorage.domain.spellings import spelled
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    ContextEntry,
    EvaluationResult,
    GetContextKeysForCustomPolicyRequest,
    GetContextKeysForPolicyResponse,
    GetContextKeysForPrincipalPolicyRequest,
    PermissionsBoundaryDecisionDetailShape,
    PolicyIdentifier,
    Position,
    ResourceSpecificResult,
    SimulateCustomPolicyRequest,
    SimulatePolicyResponse,
    SimulatePrincipalPolicyRequest,
    Statement,
)
from moorage.operations import simulate, simulated
from moorage.operations.listing import Page, Paging
from moorage.operations.simulate import Match, Result, Verdict
from moorage.operations.simulated import Asked, Excluded
from moorage.policy import positions
from moorage.policy.contextkeys import context_keys
from moorage.policy.decide import Outcome, Side
from moorage.policy.elements import Attached, Source
from moorage.policy.request import ANY_RESOURCE, Value

_DECISIONS: Final = {
    Outcome.ALLOWED: "allowed",
    Outcome.EXPLICIT_DENY: "explicitDeny",
    Outcome.IMPLICIT_DENY: "implicitDeny",
}
_SIDES: Final = {
    Side.IDENTITY: "IAM Policy",
    Side.RESOURCE: "Resource Policy",
    Side.BOUNDARY: "Permissions Boundary Policy",
}
_TEMPLATES: Final[Mapping[Scope, str]] = {
    Scope.REPOSITORY: "arn:${Partition}:ecr:${Region}:${Account}:repository/${RepositoryName}",
    Scope.USER: "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}",
    Scope.GROUP: "arn:${Partition}:iam::${Account}:group/${GroupNameWithPath}",
    Scope.ROLE: "arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}",
    Scope.POLICY: "arn:${Partition}:iam::${Account}:policy/${PolicyNameWithPath}",
}
# What each action is about, its name in lower case.
_ABOUT: Final = {
    name.lower(): _TEMPLATES[needs.scope]
    for needs in OPERATIONS.values()
    if needs.scope in _TEMPLATES
    for name in needs.names
}
_Request = SimulatePrincipalPolicyRequest | SimulateCustomPolicyRequest


async def simulate_principal(ask: Ask) -> Struct:
    asked = ask.read(SimulatePrincipalPolicyRequest)
    excluded = _excluded(asked.PolicyExclusionList or ())
    simulation = await simulated.of_principal(ask.env, ask.granted, _asked(asked), excluded)
    paging = Paging(asked.Marker, asked.MaxItems)
    page = await simulate.simulate(ask.env, ask.granted, simulation, "SimulatePrincipalPolicy", paging)
    return _response(page, asked.ActionNames)


async def simulate_custom(ask: Ask) -> Struct:
    asked = ask.read(SimulateCustomPolicyRequest)
    if asked.OrderedOrganizationPolicyInputList:
        raise InvalidInput("Moorage knows no organizations: OrderedOrganizationPolicyInputList is not simulated")
    simulation = simulated.of_documents(ask.granted, _asked(asked))
    paging = Paging(asked.Marker, asked.MaxItems)
    page = await simulate.simulate(ask.env, ask.granted, simulation, "SimulateCustomPolicy", paging)
    return _response(page, asked.ActionNames)


async def keys_of_principal(ask: Ask) -> Struct:
    asked = ask.read(GetContextKeysForPrincipalPolicyRequest)
    texts = await simulated.documents_of_principal(ask.env, ask.granted, asked.PolicyInputList or ())
    return GetContextKeysForPolicyResponse(ContextKeyNames=context_keys(texts))


async def keys_of_documents(ask: Ask) -> Struct:
    asked = ask.read(GetContextKeysForCustomPolicyRequest)
    texts = simulated.read_documents(asked.PolicyInputList, "PolicyInputList", Source.INLINE)
    return GetContextKeysForPolicyResponse(ContextKeyNames=context_keys(text for _, text in texts))


def _asked(asked: _Request) -> Asked:
    if asked.ResourceHandlingOption is not None:
        raise InvalidInput("ResourceHandlingOption is about Amazon EC2, which Moorage does not simulate")
    return Asked(
        actions=tuple(map(spelled, asked.ActionNames)),
        resources=asked.ResourceArns or (),
        policies=asked.PolicyInputList or (),
        boundaries=asked.PermissionsBoundaryPolicyInputList or (),
        resource_policy=asked.ResourcePolicy,
        caller=asked.CallerArn,
        owner=asked.ResourceOwner,
        context=_context(asked.ContextEntries or ()),
    )


def _context(entries: Sequence[ContextEntry]) -> Mapping[str, Value]:
    found: dict[str, Value] = {}
    for entry in entries:
        values, kind = entry.ContextKeyValues or (), entry.ContextKeyType or "string"
        if entry.ContextKeyName is None:
            raise InvalidInput("Invalid Context Entry: it has no ContextKeyName")
        if kind.endswith("List"):
            found[entry.ContextKeyName.lower()] = tuple(values)
        elif len(values) == 1:
            found[entry.ContextKeyName.lower()] = values[0]
        else:
            raise InvalidInput(f"Invalid Context Entry: {entry.ContextKeyName} of type {kind} has one value")
    return found


def _excluded(identifiers: Sequence[PolicyIdentifier]) -> Excluded:
    kinds, arns, inline = set(), set(), set()
    for number, one in enumerate(identifiers, 1):
        if one == PolicyIdentifier():
            raise InvalidInput(f"Invalid Policy Identifier: PolicyExclusionList.{number} names no policy")
        if one.PolicyType is not None:
            kinds.add(one.PolicyType)
        if one.PolicyArn is not None:
            arns.add(one.PolicyArn)
        if one.InlinePolicyIdentifier is not None:
            named = one.InlinePolicyIdentifier
            inline.add((f"{named.AttachmentType} {named.AttachmentName}", named.PolicyName))
    return Excluded(frozenset(kinds), frozenset(arns), frozenset(inline))


def _response(page: Page[Result], names: Sequence[str]) -> Struct:
    """Tell the results under the names that were asked, as they were written there."""
    written = {spelled(name): name for name in names}
    return SimulatePolicyResponse(
        EvaluationResults=tuple(_result(found, written[found.action]) for found in page.items),
        IsTruncated=page.marker is not None,
        Marker=page.marker,
    )


def _result(found: Result, name: str) -> EvaluationResult:
    whole = found.whole
    return EvaluationResult(
        EvalActionName=name,
        EvalResourceName=_ABOUT.get(found.action.lower(), ANY_RESOURCE),
        EvalDecision=_DECISIONS[whole.outcome],
        MatchedStatements=tuple(map(_statement, whole.matched)),
        MissingContextValues=whole.missing,
        PermissionsBoundaryDecisionDetail=_boundary(whole),
        EvalDecisionDetails=_details(whole) if found.each else None,
        ResourceSpecificResults=tuple(map(_specific, found.each)) or None,
    )


def _specific(verdict: Verdict) -> ResourceSpecificResult:
    return ResourceSpecificResult(
        EvalResourceName=verdict.resource,
        EvalResourceDecision=_DECISIONS[verdict.outcome],
        MatchedStatements=tuple(map(_statement, verdict.matched)),
        MissingContextValues=verdict.missing,
        EvalDecisionDetails=_details(verdict) or None,
        PermissionsBoundaryDecisionDetail=_boundary(verdict),
    )


def _boundary(verdict: Verdict) -> PermissionsBoundaryDecisionDetailShape | None:
    if verdict.bounded is None:
        return None
    return PermissionsBoundaryDecisionDetailShape(AllowedByPermissionsBoundary=verdict.bounded)


def _details(verdict: Verdict) -> dict[str, str]:
    return {_SIDES[side]: _DECISIONS[outcome] for side, outcome in verdict.sides.items() if side in _SIDES}


def _statement(match: Match) -> Statement:
    of_resource = match.policy.source is Source.REPOSITORY
    return Statement(
        SourcePolicyId=_policy_id(match.policy),
        SourcePolicyType="Resource Policy" if of_resource else "IAM Policy",
        StartPosition=_position(match.span.start),
        EndPosition=_position(match.span.end),
    )


def _position(found: positions.Position) -> Position:
    return Position(Line=found.line, Column=found.column)


def _policy_id(policy: Attached) -> str:
    """Name a policy as IAM's simulator does: a managed one by its name, an inline one with its holder."""
    if policy.name.startswith("arn:"):
        return policy.name.rpartition("/")[2]
    return f"{policy.holder.replace(' ', '_', 1)}_{policy.name}" if policy.holder else policy.name


HANDLERS: Mapping[str, Handler] = {
    "iam.SimulatePrincipalPolicy": simulate_principal,
    "iam.SimulateCustomPolicy": simulate_custom,
    "iam.GetContextKeysForPrincipalPolicy": keys_of_principal,
    "iam.GetContextKeysForCustomPolicy": keys_of_documents,
}
