"""What is taken away is gone at the very next request, on every connection and in every worker (security: A, C)."""

import json
from dataclasses import dataclass

import pytest
from botocore.client import BaseClient

from protocol.api import Api
from protocol.people import EVERYTHING, OTHER_ACCOUNT, Key, People, everything_but, policy, statement
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
