"""The Condition element: read from its JSON, and turned into clauses that hold or do not hold in a request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from moorage.domain.wildcard import Test
from moorage.policy.elements import refuse_variables
from moorage.policy.errors import MalformedPolicy, not_evaluated
from moorage.policy.keys import KEYS
from moorage.policy.operators import OPERATORS, operator_named
from moorage.policy.request import Context


@dataclass(frozen=True, slots=True)
class Condition:
    """One key of one operator; the wanted values are alternatives."""

    operator: str
    key: str
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition made ready to be asked many times."""

    key: str
    negated: bool
    test: Test

    @classmethod
    def of(cls, condition: Condition) -> "Clause":
        operator = OPERATORS[condition.operator]
        return cls(condition.key, operator.negated, operator.test(condition.wanted))

    def holds(self, context: Context) -> bool:
        """Whether the request fits; of a key with several values one that matches is enough.

        A key that the request does not have matches nothing, so that a negated operator holds.
        """
        actual = context.get(self.key)
        if actual is None:
            return self.negated
        found = self.test(actual) if isinstance(actual, str) else any(map(self.test, actual))
        return found is not self.negated


def _text(value: object) -> str:
    """Numbers and booleans may be written without quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    raise MalformedPolicy


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise MalformedPolicy
    return value


def _condition(operator_name: str, key_name: str, value: object, *, variables: bool) -> Condition:
    operator = operator_named(operator_name)
    if ":" not in key_name:
        raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    key = key_name.lower()
    kind = KEYS.get(key)
    if kind is None:
        raise not_evaluated("condition key", key_name)
    if kind not in operator.types:
        raise MalformedPolicy(f"The condition operator {operator_name} cannot be used with the key {key_name}.")
    wanted = tuple(_text(item) for item in (value if isinstance(value, list) else [value]))
    if not wanted:
        raise MalformedPolicy
    if variables:
        for text in wanted:
            refuse_variables(text)
    operator.test(wanted)  # refuses what the operator cannot read
    return Condition(operator_name, key, wanted)


def _each(element: object, *, variables: bool) -> Iterator[Condition]:
    for operator_name, keys in _object(element).items():
        operator_named(operator_name)
        for key_name, value in _object(keys).items():
            yield _condition(operator_name, key_name, value, variables=variables)


def parse_conditions(element: object, *, variables: bool) -> tuple[Condition, ...]:
    """Read a Condition element; ``variables`` says whether ``${`` begins a policy variable in this document.

    Raises:
        MalformedPolicy: it cannot be read, or asks for something that is not evaluated

    """
    found = tuple(_each(element, variables=variables))
    if len({(condition.operator, condition.key) for condition in found}) != len(found):
        raise MalformedPolicy  # one key in two spellings
    return found
