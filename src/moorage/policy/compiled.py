"""Policies made ready to be asked many times: sorted by action, by principal and by resource, conditions last.

For each action asked about, the rules that speak of it are sorted once into shelves; what lies on a shelf for one
resource is remembered too, and which of that holds, by the facts that its conditions look at. A warm question is then
a few dictionary look-ups. All memos are bounded: clients can invent any number of actions, resources and facts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from moorage.domain.wildcard import Test, any_of, has_wildcard, literal_head, plain
from moorage.policy.conditions import Clause, clause_of
from moorage.policy.document import PolicyDocument, parse_stored
from moorage.policy.elements import Attached, Patterns, Resources
from moorage.policy.errors import MalformedPolicy
from moorage.policy.match import complete
from moorage.policy.moving import Moving, any_resource
from moorage.policy.request import (
    ANYONE,
    EVERYBODY_BUT,
    TIMES,
    Context,
    Names,
    Request,
    Unclear,
    Value,
    characters,
)
from moorage.policy.statement import Effect, Statement

# More than there are actions, and enough resources for a client at work; a full memo starts anew.
_MOST_ACTIONS = 128
_MOST_RESOURCES = 256
_MOST_FACTS = 16  # combinations of facts that the conditions at one resource were asked about, and are remembered
_LONGEST_FACTS = 1024  # characters of a combination that is remembered
_COLONS = 5  # of a whole ARN
_ANY_ACTION = Patterns(("*",))
_EVERYTHING = Resources(("*",))
_NAMELESS: Mapping[Effect, tuple[str, ...]] = dict.fromkeys(Effect, (ANYONE,))


@dataclass(frozen=True, slots=True)
class StatementRef:
    """Which statement; sids need not be unique. Without an index it is a whole document that could not be read."""

    policy: Attached
    index: int | None
    sid: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one statement that speaks of an action says of one request, and what of it does not fit.

    ``unmet`` are the condition keys, in lower case, whose conditions do not hold.
    """

    ref: StatementRef
    effect: Effect
    names_requester: bool
    means_resource: bool
    unmet: tuple[str, ...]

    @property
    def counts(self) -> bool:
        return self.names_requester and self.means_resource and not self.unmet


def _actions_test(patterns: Patterns) -> Test:
    fits = any_of(tuple(text.lower() for text in patterns.texts))
    return (lambda text: not fits(text)) if patterns.negated else fits


def _head(pattern: str) -> str:
    return literal_head(":".join(complete(pattern)))


def _heads(resources: Resources) -> tuple[str, ...]:
    """Give beginnings of which a resource that is meant has one."""
    if resources.negated:
        return ("",)
    return (*map(_head, resources.patterns), *(literal_head(template.head) for template in resources.templates))


@dataclass(frozen=True, slots=True)
class _Rule:
    """A statement made ready; of the places it speaks of, either ``literals`` or ``fits`` is used.

    ``spared`` are whom it does not mean, where it means everybody else; ``moving`` are resources that take facts of
    the request.
    """

    ref: StatementRef
    effect: Effect
    names: tuple[str, ...]
    spared: frozenset[str]
    speaks_of: Test
    literals: tuple[str, ...]
    everywhere: bool
    heads: tuple[str, ...]
    fits: Test
    moving: Moving | None
    clauses: tuple[Clause, ...]
    free: bool

    @classmethod
    def of(cls, ref: StatementRef, statement: Statement) -> "_Rule":
        resources = statement.resources or _EVERYTHING
        named = tuple(principal.means for principal in statement.principals)
        moving = Moving(resources) if resources.templates else None
        literal = moving is None and not resources.negated and not any(map(_is_pattern, resources.patterns))
        static = any_resource(resources.patterns)
        clauses = tuple(map(clause_of, statement.conditions))
        return cls(
            ref=ref,
            effect=statement.effect,
            names=(EVERYBODY_BUT,) if statement.spares else named or (ANYONE,),
            spared=frozenset(named) if statement.spares else frozenset(),
            speaks_of=_actions_test(statement.actions),
            literals=tuple(dict.fromkeys(map(plain, resources.patterns))) if literal else (),
            everywhere=not resources.negated and "*" in resources.patterns,
            heads=_heads(resources),
            fits=_anywhere if moving else (lambda text: not static(text)) if resources.negated else static,
            moving=moving,
            clauses=clauses,
            free=not clauses and moving is None and not statement.spares,
        )

    def holds(self, request: Request, *, sparing: bool) -> bool:
        if sparing and self.spared and self.spares(request.requester.names):
            return False
        context = request.context
        try:
            if self.moving is not None and not self.moving.fits(request.resource, context):
                return False
            for clause in self.clauses:  # asked for each rule of each request; a generator doubles the cost
                if not clause.holds(context):
                    return False
        except Unclear:
            return self._means(request) and all(self._met(clause, context) for clause in self.clauses)
        return True

    def _met(self, clause: Clause, context: Context) -> bool:
        try:
            return clause.holds(context)
        except Unclear:
            return self.effect is Effect.DENY

    @property
    def fixed(self) -> bool:
        """Whether the facts that its conditions name are all that it depends on."""
        return self.moving is None and not self.spared and all(clause.fixed for clause in self.clauses)

    def hear(self, request: Request, names: tuple[str, ...], *, sparing: bool) -> Heard:
        """Tell everything about the statement and a request, however long that takes."""
        if self.spared:
            named = not (sparing and self.spares(request.requester.names))
        else:
            named = not set(names).isdisjoint(self.names)
        unmet = (clause.condition.key for clause in self.clauses if not self._met(clause, request.context))
        return Heard(self.ref, self.effect, named, self._means(request), tuple(dict.fromkeys(unmet)))

    def _means(self, request: Request) -> bool:
        if self.moving is not None:
            try:
                return self.moving.fits(request.resource, request.context)
            except Unclear:
                return self.effect is Effect.DENY
        return request.resource in self.literals or self.fits(request.resource)

    def spares(self, names: Names) -> bool:
        """Whether the requester is named at each level: as itself, as its role, by its account."""
        return ANYONE in self.spared or all(not self.spared.isdisjoint(level) for level in names.levels)


def _anywhere(_resource: str) -> bool:
    return True


def _is_pattern(text: str) -> bool:
    return has_wildcard(text) or text.count(":") < _COLONS


class _Near:
    """The rules of a shelf that speak of one resource."""

    __slots__ = ("_answers", "_free", "_keys", "_rules")

    def __init__(self, rules: tuple[_Rule, ...]) -> None:
        self._rules = rules
        self._free = tuple(rule for rule in rules if rule.free)
        keys = dict.fromkeys(clause.condition.key for rule in rules for clause in rule.clauses)
        # What holds at one time is never asked for again, and would push out what is.
        lasting = TIMES.isdisjoint(keys) and all(rule.fixed for rule in rules)
        self._keys = tuple(keys) if lasting else None
        self._answers: dict[tuple[Value | None, ...], tuple[_Rule, ...]] = {}

    def some(self, request: Request) -> tuple[_Rule, ...]:
        """Give some that hold, if any does; where one needs no condition, none is looked at."""
        return self._free or self.all(request, sparing=True)

    def all(self, request: Request, *, sparing: bool) -> tuple[_Rule, ...]:
        """All that hold."""
        if len(self._free) == len(self._rules):
            return self._free
        if self._keys is None:
            return self._holding(request, sparing=sparing)
        get = request.context.get
        facts = tuple([get(key) for key in self._keys])  # a generator costs twice as much
        known = self._answers.get(facts)
        if known is None:
            known = self._holding(request, sparing=sparing)
            if characters(facts) <= _LONGEST_FACTS:
                if len(self._answers) >= _MOST_FACTS:
                    self._answers.clear()
                self._answers[facts] = known
        return known

    def _holding(self, request: Request, *, sparing: bool) -> tuple[_Rule, ...]:
        return tuple(rule for rule in self._rules if rule.free or rule.holds(request, sparing=sparing))


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

    def at(self, resource: str) -> _Near:
        """Find the rules that speak of the resource."""
        near = self._patterned if resource.startswith(self._heads) else ()
        found = chain(
            self._everywhere,
            self._literal.get(resource, ()),
            (rule for rule in near if resource.startswith(rule.heads) and rule.fits(resource)),
        )
        return _Near(tuple(found))


_Shelves = Mapping[Effect, Mapping[str, _Shelf]]


class Compiled:
    """Policies of one kind that are asked together: all of a caller's, or the one of a repository."""

    __slots__ = ("_near", "_rules", "_shelves")

    def __init__(self, rules: tuple[_Rule, ...]) -> None:
        self._rules = rules
        self._shelves: dict[str, _Shelves] = {}
        self._near: dict[tuple[_Shelf, str], _Near] = {}

    @property
    def statements(self) -> int:
        """How many statements there are."""
        return len(self._rules)

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
                documents.append((attached, parse_stored(text, attached.source.kind)))
            except MalformedPolicy:
                return cls.broken(attached)
        return cls.of(documents)

    @classmethod
    def broken(cls, attached: Attached) -> "Compiled":
        """Stand for a policy that cannot be read: who knows whom it denied."""
        statement = Statement("", Effect.DENY, _ANY_ACTION, _EVERYTHING, principals=(), conditions=())
        return cls((_Rule.of(StatementRef(attached, None), statement),))

    def denials(
        self, request: Request, names: tuple[str, ...] = (ANYONE,), *, sparing: bool = True
    ) -> tuple[StatementRef, ...]:
        """All statements that deny the request to somebody of these names; unless ``sparing`` a NotPrincipal too."""
        asked = self._asked(Effect.DENY, request, names)
        return tuple(dict.fromkeys(rule.ref for near in asked for rule in near.all(request, sparing=sparing)))

    def allowance(self, request: Request, names: tuple[str, ...] = (ANYONE,)) -> tuple[StatementRef, ...]:
        """One statement that allows the request to somebody of these names, if there is any."""
        for near in self._asked(Effect.ALLOW, request, names):
            for rule in near.some(request):
                return (rule.ref,)
        return ()

    def hear(
        self, request: Request, names: Mapping[Effect, tuple[str, ...]] = _NAMELESS, *, sparing: bool = True
    ) -> tuple[Heard, ...]:
        """Tell what each statement that speaks of the action says of the request: for people, and slow.

        ``names`` are those that mean the requester in statements of an effect.
        """
        lowered = request.action.lower()
        speaking = (rule for rule in self._rules if rule.speaks_of(lowered))
        return tuple(rule.hear(request, names[rule.effect], sparing=sparing) for rule in speaking)

    def _asked(self, effect: Effect, request: Request, names: tuple[str, ...]) -> Iterator[_Near]:
        """Give the rules that speak of the action and the resource, name by name."""
        shelves = self._for_action(request.action)[effect]
        if not shelves:
            return
        for name in names:
            shelf = shelves.get(name)
            if shelf is not None:
                yield self._on(shelf, request.resource)

    def _on(self, shelf: _Shelf, resource: str) -> _Near:
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
