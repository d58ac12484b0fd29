"""The Condition element: read from its JSON, and turned into clauses that hold or do not hold in a request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Protocol

from moorage.domain.wildcard import Test, plain
from moorage.policy.errors import MalformedPolicy
from moorage.policy.operators import NULL, OPERATORS, Operator, Quantifier, Use, read_use
from moorage.policy.request import Context, Spellings, Unclear, characters
from moorage.policy.variables import Template, read_template

_MOST_FILLED = 64  # texts that one condition's variables were filled with, and are remembered
_LONGEST_FILLED = 1024  # characters of such a text, beyond what the policy itself says


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator; the wanted values are alternatives. Texts with variables in them are templates."""

    use: Use
    key: str
    wanted: tuple[str | Template, ...]


class Clause(Protocol):
    """A condition made ready to be asked many times."""

    @property
    def condition(self) -> Condition: ...

    @property
    def fixed(self) -> bool:
        """Whether the value of its key is all that it looks at."""
        ...

    def holds(self, context: Context, /) -> bool:
        """Whether the request fits.

        Raises:
            Unclear: nobody can say

        """
        ...


def clause_of(condition: Condition) -> Clause:
    if condition.use.name == NULL:
        return _Null(condition, frozenset(str(value).lower() == "true" for value in condition.wanted))
    operator = OPERATORS[condition.use.name]
    texts = tuple(value for value in condition.wanted if isinstance(value, str))
    if len(texts) < len(condition.wanted):
        return _Filled(condition, operator)
    return _Plain(condition, operator, operator.test(texts))


@dataclass(frozen=True, slots=True)
class _Null:
    """Whether a key has no value at all."""

    condition: Condition
    missing: frozenset[bool]
    fixed: bool = True

    def holds(self, context: Context, /) -> bool:
        return _is_missing(context.get(self.condition.key)) in self.missing


@dataclass(frozen=True, slots=True)
class _Plain:
    """An operator whose wanted values are the same in each request."""

    condition: Condition
    operator: Operator
    test: Test
    fixed: bool = True

    def holds(self, context: Context, /) -> bool:
        actual = context.get(self.condition.key)
        if isinstance(actual, str):
            return self.test(actual)
        return _fits(self.condition.use, self.operator, self.test, actual)


class _Filled:
    """An operator whose wanted values take facts of the request; the tests made of them are remembered."""

    __slots__ = ("_longest", "_operator", "_tests", "condition", "fixed")

    def __init__(self, condition: Condition, operator: Operator) -> None:
        self.condition, self._operator, self.fixed = condition, operator, False
        self._tests: dict[tuple[str, ...], Test] = {}
        said = sum(len(value) if isinstance(value, str) else value.length for value in condition.wanted)
        self._longest = said + len(condition.wanted) + _LONGEST_FILLED

    def holds(self, context: Context, /) -> bool:
        actual = context.get(self.condition.key)
        wanted = self._wanted(context)
        if not wanted and not _is_missing(actual):
            return False  # whatever is said with a fact that the request does not have is not said about it
        return _fits(self.condition.use, self._operator, self._test(wanted), actual)

    def _wanted(self, context: Context) -> tuple[str, ...]:
        """Fill the variables; one that cannot be filled is no alternative, and spoils a negation."""
        filled = [value if isinstance(value, str) else value.fill(context) for value in self.condition.wanted]
        found = tuple(text for text in filled if text is not None)
        if self._operator.negated and len(found) < len(filled):
            return ()
        return found if self._operator.wild else tuple(map(plain, found))

    def _test(self, wanted: tuple[str, ...]) -> Test:
        known = self._tests.get(wanted)
        if known is not None:
            return known
        made = self._made(wanted)
        if characters((wanted,)) <= self._longest:
            if len(self._tests) >= _MOST_FILLED:
                self._tests.clear()
            self._tests[wanted] = made
        return made

    def _made(self, wanted: tuple[str, ...]) -> Test:
        try:
            return self._operator.test(wanted)
        except MalformedPolicy:  # what was filled in makes no ARN
            return _nothing


def _nothing(_actual: str) -> bool:
    return False


def _is_missing(actual: str | tuple[str, ...] | None) -> bool:
    return actual is None or actual == ()


def _fits(use: Use, operator: Operator, test: Test, actual: str | tuple[str, ...] | None) -> bool:
    if isinstance(actual, str):
        return test(actual)
    if not actual:
        return _without_value(use, operator)
    if isinstance(actual, Spellings):
        raise Unclear
    if use.quantifier is Quantifier.ALL or (use.quantifier is Quantifier.NONE and operator.negated):
        return all(map(test, actual))
    return any(map(test, actual))


def _without_value(use: Use, operator: Operator) -> bool:
    """Judge a key that the request does not have: nothing of it is wrong for all, nothing is right for any."""
    if use.quantifier is Quantifier.ALL or use.if_exists:
        return True
    return use.quantifier is Quantifier.NONE and operator.negated


def _text(value: object) -> str:
    """Numbers and booleans may be written without quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and isfinite(value)):  # 1e999 is JSON, but read as infinite
        return str(value)
    raise MalformedPolicy


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedPolicy
    return value


def _condition(use: Use, key_name: str, value: object, *, variables: bool) -> Condition:
    vendor, colon, name = key_name.partition(":")
    if not colon:
        raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if not vendor or not name:
        raise MalformedPolicy
    wanted = tuple(_text(item) for item in (value if isinstance(value, list) else [value]))
    if not wanted:
        raise MalformedPolicy
    operator = OPERATORS["Bool" if use.name == NULL else use.name]
    if not (variables and operator.takes_variables):
        operator.test(wanted)  # refuses what the operator cannot read
        return Condition(use, key_name.lower(), wanted)
    read = tuple(map(read_template, wanted))
    operator.test(tuple(text for text in read if isinstance(text, str)))
    if not operator.wild:
        read = tuple(plain(text) if isinstance(text, str) else text for text in read)
    return Condition(use, key_name.lower(), read)


def _each(element: object, *, variables: bool) -> Iterator[Condition]:
    for operator_name, keys in _object(element).items():
        use = read_use(operator_name)
        for key_name, value in _object(keys).items():
            yield _condition(use, key_name, value, variables=variables)


def parse_conditions(element: object, *, variables: bool) -> tuple[Condition, ...]:
    """Read a Condition element; ``variables`` says whether ``${`` begins a policy variable in this document.

    Raises:
        MalformedPolicy: it cannot be read

    """
    found = tuple(_each(element, variables=variables))
    if len({(condition.use, condition.key) for condition in found}) != len(found):
        raise MalformedPolicy  # one key in two spellings
    return found
