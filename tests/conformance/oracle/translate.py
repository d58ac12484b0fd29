"""What the oracle has no word for, said in words that it has.

It knows no registry, no root and no action that only identity policies are asked about. None of this is a difference of
opinion: the case means the same, and AWS's rule for it is written beside each translation. The oracle decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from conformance.oracle.generate import (
    ACCOUNTS,
    ANOTHER_ROOT,
    LOG_IN,
    REPLICATE,
    RESCUE,
    ROOT,
    UNIQUE_IDS,
    Case,
    Json,
)

Statement = Mapping[str, object]
ANYTHING: Json = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
# What a registry's policy of scope V1 is asked about (spec/ecr/policies.md section 10).
_NARROW = frozenset({REPLICATE, "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"})


def statements(document: Json | None) -> Sequence[Statement]:
    if document is None:
        return ()
    listed = document["Statement"]
    return listed if isinstance(listed, list) else [listed]  # type: ignore[list-item]  # as the generator writes them


def listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def with_statements(document: Json | None, change: Callable[[Statement], Statement | None]) -> Json | None:
    """Change each statement, or leave it out where that gives None; without any there is no document."""
    if document is None:
        return None
    changed = [found for statement in statements(document) if (found := change(statement)) is not None]
    return {**document, "Statement": changed} if changed else None


def translate(case: Case) -> Case:
    return _resources(_unique_ids(places(_root(case))))


def _root(case: Case) -> Case:
    """Let the root do what its account may: it has no policies, and nothing keeps it from mending its repositories'."""
    if case.principal not in {ROOT, ANOTHER_ROOT}:
        return case
    rescued = case.action == RESCUE and ACCOUNTS[case.principal] == case.owner
    return replace(
        case,
        identity=(ANYTHING,),
        resource_policy=None if rescued else case.resource_policy,
        registry=None if rescued else case.registry,
    )


def places(case: Case) -> Case:
    """Leave out the policies that are not asked: for a password none, without a resource none of a repository."""
    return replace(
        case,
        resource_policy=None if case.resource == "*" else case.resource_policy,
        registry=None if case.action == LOG_IN or (case.narrow and case.action not in _NARROW) else case.registry,
    )


def _unique_ids(case: Case) -> Case:
    """Name users and roles by their ARNs; policies are kept with the ids that these stand for."""

    def named(statement: Statement) -> Statement:
        found = dict(statement)
        for element in ("Principal", "NotPrincipal"):
            principals = statement.get(element)
            if isinstance(principals, dict) and "AWS" in principals:
                arns = [UNIQUE_IDS.get(str(one), one) for one in listed(principals["AWS"])]
                found[element] = {**principals, "AWS": arns}
        return found

    return _in_resource_policies(case, named)


def _resources(case: Case) -> Case:
    """Say of what a repository's policy is: it needs no Resource."""

    def placed(statement: Statement) -> Statement:
        return statement if {"Resource", "NotResource"} & statement.keys() else {**statement, "Resource": "*"}

    return _in_resource_policies(case, placed)


def _in_resource_policies(case: Case, change: Callable[[Statement], Statement | None]) -> Case:
    return replace(
        case,
        resource_policy=with_statements(case.resource_policy, change),
        registry=with_statements(case.registry, change),
    )


def on_the_resources_side(case: Case) -> Json | None:
    """Give one policy for a repository's and a registry's: either may allow, either may deny."""
    found = [*statements(case.resource_policy), *statements(case.registry)]
    return {"Version": "2012-10-17", "Statement": found} if found else None
