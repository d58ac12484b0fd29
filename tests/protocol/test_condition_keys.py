"""Every condition key of ECR's is in force in real calls (docs/permissions.md, "Condition keys")."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing

import pytest
from botocore.client import BaseClient

from protocol.api import Api, code_of
from protocol.people import ACCOUNT, Key, People, policy, statement
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Wire

PRESENT: Mapping[str, tuple[str, str]] = {  # an operator, and a value that fits
    "aws:PrincipalAccount": ("StringEquals", ACCOUNT),
    "aws:PrincipalArn": ("ArnLike", f"arn:aws:iam::{ACCOUNT}:user/user-*"),
    "aws:PrincipalIsAWSService": ("Bool", "false"),
    "aws:PrincipalTag/team": ("StringEquals", "red"),
    "aws:PrincipalType": ("StringEquals", "User"),
    "aws:RequestedRegion": ("StringEquals", "us-east-1"),
    "aws:ResourceAccount": ("StringEquals", ACCOUNT),
    "aws:ResourceTag/team": ("StringEquals", "blue"),
    "ecr:ResourceTag/team": ("StringEquals", "blue"),
    "aws:CurrentTime": ("DateGreaterThan", "2020-01-01T00:00:00Z"),
    "aws:EpochTime": ("DateGreaterThan", "1577836800"),
    "aws:SecureTransport": ("Bool", "false"),
    "aws:SourceIp": ("IpAddress", "127.0.0.0/8"),
    "aws:userid": ("StringLike", "AIDA*"),
    "aws:username": ("StringLike", "user-*"),
    "aws:ViaAWSService": ("Bool", "false"),
}
# There is neither a VPC nor an organisation around the server, nor a service that calls for its caller.
ABSENT = (
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:PrincipalOrgID",
    "aws:CalledVia",
    "aws:SourceArn",
    "aws:SourceAccount",
)
CONTRARY = {"StringEquals": "StringNotEquals", "StringLike": "StringNotLike", "ArnLike": "ArnNotLike"} | {
    "DateGreaterThan": "DateLessThan",
    "IpAddress": "NotIpAddress",
}
TAGS = [{"Key": "team", "Value": "red"}]


@pytest.fixture(scope="module")
def user(people: People) -> Key:
    key = people.new(policy(statement("Allow", "iam:None")))
    people.iam.tag_user(UserName=key.name, Tags=TAGS)
    return key


@pytest.fixture
def call(user: Key, people: People, server: RunningServer) -> Iterator["Conditional"]:
    with Wire(server.host) as wire:
        yield Conditional(user.api(wire), people, user)


class Conditional:
    """Calls as a user who may do one thing under one condition."""

    def __init__(self, api: Api, people: People, user: Key) -> None:
        self._api, self._people, self._user = api, people, user

    def allowed(self, condition: object, operation: str, members: Mapping[str, object]) -> bool:
        actions = [f"ecr:{operation}", *(["ecr:TagResource"] if "tags" in members else [])]
        allowing = {**statement("Allow", actions), "Condition": condition}
        self._people.give(self._user.name, policy(allowing))
        answer = self._api.call(operation, members)
        assert answer.status == 200 or code_of(answer) == "AccessDeniedException"
        return answer.status == 200


@pytest.mark.parametrize("key", PRESENT)
def test_a_key_that_a_call_has(ecr: BaseClient, call: Conditional, repository: str, key: str) -> None:
    arn = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "blue"}])
    operator, value = PRESENT[key]
    asked = {"repositoryName": repository}
    assert call.allowed({operator: {key: value}, "Null": {key: "false"}}, "ListImages", asked)
    contrary = {"Bool": {key: "true"}} if operator == "Bool" else {CONTRARY[operator]: {key: value}}
    assert not call.allowed(contrary, "ListImages", asked)


@pytest.mark.parametrize("key", ABSENT)
def test_a_key_that_no_call_has(call: Conditional, repository: str, key: str) -> None:
    asked = {"repositoryName": repository}
    assert call.allowed({"Null": {key: "true"}}, "ListImages", asked)
    assert not call.allowed({"StringLike": {key: "*"}}, "ListImages", asked)


@pytest.mark.parametrize(("value", "allowed"), [("red", True), ("blue", False)])
def test_the_tags_of_a_repository_that_is_made(
    call: Conditional, repository: str, value: str, *, allowed: bool
) -> None:
    condition = {"StringEquals": {"aws:RequestTag/team": value}, "ForAllValues:StringEquals": {"aws:TagKeys": "team"}}
    asked = {"repositoryName": f"{repository}/new", "tags": TAGS}
    assert call.allowed(condition, "CreateRepository", asked) is allowed


@pytest.mark.parametrize(("wanted", "allowed"), [("team", True), ("cost", False)])
def test_the_keys_of_tags_that_are_taken_away(
    ecr: BaseClient, call: Conditional, repository: str, wanted: str, *, allowed: bool
) -> None:
    arn = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]["repositoryArn"]
    condition = {"ForAllValues:StringEquals": {"aws:TagKeys": [wanted]}, "Null": {"aws:RequestTag/team": "true"}}
    assert call.allowed(condition, "UntagResource", {"resourceArn": arn, "tagKeys": ["team"]}) is allowed


def test_the_program_that_calls(user: Key, people: People, server: RunningServer) -> None:
    allowing = {**statement("Allow", "ecr:DescribeRegistry"), "Condition": {"StringLike": {"aws:UserAgent": "Boto3/*"}}}
    people.give(user.name, policy(allowing))
    client = server.boto3("ecr", access_key_id=user.id, secret_access_key=user.secret)
    assert client.describe_registry()["registryId"] == ACCOUNT
    client.close()
    with Wire(server.host) as wire:  # which tells no name
        assert code_of(user.api(wire).call("DescribeRegistry")) == "AccessDeniedException"


@pytest.fixture(scope="module")
def over_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    settings = {"MOORAGE_TLS": "auto", "MOORAGE_WORKERS": "1"}
    with RunningServer(tmp_path_factory.mktemp("tls") / "data", settings=settings) as running:
        yield running


def statuses(running: RunningServer, value: str) -> list[int]:
    """Ask both faces as somebody who may while ``aws:SecureTransport`` is that, and once more with a false word."""
    tls = None if running.authority is None else ssl.create_default_context(cafile=running.authority)
    condition = {"Bool": {"aws:SecureTransport": value}, "Null": {"aws:SecureTransport": "false"}}
    looking = {**statement("Allow", "ecr:DescribeRepositories"), "Condition": condition}
    with closing(running.boto3("iam")) as iam, Wire(running.host, tls=tls, name="localhost") as wire:
        key = People(iam, running).new(policy(statement("Allow", "ecr:GetAuthorizationToken"), looking))
        registry = Registry(wire, running.password(access_key_id=key.id, secret_access_key=key.secret))
        contrary = {"X-Forwarded-Proto": "http" if tls else "https"}  # from nobody who is trusted
        return [
            key.api(wire).call("DescribeRepositories").status,
            registry.ask("GET", "_catalog").status,
            registry.ask("GET", "_catalog", contrary).status,
        ]


def test_a_call_is_secure_over_tls_and_not_without(server: RunningServer, over_tls: RunningServer) -> None:
    allowed, denied = [200, 200, 200], [400, 403, 403]
    assert (statuses(over_tls, "true"), statuses(over_tls, "false")) == (allowed, denied)
    assert (statuses(server, "false"), statuses(server, "true")) == (allowed, denied)
