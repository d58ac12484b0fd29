"""IAM's policy simulator: what the evaluator would decide, asked of documents and not of a call.

The evaluator is the one that decides calls. What a principal is known by counts as given; whatever else a condition
asks for has to be in the request, or is told as missing.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from moorage.domain.arns import account_in
from moorage.domain.identityfacts import InvalidInput
from moorage.domain.names import AccountId
from moorage.operations.access import judge_action
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.identities import Texts
from moorage.operations.listing import Listing, Page, Paging
from moorage.policy.compiled import Compiled, StatementRef
from moorage.policy.contextkeys import keys_by_statement, keys_of
from moorage.policy.decide import CallerPolicies, Outcome, ResourcePolicies, Side
from moorage.policy.elements import Attached
from moorage.policy.match import is_arn
from moorage.policy.positions import Position, Span, spans
from moorage.policy.reasons import Place, Reasons, reasons_of
from moorage.policy.request import ANY_RESOURCE, Request, Requester, Value

_MOST_WORK = 10_000_000  # seconds of work at worst; a hundred questions about 100,000 characters of policies
_USUAL = 256  # characters of what is compared with policies; twice as many are twice the work
_EACH = 64  # characters that each of several values counts more, for each is compared by itself
_MOST_TOLD = 20_000  # statements and context keys in one answer
_TOO_MUCH = (
    "this is too much for one simulation: ask about fewer actions or resources at once, or with a smaller MaxItems"
)
_NOWHERE = Span(Position(1, 1), Position(1, 1))
_SEVERITY = (Outcome.ALLOWED, Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Who could ask, and the documents that decide; ``boundary`` is None where nothing bounds the requester."""

    requester: Requester
    identity: Texts
    boundary: Texts | None
    resource: Texts
    owner: AccountId
    context: Mapping[str, Value]
    actions: Sequence[str]
    resources: Sequence[str]


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that made a decision, and where it stands in its document."""

    policy: Attached
    span: Span


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about one resource, or about all that were asked about together.

    ``bounded`` is what a boundary says, where there is one; ``sides`` what each kind of policy says, across accounts.
    """

    resource: str
    outcome: Outcome
    matched: tuple[Match, ...]
    missing: tuple[str, ...]
    bounded: bool | None
    sides: Mapping[Side, Outcome]


@dataclass(frozen=True, slots=True)
class Result:
    """What was decided about one action; ``each`` is empty where no resource was named."""

    action: str
    whole: Verdict
    each: tuple[Verdict, ...]


async def simulate(env: Env, granted: Granted, asked: Simulation, operation: str, paging: Paging) -> Page[Result]:
    """Decide about each action, a page of them.

    Raises:
        InvalidInput: among others for more than one call may hold up others with

    """
    for action in asked.actions:
        judge_action(action)
    numbered = [f"{number:06d}" for number in range(len(asked.actions))]
    page = Listing(env, granted, operation).cut(paging, numbered, str)
    if _work(asked, len(page.items)) > _MOST_WORK:
        raise InvalidInput(_TOO_MUCH)
    bench = _Bench(asked)
    return Page([await bench.decide(asked.actions[int(number)]) for number in page.items], page.marker)


def _work(asked: Simulation, actions: int) -> int:
    """Count what there is to compare: each character of the documents with each question, more with long texts."""
    said = sum(len(text) for _, text in (*asked.identity, *(asked.boundary or ()), *asked.resource))
    longest = max(map(_size, (*asked.resources, *asked.context.values(), *asked.requester.facts.values())), default=0)
    return said * actions * max(1, len(asked.resources)) * (1 + longest // _USUAL)


def _size(value: Value) -> int:
    return sum(len(text) + _EACH for text in ((value,) if isinstance(value, str) else value))


class _Bench:
    """The documents made ready, their statements' places, and the keys that these ask for."""

    def __init__(self, asked: Simulation) -> None:
        self._asked = asked
        self._told = 0
        boundary = None if asked.boundary is None else Compiled.stored(asked.boundary)
        self._caller = CallerPolicies(Compiled.stored(asked.identity), boundary)
        self._resource = ResourcePolicies(Compiled.stored(asked.resource) if asked.resource else None)
        texts = [*asked.identity, *(asked.boundary or ()), *asked.resource]
        self._spans = {policy: _spans(text) for policy, text in texts}
        self._keys = keys_by_statement(texts)

    async def decide(self, action: str) -> Result:
        resources = self._asked.resources or (ANY_RESOURCE,)
        each: list[Verdict] = []
        for resource in resources:
            verdict = self._verdict(action, resource)
            self._told += len(verdict.matched) + len(verdict.missing)
            if self._told > _MOST_TOLD:
                raise InvalidInput(_TOO_MUCH)
            each.append(verdict)
            await asyncio.sleep(0)  # others have their turn
        named = each if any(resource != ANY_RESOURCE for resource in resources) else []
        return Result(action, _together(each), tuple(named))

    def _verdict(self, action: str, resource: str) -> Verdict:
        asked = self._asked
        owner = _owner(resource) or asked.owner
        facts = {"aws:resourceaccount": owner, **asked.requester.facts, **asked.context}
        found = reasons_of(Request(asked.requester, action, resource, owner, facts), self._caller, self._resource)
        boundary = found.at(Side.BOUNDARY)
        return Verdict(
            resource,
            found.decision.outcome,
            tuple(self._match(ref) for ref in found.matched),
            self._missing(found, facts),
            None if boundary is None else _said(boundary) is Outcome.ALLOWED,
            {} if found.request.same_account else {place.side: _said(place) for place in found.places},
        )

    def _match(self, ref: StatementRef) -> Match:
        known = self._spans[ref.policy]
        return Match(ref.policy, _NOWHERE if ref.index is None else known[ref.index])

    def _missing(self, found: Reasons, facts: Mapping[str, Value]) -> tuple[str, ...]:
        heard = [heard.ref for place in found.places for heard in place.heard if heard.names_requester]
        return tuple(key for key in keys_of(heard, self._keys) if key.lower() not in facts)


def _spans(text: str) -> tuple[Span, ...]:
    try:
        return spans(text)
    except (ValueError, IndexError, RecursionError):  # it cannot be read, and denies everything as a whole
        return ()


def _owner(resource: str) -> AccountId | None:
    named = account_in(resource) if is_arn(resource) else ""
    return AccountId(named) if named else None


def _said(place: Place) -> Outcome:
    if place.denials:
        return Outcome.EXPLICIT_DENY
    return Outcome.ALLOWED if place.allowances else Outcome.IMPLICIT_DENY


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    return max(outcomes, key=_SEVERITY.index)


def _together(each: Sequence[Verdict]) -> Verdict:
    """Tell of all resources the worst, and the statements that made it."""
    outcome = _worst(verdict.outcome for verdict in each)
    said = [verdict.bounded for verdict in each if verdict.bounded is not None]
    sides = dict.fromkeys(side for verdict in each for side in verdict.sides)
    return Verdict(
        each[0].resource if len(each) == 1 else ANY_RESOURCE,
        outcome,
        tuple(dict.fromkeys(match for verdict in each if verdict.outcome is outcome for match in verdict.matched)),
        tuple(dict.fromkeys(key for verdict in each for key in verdict.missing)),
        all(said) if said else None,
        {side: _worst(verdict.sides[side] for verdict in each if side in verdict.sides) for side in sides},
    )
