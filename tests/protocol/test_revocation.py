"""What is taken away is gone at the very next request, on every connection and in every worker (security: A, C)."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from botocore.client import BaseClient

from protocol.api import Api
from protocol.people import (
    ACCOUNT,
    EVERYTHING,
    OTHER_ACCOUNT,
    Key,
    People,
    Policy,
    everything_but,
    policy,
    statement,
)
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Wire

PULL_HERE = {"Host": "123456789012.dkr.ecr.us-east-1.localhost"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with many connections, on each of which something was done already."""

    key: Key
    password: str
    name: str
    wires: list[Wire]

    def pulls(self) -> set[int]:
        answers = (Registry(wire, self.password).ask("GET", f"{self.name}/tags/list", PULL_HERE) for wire in self.wires)
        return {answer.status for answer in answers}

    def calls(self) -> set[int]:
        asked = {"repositoryName": self.name, "registryId": "123456789012"}
        apis = (Api(wire, self.key.id, self.key.secret) for wire in self.wires)
        return {api.call("ListImages", asked).status for api in apis}


@pytest.fixture
def caller(wires: list[Wire], people: People, server: RunningServer, repository: str) -> Caller:
    key = people.new(EVERYTHING)
    known = Caller(key, key.password(server), repository, wires)
    assert (known.pulls(), known.calls()) == ({200}, {200})
    return known


def test_a_deactivated_key_is_nobodys(caller: Caller, people: People) -> None:
    people.iam.update_access_key(UserName=caller.key.name, AccessKeyId=caller.key.id, Status="Inactive")
    assert (caller.pulls(), caller.calls()) == ({401}, {400})


def test_a_deleted_key_is_nobodys(caller: Caller, people: People) -> None:
    people.iam.delete_access_key(UserName=caller.key.name, AccessKeyId=caller.key.id)
    assert (caller.pulls(), caller.calls()) == ({401}, {400})


def test_a_deleted_user_is_nobody(caller: Caller, people: People) -> None:
    people.remove(caller.key)
    assert (caller.pulls(), caller.calls()) == ({401}, {400})


def test_a_user_made_anew_under_the_name_is_another(caller: Caller, people: People) -> None:
    people.remove(caller.key)
    people.iam.create_user(UserName=caller.key.name)
    people.give(caller.key.name, EVERYTHING)
    assert (caller.pulls(), caller.calls()) == ({401}, {400})


def test_a_policy_that_is_taken_away_allows_nothing(caller: Caller, people: People) -> None:
    people.iam.delete_user_policy(UserName=caller.key.name, PolicyName="own")
    assert (caller.pulls(), caller.calls()) == ({403}, {400})


def test_a_changed_policy_counts_at_once_each_time(caller: Caller, people: People) -> None:
    for _ in range(3):
        people.give(caller.key.name, everything_but("ecr:ListImages"))
        assert (caller.pulls(), caller.calls()) == ({403}, {400})
        people.give(caller.key.name, EVERYTHING)
        assert (caller.pulls(), caller.calls()) == ({200}, {200})


def test_a_changed_repository_policy_counts_at_once(caller: Caller, ecr: BaseClient) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ecr:ListImages"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    ecr.set_repository_policy(repositoryName=caller.name, policyText=text)
    assert (caller.pulls(), caller.calls()) == ({403}, {400})
    ecr.delete_repository_policy(repositoryName=caller.name)
    assert (caller.pulls(), caller.calls()) == ({200}, {200})


@contextlib.contextmanager
def registry_policy(ecr: BaseClient) -> Iterator[None]:
    """Deny in the whole registry for a while."""
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ecr:ListImages", "Resource": "*"}
    ecr.put_registry_policy(policyText=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    try:
        yield
    finally:
        ecr.delete_registry_policy()


def test_a_registry_policy_counts_at_once_and_as_long_as_it_is_there(caller: Caller, ecr: BaseClient) -> None:
    with registry_policy(ecr):
        assert (caller.pulls(), caller.calls()) == ({403}, {400})
    assert (caller.pulls(), caller.calls()) == ({200}, {200})


def test_the_scope_of_the_registry_policy_counts_at_once(caller: Caller, ecr: BaseClient) -> None:
    """In scope V1 the policy does not speak of ListImages."""
    with registry_policy(ecr):
        assert (caller.pulls(), caller.calls()) == ({403}, {400})
        ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V1")
        try:
            assert (caller.pulls(), caller.calls()) == ({200}, {200})
        finally:
            ecr.put_account_setting(name="REGISTRY_POLICY_SCOPE", value="V2")
        assert (caller.pulls(), caller.calls()) == ({403}, {400})


def unless(key: str) -> Policy:
    """Allow everything, but nothing where the tag is red."""
    denied = statement("Deny", "ecr:ListImages") | {"Condition": {"StringEquals": {key: "red"}}}
    return policy(statement("Allow", "*"), denied)


def test_a_tag_of_the_repository_counts_at_once(caller: Caller, people: People, ecr: BaseClient) -> None:
    people.give(caller.key.name, unless("aws:ResourceTag/team"))
    assert (caller.pulls(), caller.calls()) == ({200}, {200})
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{caller.name}"
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "red"}])
    assert (caller.pulls(), caller.calls()) == ({403}, {400})
    ecr.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert (caller.pulls(), caller.calls()) == ({200}, {200})


def test_a_tag_of_the_user_counts_at_once(caller: Caller, people: People) -> None:
    people.give(caller.key.name, unless("aws:PrincipalTag/team"))
    assert (caller.pulls(), caller.calls()) == ({200}, {200})
    people.iam.tag_user(UserName=caller.key.name, Tags=[{"Key": "team", "Value": "red"}])
    assert (caller.pulls(), caller.calls()) == ({403}, {400})
    people.iam.untag_user(UserName=caller.key.name, TagKeys=["team"])
    assert (caller.pulls(), caller.calls()) == ({200}, {200})


def test_a_grant_to_another_account_ends_at_once(
    wires: list[Wire], stranger: Key, server: RunningServer, ecr: BaseClient, repository: str
) -> None:
    theirs = Caller(stranger, stranger.password(server), repository, wires)
    allow = {"Effect": "Allow", "Principal": {"AWS": OTHER_ACCOUNT}, "Action": "ecr:ListImages"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    ecr.set_repository_policy(repositoryName=repository, policyText=text)
    assert (theirs.pulls(), theirs.calls()) == ({200}, {200})
    ecr.delete_repository_policy(repositoryName=repository)
    assert (theirs.pulls(), theirs.calls()) == ({403}, {400})


def test_a_deleted_repository_is_gone_at_once(caller: Caller, ecr: BaseClient) -> None:
    ecr.delete_repository(repositoryName=caller.name)
    assert (caller.pulls(), caller.calls()) == ({404}, {400})


def test_an_upload_under_way_ends_with_the_leave_to_go_on(caller: Caller, people: People, ecr: BaseClient) -> None:
    upload = Registry(caller.wires[0], caller.password).start(caller.name)
    people.give(caller.key.name, policy(statement("Allow", "ecr:InitiateLayerUpload")))
    statuses = {Registry(wire, caller.password).ask("PATCH", upload, body=b"x").status for wire in caller.wires}
    assert statuses == {403}
    assert ecr.list_images(repositoryName=caller.name)["imageIds"] == []
