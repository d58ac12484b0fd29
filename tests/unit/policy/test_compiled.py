"""Compiled policies answer as the documents say, whatever was asked before."""

import json
from collections.abc import Mapping

import pytest

from moorage.policy import compiled
from moorage.policy.compiled import Compiled, StatementRef
from moorage.policy.decide import Decision, Outcome, Side, decide
from moorage.policy.elements import PolicyKind
from moorage.policy.request import Request, Requester, RequesterType

ACCOUNT = "111122223333"
REPOSITORIES = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/"
ALICE = Requester(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/alice", "AIDAEXAMPLEEXAMPLE12", RequesterType.USER)
ROOT = Requester(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, RequesterType.ROOT)
NO_POLICIES = Compiled.of(())
ALLOW_ALL = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


def asking(action: str = "ecr:PutImage", repository: str = "app", by: Requester = ALICE) -> Request:
    return Request(by, action, REPOSITORIES + repository, ACCOUNT)


def policy(*statements: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_stored_policy_that_cannot_be_read_denies_everything() -> None:
    identity = Compiled.stored(PolicyKind.IDENTITY, [("good", ALLOW_ALL), ("bad", "{}")])
    because = (StatementRef(PolicyKind.IDENTITY, "bad", None),)
    assert decide(asking(), identity, None) == Decision(Outcome.EXPLICIT_DENY, because, Side.IDENTITY)


def test_a_broken_repository_policy_denies_everybody() -> None:
    identity = Compiled.stored(PolicyKind.IDENTITY, [("good", ALLOW_ALL)])
    broken = Compiled.broken(PolicyKind.REPOSITORY, "app")
    because = (StatementRef(PolicyKind.REPOSITORY, "app", None),)
    assert decide(asking(), identity, broken) == Decision(Outcome.EXPLICIT_DENY, because, Side.RESOURCE)


def test_the_root_can_replace_a_broken_repository_policy() -> None:
    broken = Compiled.broken(PolicyKind.REPOSITORY, "app")
    assert decide(asking("ecr:SetRepositoryPolicy", by=ROOT), NO_POLICIES, broken).allowed


def test_no_policies_allow_nothing() -> None:
    assert decide(asking(), NO_POLICIES, None) == Decision(Outcome.IMPLICIT_DENY, side=Side.IDENTITY)


def test_a_denial_names_every_statement_that_denies() -> None:
    deny: dict[str, object] = {"Effect": "Deny", "Action": "ecr:*", "Resource": REPOSITORIES + "*"}
    identity = Compiled.stored(PolicyKind.IDENTITY, [("one", policy(deny)), ("two", policy({**deny, "Sid": "No"}))])
    assert decide(asking(), identity, None).because == (
        StatementRef(PolicyKind.IDENTITY, "one", 0),
        StatementRef(PolicyKind.IDENTITY, "two", 0, "No"),
    )


def test_a_statement_that_names_somebody_twice_is_told_once() -> None:
    names = ["*", ALICE.arn, ALICE.unique_id, ACCOUNT]
    statement = {"Effect": "Deny", "Principal": {"AWS": names}, "Action": "ecr:*"}
    resource = Compiled.stored(PolicyKind.REPOSITORY, [("app", policy(statement))])
    assert decide(asking(), NO_POLICIES, resource).because == (StatementRef(PolicyKind.REPOSITORY, "app", 0),)


def test_an_allow_across_accounts_names_a_statement_of_each_side() -> None:
    identity = Compiled.stored(PolicyKind.IDENTITY, [("all", ALLOW_ALL)])
    statement = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "ecr:*"}
    resource = Compiled.stored(PolicyKind.REPOSITORY, [("app", policy(statement))])
    request = Request(ALICE, "ecr:PutImage", REPOSITORIES + "app", "444455556666")
    assert decide(request, identity, resource).because == (
        StatementRef(PolicyKind.IDENTITY, "all", 0),
        StatementRef(PolicyKind.REPOSITORY, "app", 0),
    )


@pytest.fixture
def _small_memos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_MOST_ACTIONS", 2)
    monkeypatch.setattr(compiled, "_MOST_RESOURCES", 3)


@pytest.mark.usefixtures("_small_memos")
def test_answers_stay_the_same_when_a_memo_starts_anew() -> None:
    statement = {"Effect": "Allow", "Action": ["ecr:PutImage", "ecr:Get*"], "Resource": REPOSITORIES + "a*"}
    identity = Compiled.stored(PolicyKind.IDENTITY, [("some", policy(statement))])
    questions = [asking(action, name) for action in ("ecr:PutImage", "ecr:GetX", "ecr:ListImages") for name in "abcde"]
    answers = [decide(question, identity, None).allowed for question in questions * 2]
    assert (
        answers == [question.action != "ecr:ListImages" and question.resource[-1] == "a" for question in questions] * 2
    )
