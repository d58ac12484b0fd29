"""Every decision case beside this file is decided as it says, and every refused document is refused in its words.

A case names its caller from ``CALLERS``; its context says only what is not known from the caller and the resource.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pytest

from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, ResourcePolicies, Side, decide, denial
from moorage.policy.document import parse
from moorage.policy.elements import Attached, PolicyKind, Source
from moorage.policy.errors import MalformedPolicy
from moorage.policy.request import Request, Requester, RequesterType

HERE = Path(__file__).parent
HOME, OTHER = "111122223333", "444455556666"
CALLERS: Mapping[str, Requester] = {
    "alice": Requester(HOME, f"arn:aws:iam::{HOME}:user/team/alice", "AIDAALICEALICEALICE1", RequesterType.USER),
    "root": Requester(HOME, f"arn:aws:iam::{HOME}:root", HOME, RequesterType.ROOT),
    "ci": Requester(
        HOME,
        f"arn:aws:sts::{HOME}:assumed-role/ci/build-7",
        "AROACICICICICICICIC1:build-7",
        RequesterType.ASSUMED_ROLE,
        role_arn=f"arn:aws:iam::{HOME}:role/service-role/ci",
    ),
    "lambda": Requester("", "lambda.amazonaws.com", "lambda.amazonaws.com", RequesterType.SERVICE),
    "stranger": Requester(OTHER, f"arn:aws:iam::{OTHER}:user/bob", "AIDABOBBOBBOBBOBBOB1", RequesterType.USER),
    "other root": Requester(OTHER, f"arn:aws:iam::{OTHER}:root", OTHER, RequesterType.ROOT),
}
# A caller is known by its role or its own ARN, as in aws:PrincipalArn.
KNOWN_KEYS = ("aws:PrincipalArn", "aws:PrincipalAccount", "aws:PrincipalType", "aws:userid", "aws:ResourceAccount")


class Asked(TypedDict, total=False):
    caller: str
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, str | list[str]]


class Expected(TypedDict, total=False):
    outcome: str
    side: str | None
    denial: str


@dataclass(frozen=True, slots=True)
class DecisionCase:
    name: str
    request: Asked
    identity: tuple[object, ...]
    resource: object
    expect: Expected
    boundary: object = None
    session: object = None
    registry: object = None


@dataclass(frozen=True, slots=True)
class RefusedCase:
    name: str
    kind: str
    document: object
    sentence: str


def _cases() -> Iterator[tuple[str, Mapping[str, object]]]:
    for path in sorted(HERE.glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")):
            yield f"{path.stem}: {case['name']}", case


def _request(asked: Asked) -> Request:
    requester = CALLERS[asked["caller"]]
    account = asked.get("resource_account", HOME)
    known = (
        requester.role_arn or requester.arn,
        requester.account,
        requester.type.value,
        requester.unique_id,
        account,
    )
    context: dict[str, str | tuple[str, ...]] = {
        name.lower(): value for name, value in zip(KNOWN_KEYS, known, strict=True)
    }
    for name, value in asked.get("context", {}).items():
        context[name.lower()] = tuple(value) if isinstance(value, list) else value
    return Request(requester, asked["action"], asked["resource"], account, context)


DECISIONS = {label: DecisionCase(**case) for label, case in _cases() if "expect" in case}  # type: ignore[arg-type]  # JSON
REFUSED = {label: RefusedCase(**case) for label, case in _cases() if "sentence" in case}  # type: ignore[arg-type]  # JSON


def _compiled(source: Source, *documents: object) -> Compiled:
    return Compiled.of(
        (Attached(source, f"policy-{number}"), parse(json.dumps(document), source.kind))
        for number, document in enumerate(documents)
    )


def _maybe(source: Source, document: object) -> Compiled | None:
    return None if document is None else _compiled(source, document)


@pytest.mark.parametrize("case", DECISIONS.values(), ids=DECISIONS)
def test_the_decision_is_the_one_expected(case: DecisionCase) -> None:
    request = _request(case.request)
    caller = CallerPolicies(
        _compiled(Source.INLINE, *case.identity),
        _maybe(Source.BOUNDARY, case.boundary),
        _maybe(Source.SESSION, case.session),
    )
    resource = ResourcePolicies(_maybe(Source.REPOSITORY, case.resource), _maybe(Source.REGISTRY, case.registry))
    decision = decide(request, caller, resource)
    side = case.expect["side"]
    assert (decision.outcome.name, decision.side) == (case.expect["outcome"], side and Side[side])
    if "denial" in case.expect:
        assert denial(decision, request) == case.expect["denial"]


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_the_document_is_refused_in_these_words(case: RefusedCase) -> None:
    text = case.document if isinstance(case.document, str) else json.dumps(case.document)
    with pytest.raises(MalformedPolicy) as refused:
        parse(text, PolicyKind(case.kind))
    assert str(refused.value) == case.sentence


def test_no_two_cases_share_a_name() -> None:
    labels = [label for label, _ in _cases()]
    assert len(labels) == len(set(labels)) == len(DECISIONS) + len(REFUSED)


def test_there_are_hundreds_of_decisions() -> None:
    """Nobody would notice cases that are not read."""
    assert len(DECISIONS) >= 300
