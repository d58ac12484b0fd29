"""Compiled policies answer as the documents say, whatever was asked before."""

import json
from collections.abc import Mapping

import pytest

from moorage.policy import compiled
from moorage.policy.compiled import Compiled, StatementRef
from moorage.policy.decide import (
    NO_RESOURCE,
    CallerPolicies,
    Decision,
    Outcome,
    ResourcePolicies,
    Side,
)
from moorage.policy.decide import decide as decide_with
from moorage.policy.elements import Attached, Source
from moorage.policy.request import Request, Requester, RequesterType

ACCOUNT = "111122223333"
REPOSITORIES = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/"
ALICE = Requester(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDAEXAMPLEEXAMPLE12", RequesterType.USER)
ROOT = Requester(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, RequesterType.ROOT)
NO_POLICIES = Compiled.of(())
ALLOW_ALL = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


def decide(request: Request, identity: Compiled, resource: Compiled | None) -> Decision:
    policies = NO_RESOURCE if resource is None else ResourcePolicies(resource)
    return decide_with(request, CallerPolicies(identity), policies)


def inline(name: str) -> Attached:
    return Attached(Source.INLINE, name, "user alice")


def of_repository(name: str) -> Attached:
    return Attached(Source.REPOSITORY, name)


def asking(action: str = "ecr:PutImage", repository: str = "app", by: Requester = ALICE) -> Request:
    return Request(by, action, REPOSITORIES + repository, ACCOUNT)


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_stored_policy_that_cannot_be_read_denies_everything() -> None:
    identity = Compiled.stored([(inline("good"), ALLOW_ALL), (inline("bad"), "{}")])
    because = (StatementRef(inline("bad"), None),)
    assert decide(asking(), identity, None) == Decision(Outcome.EXPLICIT_DENY, because, Side.IDENTITY)


def test_a_broken_repository_policy_denies_everybody() -> None:
    identity = Compiled.stored([(inline("good"), ALLOW_ALL)])
    broken = Compiled.broken(of_repository("app"))
    because = (StatementRef(of_repository("app"), None),)
    assert decide(asking(), identity, broken) == Decision(Outcome.EXPLICIT_DENY, because, Side.RESOURCE)


def test_the_root_can_replace_a_broken_repository_policy() -> None:
    broken = Compiled.broken(of_repository("app"))
    assert decide(asking("ecr:SetRepositoryPolicy", by=ROOT), NO_POLICIES, broken).allowed


def test_no_policies_allow_nothing() -> None:
    assert decide(asking(), NO_POLICIES, None) == Decision(Outcome.IMPLICIT_DENY, side=Side.IDENTITY)


def test_a_denial_names_every_statement_that_denies() -> None:
    deny: dict[str, object] = {"Effect": "Deny", "Action": "ecr:*", "Resource": REPOSITORIES + "*"}
    identity = Compiled.stored([(inline("one"), policy(deny)), (inline("two"), policy({**deny, "Sid": "No"}))])
    assert decide(asking(), identity, None).because == (
        StatementRef(inline("one"), 0),
        StatementRef(inline("two"), 0, "No"),
    )


def test_a_statement_that_names_somebody_twice_is_told_once() -> None:
    names = ["*", ALICE.arn, ALICE.unique_id, ACCOUNT]
    statement = {"Effect": "Deny", "Principal": {"AWS": names}, "Action": "ecr:*"}
    resource = Compiled.stored([(of_repository("app"), policy(statement))])
    assert decide(asking(), NO_POLICIES, resource).because == (StatementRef(of_repository("app"), 0),)


def test_an_allow_across_accounts_names_a_statement_of_each_side() -> None:
    identity = Compiled.stored([(inline("all"), ALLOW_ALL)])
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "ecr:*"}
    resource = Compiled.stored([(of_repository("app"), policy(statement))])
    request = Request(ALICE, "ecr:PutImage", REPOSITORIES + "app", "444455556666")
    assert decide(request, identity, resource).because == (
        StatementRef(inline("all"), 0),
        StatementRef(of_repository("app"), 0),
    )


@pytest.fixture
def _small_memos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_MOST_ACTIONS", 2)
    monkeypatch.setattr(compiled, "_MOST_RESOURCES", 3)


@pytest.mark.usefixtures("_small_memos")
def test_answers_stay_the_same_when_a_memo_starts_anew() -> None:
    statement = {"Effect": "Allow", "Action": ["ecr:PutImage", "ecr:Get*"], "Resource": REPOSITORIES + "a*"}
    identity = Compiled.stored([(inline("some"), policy(statement))])
    questions = [asking(action, name) for action in ("ecr:PutImage", "ecr:GetX", "ecr:ListImages") for name in "abcde"]
    answers = [decide(question, identity, None).allowed for question in questions * 2]
    assert (
        answers == [question.action != "ecr:ListImages" and question.resource[-1] == "a" for question in questions] * 2
    )
