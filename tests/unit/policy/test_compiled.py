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
from moorage.policy.request import (
    LONGEST_FACT,
    MOST_VALUES,
    Request,
    Requester,
    RequesterType,
    Spellings,
    Value,
    bounded,
)

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


def conditional(effect: str, operator: str, key: str, value: object, resource: str = "*") -> dict[str, object]:
    condition = {operator: {key: value}}
    return {"Effect": effect, "Action": "*", "Resource": resource, "Condition": condition}


def permits(policies: Compiled, **facts: str) -> bool:
    told = {name.replace("_", ":"): value for name, value in facts.items()}
    request = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, told)
    return decide(request, policies, None).allowed


def compiled_of(*statements: Mapping[str, object]) -> Compiled:
    return Compiled.stored([(inline("p"), json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))])


def test_what_holds_follows_the_facts_and_not_what_was_asked_before() -> None:
    policies = compiled_of(
        conditional("Allow", "StringEquals", "aws:UserAgent", "docker"),
        conditional("Deny", "IpAddress", "aws:SourceIp", ["10.0.0.0/8", "fd00::/8"]),
    )
    outside, inside, inside6, odd = "192.0.2.1", "10.1.2.3", "fd00::1", "nowhere"
    for _ in range(2):
        assert permits(policies, aws_useragent="docker", aws_sourceip=outside)
        assert not permits(policies, aws_useragent="docker", aws_sourceip=inside)
        assert not permits(policies, aws_useragent="docker", aws_sourceip=inside6)
        assert not permits(policies, aws_useragent="docker", aws_sourceip=odd)
        assert permits(policies, aws_useragent="docker")
        assert not permits(policies, aws_useragent="podman", aws_sourceip=outside)
        assert not permits(policies)


def test_an_address_of_one_version_lies_in_no_network_of_the_other() -> None:
    policies = compiled_of(conditional("Allow", "NotIpAddress", "aws:SourceIp", ["0.0.0.0/0"]))
    assert permits(policies, aws_sourceip="::1")
    assert not permits(policies, aws_sourceip="0.0.0.1")
    assert not permits(policies, aws_sourceip="nowhere")


@pytest.mark.parametrize(
    ("address", "allowed", "denied"),
    [
        ("10.0.0.1", True, False),
        ("::FFFF:10.0.0.1", True, False),
        ("::ffff:a00:1", True, False),
        ("192.0.2.1", False, True),
        ("192.0.2.1:4711", False, True),
        ("unknown", False, True),
        ("1" * 100, False, True),
    ],
)
def test_an_address_that_cannot_be_read_is_denied_wherever_it_is_asked_for(
    address: str, *, allowed: bool, denied: bool
) -> None:
    allow_all = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    inside = compiled_of(conditional("Allow", "IpAddress", "aws:SourceIp", "10.0.0.0/8"))
    elsewhere = compiled_of(conditional("Deny", "NotIpAddress", "aws:SourceIp", "10.0.0.0/8"), allow_all)
    assert permits(inside, aws_sourceip=address) is allowed
    assert permits(elsewhere, aws_sourceip=address) is not denied


def test_what_takes_facts_of_the_request_is_asked_each_time() -> None:
    policies = compiled_of(
        conditional("Allow", "StringEquals", "aws:PrincipalTag/team", "${aws:username}"),
        {"Effect": "Deny", "Action": "*", "Resource": f"{REPOSITORIES}${{aws:useragent}}"},
    )
    for _ in range(2):
        assert permits(policies, **{"aws_principaltag/team": "a", "aws_username": "a"})
        assert not permits(policies, **{"aws_principaltag/team": "a", "aws_username": "b"})
        assert not permits(policies, **{"aws_principaltag/team": "a", "aws_username": "a", "aws_useragent": "app"})


def test_no_more_facts_are_remembered_than_have_room() -> None:
    policies = compiled_of(conditional("Allow", "StringLike", "aws:UserAgent", "docker*"))
    for number in range(100):
        assert permits(policies, aws_useragent=f"docker {number}")
        assert not permits(policies, aws_useragent=f"podman {number}")
    (near,) = policies._near.values()  # noqa: SLF001 - the memory that must stay small
    assert 0 < len(near._answers) <= 16  # noqa: SLF001
    near._answers.clear()  # noqa: SLF001
    assert permits(policies, aws_useragent="docker" + 1018 * "x")
    assert len(near._answers) == 1  # noqa: SLF001
    assert permits(policies, aws_useragent="docker" + 1019 * "x")
    assert len(near._answers) == 1  # noqa: SLF001


def test_a_value_with_several_parts_is_as_long_as_they_are() -> None:
    policies = compiled_of(conditional("Allow", "ForAnyValue:StringEquals", "aws:TagKeys", "team"))
    for parts, kept in (((1018 * "x", "team"), 1), ((1019 * "x", "team"), 1), (("",) * 1025, 1), (("team",), 2)):
        asked = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, {"aws:tagkeys": parts})
        assert decide(asked, policies, None).allowed is ("team" in parts)
        (near,) = policies._near.values()  # noqa: SLF001 - the memory that must stay small
        assert len(near._answers) == kept  # noqa: SLF001


@pytest.mark.parametrize("key", ["aws:CurrentTime", "aws:EpochTime"])
def test_nothing_is_remembered_of_one_time(key: str) -> None:
    policies = compiled_of(conditional("Allow", "DateGreaterThan", key, "2020-01-01T00:00:00Z"))
    for second in range(3):
        assert permits(policies, **{key.lower().replace(":", "_"): f"{1_800_000_000 + second}"})
    (near,) = policies._near.values()  # noqa: SLF001 - the memory that must stay small
    assert not near._answers  # noqa: SLF001


def test_long_facts_that_are_filled_in_are_not_remembered() -> None:
    said = 2000 * "s"  # what the policy says itself may be as long as it is
    policies = compiled_of(
        conditional("Allow", "StringEquals", "aws:username", [said, "${aws:useragent}"]),
        {"Effect": "Deny", "Action": "*", "Resource": f"{REPOSITORIES}${{aws:useragent}}"},
    )
    for agent in (900 * "a", 2000 * "b"):
        assert permits(policies, aws_username=agent, aws_useragent=agent)
    (near,) = {near for near in policies._near.values() if near._rules[0].clauses}  # noqa: SLF001 - as above
    (clause,) = near._rules[0].clauses  # noqa: SLF001
    assert list(clause._tests) == [(said, 900 * "a")]  # type: ignore[attr-defined]  # noqa: SLF001
    (moving,) = {rule.moving for rule in policies._rules if rule.moving}  # noqa: SLF001
    assert list(moving._tests) == [f"{REPOSITORIES}{900 * 'a'}"]  # noqa: SLF001


@pytest.mark.parametrize(
    "operator", ["StringEquals", "StringNotEquals", "ForAllValues:StringLike", "StringLikeIfExists"]
)
@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("aws:ResourceTag/protected", "no"),
        ("aws:ResourceTag/protected", "${aws:username}"),
        ("aws:username", "${aws:ResourceTag/protected}"),
        ("aws:username", "${aws:ResourceTag/protected, 'ada'}"),
    ],
)
def test_a_tag_in_two_spellings_denies_and_does_not_allow(operator: str, key: str, wanted: str) -> None:
    unclear: dict[str, Value] = {"aws:resourcetag/protected": Spellings(("yes", "no")), "aws:username": "ada"}
    asked = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, unclear)
    allowing = compiled_of(conditional("Allow", operator, key, wanted))
    denying = compiled_of(
        conditional("Deny", operator, key, wanted), {"Effect": "Allow", "Action": "*", "Resource": "*"}
    )
    for _ in range(2):
        assert decide(asked, allowing, None).outcome is Outcome.IMPLICIT_DENY
        assert decide(asked, denying, None).outcome is Outcome.EXPLICIT_DENY
    assert not any(heard.counts for heard in allowing.hear(asked))
    assert all(heard.counts for heard in denying.hear(asked))


def test_a_resource_made_of_a_tag_in_two_spellings_denies_and_does_not_allow() -> None:
    unclear: dict[str, Value] = {"aws:resourcetag/name": Spellings(("app", "other"))}
    asked = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, unclear)
    moving = {"Action": "*", "Resource": f"{REPOSITORIES}${{aws:ResourceTag/name}}"}
    allow_all = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert decide(asked, compiled_of({"Effect": "Allow", **moving}), None).outcome is Outcome.IMPLICIT_DENY
    assert decide(asked, compiled_of({"Effect": "Deny", **moving}, allow_all), None).outcome is Outcome.EXPLICIT_DENY


def test_what_another_condition_rules_out_is_not_denied_for_a_tag_in_two_spellings() -> None:
    unclear: dict[str, Value] = {"aws:resourcetag/protected": Spellings(("yes", "no")), "aws:username": "ada"}
    asked = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, unclear)
    for name, outcome in (("ada", Outcome.EXPLICIT_DENY), ("bob", Outcome.ALLOWED)):
        conditions = {"StringEquals": {"aws:ResourceTag/protected": "yes", "aws:username": name}}
        denying = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": conditions}
        allow_all = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        assert decide(asked, compiled_of(denying, allow_all), None).outcome is outcome


def test_values_of_two_spellings_are_no_list_of_values() -> None:
    policies = compiled_of(conditional("Allow", "ForAnyValue:StringEquals", "aws:TagKeys", "a"))
    listed = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, {"aws:tagkeys": ("a", "b")})
    spelled = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, {"aws:tagkeys": Spellings(("a", "b"))})
    assert [decide(one, policies, None).allowed for one in (listed, spelled, listed)] == [True, False, True]


@pytest.mark.parametrize("value", ["", "a" * LONGEST_FACT, (), ("a" * LONGEST_FACT,) * MOST_VALUES])
def test_a_fact_of_usual_length_is_what_it_is(value: Value) -> None:
    assert bounded(value) is value


LONG = "a" * LONGEST_FACT


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (f"{LONG}b", (LONG,)),
        (("b", f"{LONG}b", f"{LONG}{LONG}"), ("b", LONG, LONG)),
        (("a",) * (MOST_VALUES + 1), ("a",) * MOST_VALUES),
    ],
)
def test_of_a_fact_that_is_too_long_or_too_many_the_beginning_is_kept(value: Value, kept: tuple[str, ...]) -> None:
    assert bounded(value) == Spellings(kept)


@pytest.mark.parametrize("operator", ["StringLike", "StringNotLike", "StringNotLikeIfExists", "ForAnyValue:StringLike"])
@pytest.mark.parametrize("wanted", ["*", "a*", "*b", "b*"])
def test_a_fact_that_is_too_long_denies_and_does_not_allow(operator: str, wanted: str) -> None:
    asked = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, {"aws:useragent": bounded(f"{LONG}b")})
    allow_all = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    allowing = compiled_of(conditional("Allow", operator, "aws:UserAgent", wanted))
    denying = compiled_of(conditional("Deny", operator, "aws:UserAgent", wanted), allow_all)
    assert decide(asked, allowing, None).outcome is Outcome.IMPLICIT_DENY
    assert decide(asked, denying, None).outcome is Outcome.EXPLICIT_DENY


def test_a_fact_that_is_too_long_is_there() -> None:
    asked = Request(ALICE, "ecr:PutImage", f"{REPOSITORIES}app", ACCOUNT, {"aws:useragent": bounded(f"{LONG}b")})
    for missing, allowed in (("true", False), ("false", True)):
        policies = compiled_of(conditional("Allow", "Null", "aws:UserAgent", missing))
        assert decide(asked, policies, None).allowed is allowed
