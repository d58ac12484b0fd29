"""``moorage can`` answers what the call itself would be told, however the action is spelled."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from moorage.domain.actions import OPERATIONS
from moorage.domain.errors import AccessDenied
from moorage.domain.spellings import spelled
from moorage.operations.access import Access, check_access
from moorage.operations.registry_policies import put_policy as put_registry_policy
from moorage.operations.repository_policies import set_policy
from moorage.policy.decide import REACH_OF_V1
from support.env import HOME, REGION
from support.iamcalls import trust_in
from unit.edge.awsquery.wire import Client, Refused, policy
from unit.operations.tenant import REPOSITORY, Tenant

APP = f"arn:aws:ecr:{REGION}:{HOME}:repository/{REPOSITORY}"
AWS_POLICY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
LIMIT = f"arn:aws:iam::{HOME}:policy/limit"
ISSUER = "oidc.example.com/cluster"
PROVIDER = f"arn:aws:iam::{HOME}:oidc-provider/{ISSUER}"
RED = [{"Key": "team", "Value": "red"}]


def as_tenant(client: Client) -> Tenant:
    return Tenant(client.env, HOME, client.key.access_key_id)


def may(root: Client, action: str, resource: str, **context: str) -> bool:
    asked = Access("ada", action, resource, context)
    return as_tenant(root).run(check_access, "", asked).allowed


def give(root: Client, *statements: Mapping[str, object]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    root.call("PutUserPolicy", UserName="ada", PolicyName="own", PolicyDocument=document)


def denial(action: str) -> str:
    statement = {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def really_may(client: Client, operation: str, name: str = "") -> bool:
    try:
        as_tenant(client).granted(name, needs=OPERATIONS[operation])
    except AccessDenied:
        return False
    return True


# Spellings.


@pytest.mark.parametrize("action", ["ecr:PutImage", "ECR:PutImage", "ecr:putimage", "Ecr:PUTIMAGE"])
@pytest.mark.parametrize("place", ["repository", "registry"])
def test_a_denial_of_the_resource_counts_in_every_spelling(root: Client, action: str, place: str) -> None:
    ada = root.new_user("ada", "ecr:*")
    tenant = as_tenant(root)
    tenant.create()
    assert may(root, action, APP)
    if place == "repository":
        tenant.run(set_policy, REPOSITORY, denial("ecr:PutImage"), force=True)
    else:
        text = json.loads(denial("ecr:PutImage"))
        text["Statement"][0]["Resource"] = APP
        tenant.run(put_registry_policy, "", json.dumps(text))
    assert not really_may(ada, "ecr.PutImage", REPOSITORY)
    assert not may(root, action, APP)


@pytest.mark.parametrize("action", ["ecr:GetAuthorizationToken", "ecr:getauthorizationtoken"])
def test_a_password_is_no_matter_of_the_registry_in_any_spelling(root: Client, action: str) -> None:
    ada = root.new_user("ada", "ecr:*")
    text = json.loads(denial("ecr:*"))
    text["Statement"][0]["Resource"] = "*"
    as_tenant(root).run(put_registry_policy, "", json.dumps(text))
    assert really_may(ada, "ecr.GetAuthorizationToken")
    assert may(root, action, "*")


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("ECR:PUTIMAGE", "ecr:PutImage"),
        ("ecr:replicateimage", "ecr:ReplicateImage"),
        ("STS:assumerole", "sts:AssumeRole"),
        ("Moorage:createaccount", "moorage:CreateAccount"),
        ("S3:GetObject", "s3:GetObject"),
        ("iam:Unheard", "iam:Unheard"),
    ],
)
def test_actions_have_one_spelling(written: str, known: str) -> None:
    assert spelled(written) == known


def test_actions_that_rules_name_are_spelled_as_the_rules_do() -> None:
    assert {spelled(action.upper()) for action in REACH_OF_V1} == REACH_OF_V1


@pytest.mark.parametrize("action", ["ecr:GetAuthorizationToken", "ecr:getauthorizationtoken"])
def test_the_simulator_decides_alike_and_answers_under_the_name_it_was_asked(root: Client, action: str) -> None:
    (found,) = root.call(
        "SimulateCustomPolicy",
        PolicyInputList=[policy("Allow", "ecr:*")],
        ActionNames=[action],
        ResourceArns=[APP],
        ResourcePolicy=denial("ecr:*"),
    )["EvaluationResults"]
    assert (found["EvalActionName"], found["EvalDecision"]) == (action, "allowed")


# What IAM keeps.


def made(root: Client) -> None:
    """Make one of each kind that has tags, all of them of team red."""
    root.call("CreateUser", UserName="bob", Path="/crew/", Tags=RED)
    root.call("CreateRole", RoleName="builder", AssumeRolePolicyDocument=trust_in(HOME), Tags=RED)
    root.call("CreatePolicy", PolicyName="p", PolicyDocument=policy("Allow", "ecr:*"), Tags=RED)
    root.call("CreateInstanceProfile", InstanceProfileName="machine", Tags=RED)
    root.call("CreateOpenIDConnectProvider", Url=f"https://{ISSUER}", ClientIDList=["us"], Tags=RED)


CALLS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "GetUser": (f"arn:aws:iam::{HOME}:user/crew/bob", {"UserName": "bob"}),
    "ListRoleTags": (f"arn:aws:iam::{HOME}:role/builder", {"RoleName": "builder"}),
    "GetPolicy": (f"arn:aws:iam::{HOME}:policy/p", {"PolicyArn": f"arn:aws:iam::{HOME}:policy/p"}),
    "GetInstanceProfile": (f"arn:aws:iam::{HOME}:instance-profile/machine", {"InstanceProfileName": "machine"}),
    "GetOpenIDConnectProvider": (PROVIDER, {"OpenIDConnectProviderArn": PROVIDER}),
    "SimulatePrincipalPolicy": (
        f"arn:aws:iam::{HOME}:user/crew/bob",
        {"PolicySourceArn": f"arn:aws:iam::{HOME}:user/crew/bob", "ActionNames": ["ecr:ListImages"]},
    ),
}


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "iam:ResourceTag/Team"])
@pytest.mark.parametrize("team", ["red", "blue"])
def test_tags_of_what_iam_keeps_count_as_in_the_call(root: Client, operation: str, key: str, team: str) -> None:
    made(root)
    ada = root.new_user("ada")
    statements: list[Mapping[str, object]] = [
        {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
        {"Effect": "Deny", "Action": f"iam:{operation}", "Resource": "*", "Condition": {"StringEquals": {key: team}}},
    ]
    give(root, *statements)
    resource, members = CALLS[operation]
    try:
        ada.call(operation, **members)
    except Refused as refused:
        really = refused.code != "AccessDenied"
    else:
        really = True
    assert really is (team == "blue")
    assert may(root, f"iam:{operation}", resource) is really
    assert may(root, f"iam:{operation}", f"{resource}-other")


def test_what_is_created_has_no_tags_yet(root: Client) -> None:
    made(root)
    root.new_user("ada")
    condition = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    statement = {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": condition}
    give(root, statement)
    bob = f"arn:aws:iam::{HOME}:user/crew/bob"
    assert [may(root, f"iam:{verb}User", bob) for verb in ("Create", "Delete")] == [False, True]


@pytest.mark.parametrize("operation", ["AttachUserPolicy", "PutUserPolicy", "DeleteUserPermissionsBoundary", "GetUser"])
def test_the_boundary_of_what_a_call_is_about_counts_where_calls_tell_it(root: Client, operation: str) -> None:
    root.call("CreatePolicy", PolicyName="limit", PolicyDocument=policy("Allow", "ecr:*"))
    root.call("CreateUser", UserName="bob", PermissionsBoundary=LIMIT)
    root.call("CreateUser", UserName="free")
    root.new_user("ada")
    condition = {"StringEquals": {"iam:PermissionsBoundary": LIMIT}}
    statement = {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": condition}
    give(root, statement)
    told = [may(root, f"iam:{operation}", f"arn:aws:iam::{HOME}:user/{name}") for name in ("bob", "free")]
    assert told == [operation != "GetUser", False]


def test_the_tags_of_a_role_count_where_somebody_would_become_it(root: Client) -> None:
    made(root)
    ada = root.new_user("ada")
    condition = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}
    give(root, statement)
    role = f"arn:aws:iam::{HOME}:role/builder"
    assert ada.call("AssumeRole", "sts", RoleArn=role, RoleSessionName="night")["Credentials"]
    assert may(root, "sts:AssumeRole", role)
    root.call("TagRole", RoleName="builder", Tags=[{"Key": "team", "Value": "blue"}])
    assert not may(root, "sts:AssumeRole", role)


def test_a_policy_that_aws_manages_is_asked_about_like_one_s_own(root: Client) -> None:
    ada = root.new_user("ada", "iam:GetPolicy")
    assert ada.call("GetPolicy", PolicyArn=AWS_POLICY)["Policy"]["Arn"] == AWS_POLICY
    assert may(root, "iam:GetPolicy", AWS_POLICY)


def test_circumstances_that_are_given_win(root: Client) -> None:
    made(root)
    root.new_user("ada")
    condition = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    statement = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*", "Condition": condition}
    give(root, statement)
    bob = f"arn:aws:iam::{HOME}:user/crew/bob"
    assert not may(root, "iam:GetUser", bob)
    assert may(root, "iam:GetUser", bob, **{"aws:ResourceTag/team": "blue"})
