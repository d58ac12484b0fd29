"""The condition operators that are evaluated, as a table, and the names of those that are not yet.

An operator makes one test out of all values a policy wants for a key: the values are alternatives. What cannot be
read as the operator's type is refused when the policy is read; an *actual* value that cannot be read fits nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from moorage.domain.wildcard import Test, any_of
from moorage.policy.errors import SYNTAX, MalformedPolicy, not_evaluated
from moorage.policy.keys import KeyType
from moorage.policy.match import arn_glob

Wanted = tuple[str, ...]


def _equals(wanted: Wanted) -> Test:
    return frozenset(wanted).__contains__


def _equals_in_any_case(wanted: Wanted) -> Test:
    lowered = frozenset(value.lower() for value in wanted)
    return lambda actual: actual.lower() in lowered


def _arn_like(wanted: Wanted) -> Test:
    tests = tuple(arn_glob(value) for value in wanted)
    return lambda actual: any(test(actual) for test in tests)


def _bool(wanted: Wanted) -> Test:
    if not {value.lower() for value in wanted} <= {"true", "false"}:
        raise MalformedPolicy(SYNTAX)
    return _equals_in_any_case(wanted)


@dataclass(frozen=True, slots=True)
class Operator:
    """How values are compared; a negated operator holds exactly where its positive twin does not."""

    test: Callable[[Wanted], Test]
    types: frozenset[KeyType]
    negated: bool = False


# Any key can be compared as text; a key that is no ARN or no boolean cannot be compared as one.
_TEXT = frozenset(KeyType)
_ARN = frozenset({KeyType.ARN})

OPERATORS: Mapping[str, Operator] = {
    "StringEquals": Operator(_equals, _TEXT),
    "StringNotEquals": Operator(_equals, _TEXT, negated=True),
    "StringEqualsIgnoreCase": Operator(_equals_in_any_case, _TEXT),
    "StringNotEqualsIgnoreCase": Operator(_equals_in_any_case, _TEXT, negated=True),
    "StringLike": Operator(any_of, _TEXT),
    "StringNotLike": Operator(any_of, _TEXT, negated=True),
    # IAM: "ArnEquals and ArnLike behave identically", wildcards included.
    "ArnEquals": Operator(_arn_like, _ARN),
    "ArnNotEquals": Operator(_arn_like, _ARN, negated=True),
    "ArnLike": Operator(_arn_like, _ARN),
    "ArnNotLike": Operator(_arn_like, _ARN, negated=True),
    "Bool": Operator(_bool, frozenset({KeyType.BOOL})),
}

_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_LATER = frozenset(
    {
        "BinaryEquals",
        "IpAddress",
        "NotIpAddress",
        "Null",
        *(f"Numeric{comparison}" for comparison in _COMPARISONS),
        *(f"Date{comparison}" for comparison in _COMPARISONS),
    }
)


def operator_named(name: str) -> Operator:
    """Find the operator of that name.

    Raises:
        MalformedPolicy: IAM knows no such operator, or this version does not evaluate it

    """
    operator = OPERATORS.get(name)
    if operator is not None:
        return operator
    plain = name.removeprefix("ForAnyValue:").removeprefix("ForAllValues:").removesuffix("IfExists")
    if plain in _LATER or plain in OPERATORS:
        raise not_evaluated("condition operator", name)
    raise MalformedPolicy
