"""Why a decision came out as it did: every place that was asked, with the statements that spoke there.

Nothing of this is needed to decide; it is worked out for a denial that somebody asks about, and for simulations.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moorage.policy.compiled import Heard, StatementRef
from moorage.policy.decide import (
    NO_RESOURCE,
    CallerPolicies,
    Decision,
    ResourcePolicies,
    Side,
    decide,
    may_be_spared,
    places_of,
)
from moorage.policy.request import Request, RequesterType
from moorage.policy.statement import Effect


@dataclass(frozen=True, slots=True)
class Place:
    """One place where policies were asked, and everything that was said of the action there."""

    side: Side
    heard: tuple[Heard, ...]

    @property
    def denials(self) -> tuple[StatementRef, ...]:
        return self._counting(Effect.DENY)

    @property
    def allowances(self) -> tuple[StatementRef, ...]:
        return self._counting(Effect.ALLOW)

    @property
    def nearly(self) -> tuple[Heard, ...]:
        """Allow statements that speak of the action, but not of this request: what is wrong least comes first."""
        found = [heard for heard in self.heard if heard.effect is Effect.ALLOW and not heard.counts]
        return tuple(sorted(found, key=_distance))

    def _counting(self, effect: Effect) -> tuple[StatementRef, ...]:
        counting = (heard.ref for heard in self.heard if heard.effect is effect and heard.counts)
        return tuple(dict.fromkeys(counting))


def _distance(heard: Heard) -> int:
    return (not heard.names_requester) + (not heard.means_resource) + bool(heard.unmet)


@dataclass(frozen=True, slots=True)
class Reasons:
    """A decision, and the places that it was made of, in the order in which people look at them."""

    request: Request
    decision: Decision
    places: tuple[Place, ...]

    def at(self, side: Side) -> Place | None:
        """Find a place that was asked; None where nothing is attached there."""
        return next((place for place in self.places if place.side is side), None)

    @property
    def silent(self) -> tuple[Side, ...]:
        """The kinds of policy that had to allow and did not: of an identity's and a resource's any one is enough."""
        side = self.decision.side
        if self.decision.allowed or side is None or self.decision.because:
            return ()
        resource = self.at(Side.RESOURCE)
        if side is Side.IDENTITY and self.request.same_account and resource is not None and not resource.allowances:
            return (Side.IDENTITY, Side.RESOURCE)
        return (side,)

    @property
    def matched(self) -> tuple[StatementRef, ...]:
        """All statements that made the decision: of a denial those that deny, else all that allow."""
        if not self.decision.allowed:
            return self.decision.because
        found = (ref for place in self.places for ref in place.allowances)
        return tuple(dict.fromkeys(found))


def reasons_of(request: Request, caller: CallerPolicies, resource: ResourcePolicies = NO_RESOURCE) -> Reasons:
    """Decide once more, and tell what was said where."""
    return Reasons(request, decide(request, caller, resource), tuple(_places(request, caller, resource)))


def _places(request: Request, caller: CallerPolicies, resource: ResourcePolicies) -> Iterator[Place]:
    if not request.of_root and request.requester.type is not RequesterType.SERVICE:
        yield Place(Side.IDENTITY, caller.identity.hear(request))
        for side, policies in caller.limits:
            yield Place(side, policies.hear(request))
    attached = places_of(request, resource)
    if attached:
        names, sparing = _names(request), may_be_spared(request, caller)
        heard = (one for policies in attached for one in policies.hear(request, names, sparing=sparing))
        yield Place(Side.RESOURCE, tuple(heard))


def _names(request: Request) -> Mapping[Effect, tuple[str, ...]]:
    """Tell who is meant on the resource's side: inside an account, naming the account allows nobody by itself."""
    names = request.requester.names
    allowed = (*names.itself, *names.role) if request.same_account else names.every
    return {Effect.ALLOW: allowed, Effect.DENY: names.every}
