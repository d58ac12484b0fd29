"""Whether a role lets somebody become it: its trust policy decides, and inside an account nothing does without it."""

from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, Decision, Outcome, ResourcePolicies, Side, decide, may_be_spared
from moorage.policy.reasons import Place, Reasons, reasons_of
from moorage.policy.request import Request, RequesterType
from moorage.policy.statement import Effect


def decide_trust(request: Request, caller: CallerPolicies, trust: Compiled) -> Decision:
    """Decide with the caller's policies and the role's trust policy.

    Inside an account an identity policy is enough for other resources; a role is only for those it trusts. A web
    identity has no policies: its provider must be named, for anybody is nobody's provider.
    """
    names = request.requester.names
    if request.requester.type is RequesterType.WEB_IDENTITY:
        denials = trust.denials(request, names.every)
        if denials:
            return Decision(Outcome.EXPLICIT_DENY, denials, Side.RESOURCE)
        found = trust.allowance(request, (request.requester.arn,))
        return Decision(Outcome.ALLOWED, found) if found else Decision(Outcome.IMPLICIT_DENY, side=Side.RESOURCE)
    decision = decide(request, caller, ResourcePolicies(trust))
    if decision.allowed and not trust.allowance(request, names.every):
        return Decision(Outcome.IMPLICIT_DENY, side=Side.RESOURCE)
    return decision


def trust_reasons(request: Request, caller: CallerPolicies, trust: Compiled) -> Reasons:
    """Decide once more, and tell what was said where; naming the account is enough for the trust policy's part."""
    web = request.requester.type is RequesterType.WEB_IDENTITY
    places = () if web else reasons_of(request, caller).places
    every = request.requester.names.every
    names = {Effect.ALLOW: (request.requester.arn,) if web else every, Effect.DENY: every}
    trusted = Place(Side.RESOURCE, trust.hear(request, names, sparing=may_be_spared(request, caller)))
    return Reasons(request, decide_trust(request, caller, trust), (*places, trusted))
