"""Policies made ready to be asked many times: sorted by action, by principal and by resource, conditions last.

For each action asked about, the rules that speak of it are sorted once into shelves; what lies on a shelf for one
resource is remembered too. A warm question is then a few dictionary look-ups and the conditions of the rules that
are left. Both memos are bounded: clients can invent any number of actions and resources.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from moorage.domain.wildcard import Test, any_of, has_wildcard, literal_head
from moorage.policy.conditions import Clause
from moorage.policy.document import PolicyDocument, parse
from moorage.policy.elements import Attached, Patterns
from moorage.policy.errors import MalformedPolicy
from moorage.policy.request import ANYONE, Context, Request
from moorage.policy.statement import Effect, Statement

# More than there are actions, and enough resources for a client at work; a full memo starts anew.
_MOST_ACTIONS = 128
_MOST_RESOURCES = 256
_EVERYTHING = Patterns(("*",))


@dataclass(frozen=True, slots=True)
class StatementRef:
    """Which statement; sids need not be unique. Without an index it is a whole document that could not be read."""

    policy: Attached
    index: int | None
    sid: str = ""


def _test(patterns: Patterns) -> Test:
    fits = any_of(patterns.texts)
    return (lambda text: not fits(text)) if patterns.negated else fits


@dataclass(frozen=True, slots=True)
class _Rule:
    """A statement made ready; of the places it speaks of, either ``literals`` or ``fits`` is used."""

    ref: StatementRef
    effect: Effect
    names: tuple[str, ...]
    speaks_of: Test
    literals: tuple[str, ...]
    everywhere: bool
    heads: tuple[str, ...]
    fits: Test
    clauses: tuple[Clause, ...]

    @classmethod
    def of(cls, ref: StatementRef, statement: Statement) -> "_Rule":
        resources = statement.resources or _EVERYTHING
        literal = not resources.negated and not any(map(has_wildcard, resources.texts))
        actions = Patterns(tuple(text.lower() for text in statement.actions.texts), statement.actions.negated)
        return cls(
            ref=ref,
            effect=statement.effect,
            names=tuple(principal.name for principal in statement.principals) or (ANYONE,),
            speaks_of=_test(actions),
            literals=tuple(dict.fromkeys(resources.texts)) if literal else (),
            everywhere=not resources.negated and "*" in resources.texts,
            heads=("",) if resources.negated else tuple(map(literal_head, resources.texts)),
            fits=_test(resources),
            clauses=tuple(map(Clause.of, statement.conditions)),
        )

    def holds(self, context: Context) -> bool:
        for clause in self.clauses:  # noqa: SIM110 - asked for each rule of each request; a generator doubles the cost
            if not clause.holds(context):
                return False
        return True


class _Shelf:
    """Rules of one effect for one action and one principal, sorted by resource; each rule stands in one place."""

    __slots__ = ("_everywhere", "_heads", "_literal", "_patterned")

    def __init__(self, rules: Iterable[_Rule]) -> None:
        everywhere: list[_Rule] = []
        patterned: list[_Rule] = []
        literal: defaultdict[str, list[_Rule]] = defaultdict(list)
        for rule in rules:
            if rule.everywhere:
                everywhere.append(rule)
            elif not rule.literals:
                patterned.append(rule)
            for text in rule.literals:
                literal[text].append(rule)
        self._everywhere = tuple(everywhere)
        self._literal = dict(literal)
        self._patterned = tuple(patterned)
        self._heads = tuple({head for rule in patterned for head in rule.heads})

    def at(self, resource: str) -> tuple[_Rule, ...]:
        """Find the rules that speak of the resource, those without conditions first."""
        near = self._patterned if resource.startswith(self._heads) else ()
        found = chain(
            self._everywhere,
            self._literal.get(resource, ()),
            (rule for rule in near if resource.startswith(rule.heads) and rule.fits(resource)),
        )
        return tuple(sorted(found, key=lambda rule: bool(rule.clauses)))


_Shelves = Mapping[Effect, Mapping[str, _Shelf]]


class Compiled:
    """Policies of one kind that are asked together: all of a caller's, or the one of a repository."""

    __slots__ = ("_near", "_rules", "_shelves")

    def __init__(self, rules: tuple[_Rule, ...]) -> None:
        self._rules = rules
        self._shelves: dict[str, _Shelves] = {}
        self._near: dict[tuple[_Shelf, str], tuple[_Rule, ...]] = {}

    @classmethod
    def of(cls, policies: Iterable[tuple[Attached, PolicyDocument]]) -> "Compiled":
        """Compile documents, each with where it is attached."""
        return cls(
            tuple(
                _Rule.of(StatementRef(attached, index, statement.sid), statement)
                for attached, document in policies
                for index, statement in enumerate(document.statements)
            )
        )

    @classmethod
    def stored(cls, policies: Iterable[tuple[Attached, str]]) -> "Compiled":
        """Compile texts as they were stored; one that cannot be read any more denies everything."""
        documents: list[tuple[Attached, PolicyDocument]] = []
        for attached, text in policies:
            try:
                documents.append((attached, parse(text, attached.source.kind)))
            except MalformedPolicy:
                return cls.broken(attached)
        return cls.of(documents)

    @classmethod
    def broken(cls, attached: Attached) -> "Compiled":
        """Stand for a policy that cannot be read: who knows whom it denied."""
        statement = Statement("", Effect.DENY, _EVERYTHING, _EVERYTHING, principals=(), conditions=())
        return cls((_Rule.of(StatementRef(attached, None), statement),))

    def denials(self, request: Request, names: tuple[str, ...] = (ANYONE,)) -> tuple[StatementRef, ...]:
        """All statements that deny the request to somebody of these names."""
        return tuple(dict.fromkeys(self._matching(Effect.DENY, request, names)))

    def allowance(self, request: Request, names: tuple[str, ...] = (ANYONE,)) -> tuple[StatementRef, ...]:
        """One statement that allows the request to somebody of these names, if there is any."""
        for ref in self._matching(Effect.ALLOW, request, names):
            return (ref,)
        return ()

    def _matching(self, effect: Effect, request: Request, names: tuple[str, ...]) -> Iterator[StatementRef]:
        shelves = self._for_action(request.action)[effect]
        if not shelves:
            return
        for name in names:
            shelf = shelves.get(name)
            if shelf is not None:
                for rule in self._on(shelf, request.resource):
                    if rule.holds(request.context):
                        yield rule.ref

    def _on(self, shelf: _Shelf, resource: str) -> tuple[_Rule, ...]:
        known = self._near.get((shelf, resource))
        if known is not None:
            return known
        if len(self._near) >= _MOST_RESOURCES:
            self._near.clear()
        found = self._near[shelf, resource] = shelf.at(resource)
        return found

    def _for_action(self, action: str) -> _Shelves:
        known = self._shelves.get(action)
        if known is not None:
            return known
        if len(self._shelves) >= _MOST_ACTIONS:
            self._shelves.clear()
            self._near.clear()
        lowered = action.lower()
        speaking = [rule for rule in self._rules if rule.speaks_of(lowered)]
        found = {effect: _by_name(rule for rule in speaking if rule.effect is effect) for effect in Effect}
        self._shelves[action] = found
        return found


def _by_name(rules: Iterable[_Rule]) -> Mapping[str, _Shelf]:
    named: defaultdict[str, list[_Rule]] = defaultdict(list)
    for rule in rules:
        for name in rule.names:
            named[name].append(rule)
    return {name: _Shelf(found) for name, found in named.items()}
