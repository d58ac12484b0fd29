"""Where this evaluator and the oracle differ, and why.

Each difference names a documented rule that the oracle does not follow, or a question that AWS leaves open, and writes
a case anew so that the oracle, asked in these words, decides by that rule. So each case has one right answer, which the
oracle gives; nothing is right only because some feature is in sight. What the rewriting changed is counted: ``most`` is
the share of cases of which the oracle may say something else when it is asked plainly. None of them is there in vain.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from conformance.oracle.generate import ACCOUNTS, ANOTHER_ROOT, ROLE, ROOT, SERVICE, SESSION, Case, Json
from conformance.oracle.translate import Statement, listed, places, statements, with_statements

_VARIABLE = re.compile(r"\$\{([\w:/]+)\}")  # without a default


@dataclass(frozen=True, slots=True)
class Difference:
    """A reason to differ; ``rewrite`` gives the case as the oracle has to be asked."""

    name: str
    why: str
    most: float
    rewrite: Callable[[Case], Case]


def everywhere(case: Case, change: Callable[[Json], Json | None]) -> Case:
    """Change each document; of a caller's own ones none may vanish."""

    def kept(document: Json | None) -> Json | None:
        return None if document is None else change(document)

    return replace(
        case,
        identity=tuple(found for document in case.identity if (found := kept(document)) is not None),
        resource_policy=kept(case.resource_policy),
        registry=kept(case.registry),
        boundary=kept(case.boundary),
        session=kept(case.session),
    )


Clause = tuple[str, str, list[object]]  # operator, key and wanted values


def clauses(case: Case, change: Callable[[Clause], Clause | None]) -> Case:
    """Change each condition, or leave it out where it holds anyway."""

    def changed(statement: Statement) -> Statement:
        condition = statement.get("Condition")
        if not isinstance(condition, dict):
            return statement
        found: dict[str, dict[str, object]] = {}
        for operator, wanted in condition.items():
            for key, values in wanted.items():
                clause = change((operator, key, listed(values)))
                if clause is not None:
                    name, written, texts = clause
                    while written in found.get(name, {}):
                        written = written.swapcase()  # keys know no case: a second condition of one operator and key
                    found.setdefault(name, {})[written] = texts
        rest = {name: value for name, value in statement.items() if name != "Condition"}
        return {**rest, "Condition": found} if found else rest

    return everywhere(case, lambda document: with_statements(document, changed))


def _old_version(case: Case) -> Case:
    def changed(document: Json) -> Json:
        if document["Version"] != "2008-10-17":
            return document
        text: Json = json.loads(json.dumps(document).replace("${", "${$}{"))
        return {**text, "Version": "2012-10-17"}

    return everywhere(case, changed)


def _if_exists(case: Case) -> Case:
    def changed(clause: Clause) -> Clause | None:
        operator, key, _ = clause
        missing = key.lower() not in {fact.lower() for fact in case.context}
        return None if missing and re.fullmatch(r"ForAnyValue:\w+IfExists", operator) else clause

    return clauses(case, changed)


def _several_values(case: Case) -> Case:
    def changed(clause: Clause) -> Clause:
        operator, key, wanted = clause
        if key != "aws:TagKeys" or ":" in operator or operator == "Null" or key not in case.context:
            return clause
        return ("ForAllValues:" if "Not" in operator else "ForAnyValue:") + operator, key, wanted

    return clauses(case, changed)


def _of_operators(pattern: str, values: Callable[[object], Sequence[object]]) -> Callable[[Case], Case]:
    """Rewrite the wanted values of some operators."""

    def changed(clause: Clause) -> Clause:
        operator, key, wanted = clause
        if re.match(pattern, operator) is None:
            return clause
        return operator, key, [text for value in wanted for text in values(value)]

    return lambda case: clauses(case, changed)


def _missing_variable(case: Case) -> Case:
    def changed(clause: Clause) -> Clause:
        operator, key, wanted = clause
        missing = "aws:username" not in case.context and any("${aws:username}" in str(value) for value in wanted)
        return (operator, key, ["arn:*:*:*:*:*"]) if missing and operator.startswith("ArnNot") else clause

    return clauses(case, changed)


def _incomplete(case: Case) -> Case:
    def full(statement: Statement) -> Statement:
        found = dict(statement)
        for element in {"Resource", "NotResource"} & found.keys():
            texts = map(str, listed(found[element]))
            found[element] = [text if text == "*" else text + ":*" * (5 - text.count(":")) for text in texts]
        return found

    return everywhere(case, lambda document: with_statements(document, full))


def _nowhere(case: Case) -> Case:
    def changed(statement: Statement) -> Statement:
        keys = {key for text in listed(statement.get("NotResource", "")) for key in _VARIABLE.findall(str(text))}
        return {**statement, "NotResource": "*"} if keys - case.context.keys() else statement

    return case if case.resource != "*" else everywhere(case, lambda document: with_statements(document, changed))


def _not_principal(case: Case) -> Case:
    def told(statement: Statement) -> Statement | None:
        if "NotPrincipal" not in statement:
            return statement
        if _is_spared(case, statement["NotPrincipal"]):
            return None
        return {**{name: value for name, value in statement.items() if name != "NotPrincipal"}, "Principal": "*"}

    return replace(
        case,
        resource_policy=with_statements(case.resource_policy, told),
        registry=with_statements(case.registry, told),
    )


def _is_spared(case: Case, principals: object) -> bool:
    if case.boundary is not None:
        return False
    names = {"*"} if principals == "*" else set[object]()
    if isinstance(principals, dict):
        names = {name for value in principals.values() for name in listed(value)}
    names = {ACCOUNTS[str(name)] if name in {ROOT, ANOTHER_ROOT} else name for name in names}
    levels = [case.principal, ACCOUNTS[case.principal]]
    if case.principal == SESSION:
        levels.append(ROLE)
    elif case.principal in {ROOT, ANOTHER_ROOT}:
        levels = levels[1:]
    elif case.principal == SERVICE:
        levels = levels[:1]
    return "*" in names or names.issuperset(levels)


def _session(case: Case) -> Case:
    """Let the session policy allow what the resource grants to the session itself: it does not limit that."""
    if case.session is None or ACCOUNTS[case.principal] != case.owner:
        return case
    asked = places(case)
    granted = [
        {**_placed(statement), **{name: value for name, value in statement.items() if name != "Principal"}}
        for document in (asked.resource_policy, asked.registry)
        for statement in statements(document)
        if statement["Effect"] == "Allow" and _names_session(statement["Principal"])
    ]
    return replace(case, session={**case.session, "Statement": [*statements(case.session), *granted]})


def _placed(statement: Statement) -> Statement:
    return {} if {"Resource", "NotResource"} & statement.keys() else {"Resource": "*"}


def _names_session(principals: object) -> bool:
    if isinstance(principals, dict):
        return not {"*", SESSION}.isdisjoint(map(str, listed(principals.get("AWS"))))
    return principals == "*"


# In this order: what a document's version means is said before anything is copied from it.
EXPLAINED = (
    Difference(
        "variables in the old version",
        "AWS: policy variables need Version 2012-10-17, they are text in 2008-10-17. The oracle fills them in both.",
        0.001,
        _old_version,
    ),
    Difference(
        "ForAnyValue with IfExists",
        "AWS: IfExists makes a condition true where the key is not present. The oracle lets ForAnyValue have its way.",
        0.002,
        _if_exists,
    ),
    Difference(
        "several values without a qualifier",
        "AWS does not say what an operator without a qualifier means for a key with several values. Here one that fits "
        "is enough, and a negated operator spares none; the oracle says that nothing fits.",
        0.002,
        _several_values,
    ),
    Difference(
        "a year alone",
        "AWS takes dates of the W3C's profile, in which 2026 is a year, and seconds since 1970. The oracle reads "
        "seconds.",
        0.002,
        _of_operators("Date", lambda value: ["2026-01-01T00:00:00Z" if value == "2026" else value]),
    ),
    Difference(
        "every address",
        "AWS: 0.0.0.0/0 is every IPv4 address. The oracle finds none in it.",
        0.004,
        _of_operators("(Not)?Ip", lambda value: ["0.0.0.0/1", "128.0.0.0/1"] if value == "0.0.0.0/0" else [value]),
    ),
    Difference(
        "addresses of another family",
        "An IPv6 address is not an IPv4 one that stands without a prefix length. The oracle cannot compare the two.",
        0.003,
        _of_operators("(Not)?Ip", lambda value: [f"{value}/32" if value == "192.168.1.1" else value]),
    ),
    Difference(
        "a missing variable in a negated ARN",
        "AWS: a variable without a value matches nothing, and here it spoils a negation too, in whatever part of the "
        "ARN it stands. The oracle looks no further than the first part that differs.",
        0.002,
        _missing_variable,
    ),
    Difference(
        "incomplete ARNs",
        "AWS: what an incomplete ARN leaves out is filled with stars. The oracle does so in identity policies alone, "
        "and takes a NotResource of such a one for a fault where the action has no resource.",
        0.008,
        _incomplete,
    ),
    Difference(
        "a missing variable where there is no resource",
        "AWS: a variable without a value matches nothing, and here it spoils a NotResource too. The oracle agrees, but "
        "not for an action without a resource, for which it does not look at the variables.",
        0.001,
        _nowhere,
    ),
    Difference(
        "NotPrincipal",
        "AWS: a NotPrincipal must name the account too, and of a session the role, or the account is denied. The "
        "oracle spares whoever is named at one level, and with an account everybody in it: decision 0046.",
        0.005,
        _not_principal,
    ),
    Difference(
        "session policy",
        "AWS: what a resource grants to a session by its own ARN, or to anybody, is not limited by an implicit deny in "
        "a session policy. The oracle limits it; its read-me says that session policies are still to come.",
        0.005,
        _session,
    ),
)


def rewritten(case: Case) -> Case:
    """Apply all of them."""
    for difference in EXPLAINED:
        case = difference.rewrite(case)
    return case
