"""Refusals over the wire: their ids, what is told of them later, and that simulations agree with real calls."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.api import OWN, Api, code_of
from protocol.people import ACCOUNT, OTHER_ACCOUNT, Key, People, policy, statement
from protocol.registry import Registry
from support.server import RunningServer
from support.wire import Answer, Wire

REGION = "us-east-1"


def arn(repository: str) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"


def user_arn(key: Key) -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/{key.name}"


def own(api: Api, operation: str, **members: object) -> Answer:
    return api.call(operation, members, prefix=OWN)


def explained(api: Api, denial_id: str) -> Mapping[str, Any]:
    """Ask until the worker that refused has written it down."""
    answer = own(api, "ExplainDenial", denialId=denial_id)
    for _ in range(50):
        if answer.status == 200:
            break
        time.sleep(0.1)
        answer = own(api, "ExplainDenial", denialId=denial_id)
    found: Mapping[str, Any] = json.loads(answer.body)["denial"]
    return found


@pytest.fixture
def iam(people: People) -> BaseClient:
    return people.iam


@pytest.fixture
def nobody(people: People) -> Key:
    return people.new(policy(statement("Allow", ["ecr:GetAuthorizationToken"])))


def test_a_refused_call_is_explained_by_its_request_id(wire: Wire, api: Api, nobody: Key, repository: str) -> None:
    answer = Api(wire, nobody.id, nobody.secret).call("ListImages", {"repositoryName": repository})
    told = explained(api, answer.header("x-amzn-requestid"))
    assert (told["caller"], told["action"], told["resource"]) == (user_arn(nobody), "ecr:ListImages", arn(repository))
    assert told["message"] == json.loads(answer.body)["message"]
    assert told["why"][0] == (
        f"no policy of {user_arn(nobody)}, of its own or of its groups, allows ecr:ListImages on {arn(repository)}"
    )


def test_a_refused_docker_client_is_told_the_id(
    wire: Wire, api: Api, server: RunningServer, people: People, repository: str
) -> None:
    deny = {**statement("Deny", "ecr:BatchGetImage"), "Sid": "NoPull"}
    key = people.new(policy(statement("Allow", "*"), deny))
    answer = Registry(wire, key.password(server)).ask("GET", f"/v2/{repository}/manifests/v1")
    (error,) = json.loads(answer.body)["errors"]
    assert (answer.status, error["code"]) == (403, "DENIED")
    assert error["message"].endswith("with an explicit deny in an identity-based policy")
    assert error["detail"] == {"requestId": answer.header("x-amzn-requestid")}
    told = explained(api, error["detail"]["requestId"])
    assert told["why"] == [f'statement 2 "NoPull" of the inline policy own of user {key.name} denies it explicitly']


def test_a_refused_call_of_iam_is_explained(server: RunningServer, api: Api, nobody: Key) -> None:
    iam = server.boto3("iam", access_key_id=nobody.id, secret_access_key=nobody.secret)
    with pytest.raises(ClientError) as refused:
        iam.get_user(UserName="somebody")
    told = explained(api, refused.value.response["ResponseMetadata"]["RequestId"])
    assert told["action"] == "iam:GetUser"
    assert told["message"] == refused.value.response["Error"]["Message"]


def test_nobody_else_is_told(wire: Wire, nobody: Key, repository: str) -> None:
    mine = Api(wire, nobody.id, nobody.secret)
    denial = mine.call("ListImages", {"repositoryName": repository}).header("x-amzn-requestid")
    assert code_of(own(mine, "ExplainDenial", denialId=denial)) == "AccessDeniedException"
    assert code_of(own(mine, "ListDenials")) == "AccessDeniedException"
    asked = {"principal": nobody.name, "action": "ecr:ListImages", "resource": arn(repository)}
    assert code_of(own(mine, "CheckAccess", **asked)) == "AccessDeniedException"


def check(api: Api, key: Key, action: str, resource: str, **context: str) -> bool:
    entries = [{"name": name, "values": [value]} for name, value in context.items()]
    answer = own(api, "CheckAccess", principal=key.name, action=action, resource=resource, context=entries)
    assert answer.status == 200, answer.text
    return json.loads(answer.body)["allowed"] is True


CALLS: Mapping[str, Callable[[str], Mapping[str, object]]] = {
    "ListImages": lambda name: {"repositoryName": name},
    "DescribeRepositories": lambda name: {"repositoryNames": [name]},
    "GetRepositoryPolicy": lambda name: {"repositoryName": name},
    "GetAuthorizationToken": lambda _: {},
}
DOCUMENTS: Mapping[str, Mapping[str, object]] = {
    "nothing": policy(statement("Allow", "ecr:None")),
    "lists": policy(statement("Allow", "ecr:ListImages")),
    "all but policies": policy(statement("Allow", "ecr:*"), statement("Deny", "ecr:Get*Policy")),
    "tokens": policy(statement("Allow", "ecr:GetAuthorizationToken")),
    "of its own": policy(statement("Allow", "ecr:*", "arn:aws:ecr:*:*:repository/*/${aws:username}")),
    "elsewhere": policy({**statement("Allow", "*"), "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}),
    "near": policy({**statement("Allow", "*"), "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("shared", [False, True])
def test_answers_and_simulations_agree_with_real_calls(  # noqa: PLR0913, PLR0917 - the table's columns
    wire: Wire, api: Api, people: People, ecr: BaseClient, iam: BaseClient, repository: str, name: str, *, shared: bool
) -> None:
    key = people.new(DOCUMENTS[name])
    own_policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": user_arn(key)}, "Action": "ecr:DescribeRepositories"},
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "ecr:ListImages",
                "Condition": {"StringEquals": {"aws:username": key.name}},
            },
        ],
    }
    if shared:
        ecr.set_repository_policy(repositoryName=repository, policyText=json.dumps(own_policy))
    given = {"ResourcePolicy": json.dumps(own_policy)} if shared else {}
    somebody = Api(wire, key.id, key.secret)
    for operation, members in CALLS.items():
        answer = somebody.call(operation, members(repository))
        real = answer.status == 200 or code_of(answer) != "AccessDeniedException"
        resource = "*" if operation == "GetAuthorizationToken" else arn(repository)
        context = {"aws:SourceIp": "127.0.0.1"}
        assert check(api, key, f"ecr:{operation}", resource, **context) is real, operation
        (result,) = iam.simulate_principal_policy(
            PolicySourceArn=user_arn(key),
            ActionNames=[f"ecr:{operation}"],
            ResourceArns=[resource],
            ContextEntries=[
                {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["127.0.0.1"], "ContextKeyType": "ip"}
            ],
            **given,
        )["EvaluationResults"]
        assert (result["EvalDecision"] == "allowed") is real, operation


def test_a_principal_is_found_by_arn_and_by_name(api: Api, iam: BaseClient, nobody: Key, repository: str) -> None:
    trust = policy({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
    role = f"role-of-{nobody.name}"
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
    named = {
        nobody.name: user_arn(nobody),
        user_arn(nobody): user_arn(nobody),
        role: f"arn:aws:iam::{ACCOUNT}:role/{role}",
        f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/build": f"arn:aws:iam::{ACCOUNT}:role/{role}",
        f"arn:aws:iam::{ACCOUNT}:root": f"arn:aws:iam::{ACCOUNT}:root",
    }
    for principal, known in named.items():
        answer = own(api, "CheckAccess", principal=principal, action="ecr:ListImages", resource=arn(repository))
        told = json.loads(answer.body)
        assert (told["principal"], told["allowed"]) == (known, principal.endswith(":root"))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"principal": "nobody-there"}, "ResourceNotFoundException"),
        ({"principal": f"arn:aws:iam::{OTHER_ACCOUNT}:user/x"}, "InvalidParameterException"),
        ({"principal": f"arn:aws:iam::{ACCOUNT}:group/x"}, "InvalidParameterException"),
        ({"action": "ecr:*"}, "InvalidParameterException"),
        ({"action": "ListImages"}, "InvalidParameterException"),
        ({"resource": "team/app"}, "InvalidParameterException"),
        (
            {
                "resource": f"arn:aws:ecr:us-east-1:{OTHER_ACCOUNT}:repository/app",
                "context": [{"name": "aws:SourceIp", "values": ["10.0.0.1"]}],
            },
            "InvalidParameterException",
        ),
        ({"principal": 5}, "SerializationException"),
    ],
)
def test_a_question_that_cannot_be_judged_is_refused(
    api: Api, nobody: Key, asked: dict[str, object], code: str
) -> None:
    whole = {"principal": nobody.name, "action": "ecr:ListImages", "resource": "*"} | asked
    assert code_of(own(api, "CheckAccess", **whole)) == code
