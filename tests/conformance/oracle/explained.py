"""Where this evaluator and the oracle may differ, and why: every difference that is not of this list fails the test.

Each entry names a documented rule that the oracle does not follow, or a question that AWS leaves open.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.oracle.generate import SESSION, Case, Json


@dataclass(frozen=True, slots=True)
class Difference:
    """A reason to differ, and in which cases it may count."""

    name: str
    why: str
    applies: Callable[[Case], bool]


def _documents(case: Case) -> Iterator[Json]:
    yield from case.identity
    yield from (document for document in (case.resource_policy, case.boundary, case.session) if document)


def _holds(case: Case, pattern: str) -> bool:
    return any(re.search(pattern, json.dumps(document)) for document in _documents(case))


def _is_missing(case: Case) -> bool:
    """Whether ForAnyValue with IfExists asks for a key that the request does not have."""
    return "aws:TagKeys" not in case.context and _holds(case, r'"ForAnyValue:\w+IfExists"')


EXPLAINED = (
    Difference(
        "session policy",
        "AWS: what a resource grants to a session by its own ARN, or to anybody, is not limited by an implicit deny in "
        "a session policy. The oracle limits it; its read-me says that session policies are still to come.",
        lambda case: case.principal == SESSION and case.session is not None and case.resource_policy is not None,
    ),
    Difference(
        "NotPrincipal",
        "AWS: a NotPrincipal must name the account too, and of a session the role, or the account is denied. The "
        "oracle spares whoever is named at one level, and with an account everybody in it: decision 0046.",
        lambda case: _holds(case, '"NotPrincipal"'),
    ),
    Difference(
        "ForAnyValue with IfExists",
        "AWS: IfExists makes a condition true where the key is not present. The oracle lets ForAnyValue have its way.",
        _is_missing,
    ),
    Difference(
        "several values without a qualifier",
        "AWS does not say what an operator without a qualifier means for a key with several values. Here one that fits "
        "is enough, and a negated operator spares none; the oracle says that nothing fits.",
        lambda case: (
            isinstance(case.context.get("aws:TagKeys"), tuple) and _holds(case, r'"(?!For)[A-Z]\w+": \{"aws:TagKeys"')
        ),
    ),
    Difference(
        "variables in the old version",
        "AWS: policy variables need Version 2012-10-17, they are text in 2008-10-17. The oracle fills them in both.",
        lambda case: _holds(case, r'"2008-10-17".*\$\{'),
    ),
    Difference(
        "incomplete ARNs",
        "AWS: what an incomplete ARN leaves out is filled with stars. The oracle does so in identity policies alone.",
        lambda case: '"arn:aws:ecr"' in json.dumps(case.resource_policy),
    ),
    Difference(
        "addresses of another family",
        "An IPv6 address is not an IPv4 one that stands without a prefix length. The oracle cannot compare the two.",
        lambda case: ":" in str(case.context.get("aws:SourceIp")) and _holds(case, '"192.168.1.1"'),
    ),
    Difference(
        "a missing variable in a negated ARN",
        "AWS: a variable without a value matches nothing, and here it spoils a negation too, in whatever part of the "
        "ARN it stands. The oracle looks no further than the first part that differs.",
        lambda case: "aws:username" not in case.context and _holds(case, r'"ArnNot.*\$\{aws:username\}'),
    ),
    Difference(
        "a year alone",
        "AWS takes dates of the W3C's profile, in which 2026 is a year, and seconds since 1970. The oracle reads "
        "seconds.",
        lambda case: _holds(case, '"Date') and _holds(case, '"2026"'),
    ),
    Difference(
        "every address",
        "AWS: 0.0.0.0/0 is every IPv4 address. The oracle finds none in it.",
        lambda case: _holds(case, r"0\.0\.0\.0/0"),
    ),
)
