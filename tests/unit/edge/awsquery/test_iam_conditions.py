"""Conditions on IAM's own operations: what an entity has, what a call gives, and nothing that a call invents."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.env import HOME, OTHER, FrozenClock, close_env, configure_account, make_env
from support.iamcalls import trust_in
from unit.edge.awsquery.wire import Client, Refused, policy, read, refusal

LIMIT = f"arn:aws:iam::{HOME}:policy/limit"
OTHER_LIMIT = f"arn:aws:iam::{HOME}:policy/other-limit"
POWER = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPowerUser"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"},
    }
)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Client]:
    env = make_env(tmp_path, FrozenClock())
    root = Client(env, configure_account(env, HOME))
    for name in ("limit", "other-limit"):
        root.call("CreatePolicy", PolicyName=name, PolicyDocument=policy("Allow", "ecr:*"))
    yield root
    close_env(env)


def granted(root: Client, name: str, *statements: Mapping[str, object]) -> Client:
    """Make a user with just these statements."""
    somebody = root.new_user(name)
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    root.call("PutUserPolicy", UserName=name, PolicyName="own", PolicyDocument=document)
    return somebody


def allow(*actions: str, resource: str = "*", **conditions: Mapping[str, object]) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return statement | ({"Condition": conditions} if conditions else {})


def denied(client: Client, operation: str, **members: Any) -> None:  # noqa: ANN401 - members of every type
    assert refusal(client, operation, **members).code == "AccessDenied"


def tag(team: str) -> list[dict[str, str]]:
    return [{"Key": "team", "Value": team}]


# Tags of what a call is about.


@pytest.mark.parametrize("kind", ["User", "Role", "Policy", "InstanceProfile", "OpenIDConnectProvider"])
def test_a_tag_key_is_told_in_the_spelling_that_is_there(root: Client, kind: str) -> None:
    condition = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}
    denying = {**allow("iam:*"), "Effect": "Deny", "Condition": condition}
    ada = granted(root, "ada", allow("iam:*"), denying)
    members: dict[str, Any] = {f"{kind}Name": "x"}
    match kind:
        case "User" | "InstanceProfile":
            root.call(f"Create{kind}", **members, Tags=tag("red"))
        case "Role":
            root.call("CreateRole", **members, AssumeRolePolicyDocument=TRUST, Tags=tag("red"))
        case "Policy":
            root.call("CreatePolicy", **members, PolicyDocument=policy("Allow", "ecr:*"), Tags=tag("red"))
            members = {"PolicyArn": f"arn:aws:iam::{HOME}:policy/x"}
        case _:
            url = "https://oidc.example.com/x"
            made = root.call("CreateOpenIDConnectProvider", Url=url, ClientIDList=["us"], Tags=tag("red"))
            members = {"OpenIDConnectProviderArn": made["OpenIDConnectProviderArn"]}
    denied(ada, f"Untag{kind}", **members, TagKeys=["cost", "TEAM"])
    denied(ada, f"Tag{kind}", **members, Tags=[{"Key": "Team", "Value": "blue"}])
    ada.call(f"Tag{kind}", **members, Tags=[{"Key": "cost", "Value": "1"}])
    ada.call(f"Untag{kind}", **members, TagKeys=["COST"])


@pytest.mark.parametrize("key", ["aws:ResourceTag/team", "iam:ResourceTag/Team"])
@pytest.mark.parametrize("kind", ["User", "Role", "Policy", "InstanceProfile", "OpenIDConnectProvider"])
def test_an_entity_s_tags_decide(root: Client, kind: str, key: str) -> None:
    ada = granted(root, "ada", allow("iam:*", StringEquals={key: "blue"}))
    arns = {}
    for team in ("blue", "red"):
        match kind:
            case "User":
                root.call("CreateUser", UserName=team, Tags=tag(team))
            case "Role":
                root.call("CreateRole", RoleName=team, AssumeRolePolicyDocument=TRUST, Tags=tag(team))
            case "Policy":
                root.call("CreatePolicy", PolicyName=team, PolicyDocument=policy("Allow", "ecr:*"), Tags=tag(team))
            case "InstanceProfile":
                root.call("CreateInstanceProfile", InstanceProfileName=team, Tags=tag(team))
            case _:
                url = f"https://oidc.example.com/{team}"
                made = root.call("CreateOpenIDConnectProvider", Url=url, ClientIDList=["us"], Tags=tag(team))
                arns[team] = made["OpenIDConnectProviderArn"]
    members: dict[str, dict[str, Any]] = {
        team: {"PolicyArn": f"arn:aws:iam::{HOME}:policy/{team}"}
        if kind == "Policy"
        else {"OpenIDConnectProviderArn": arns[team]}
        if arns
        else {f"{kind}Name": team}
        for team in ("blue", "red")
    }
    assert ada.call(f"Get{kind}", **members["blue"])
    denied(ada, f"Get{kind}", **members["red"])
    ada.call(f"Untag{kind}", **members["blue"], TagKeys=["team"])
    denied(ada, f"Get{kind}", **members["blue"])
    denied(ada, f"Tag{kind}", **members["blue"], Tags=tag("blue"))


def test_a_user_s_own_tags_are_its_own_when_it_names_nobody(root: Client) -> None:
    ada = granted(root, "ada", allow("iam:GetUser", StringEquals={"aws:ResourceTag/team": "blue"}))
    denied(ada, "GetUser")
    root.call("TagUser", UserName="ada", Tags=tag("blue"))
    assert ada.call("GetUser")["User"]["UserName"] == "ada"


def test_a_role_is_passed_on_by_its_tags_and_to_the_service_that_is_named(root: Client) -> None:
    for team in ("blue", "red"):
        root.call("CreateRole", RoleName=team, AssumeRolePolicyDocument=TRUST, Tags=tag(team))
    root.call("CreateInstanceProfile", InstanceProfileName="machine")
    conditions = {"aws:ResourceTag/team": "blue", "iam:PassedToService": "ec2.amazonaws.com"}
    fill = allow("iam:AddRoleToInstanceProfile")
    ada = granted(root, "ada", fill, allow("iam:PassRole", StringEquals=conditions))
    bob = granted(root, "bob", fill, allow("iam:PassRole", StringEquals={"iam:PassedToService": "ecs.amazonaws.com"}))
    denied(ada, "AddRoleToInstanceProfile", InstanceProfileName="machine", RoleName="red")
    denied(bob, "AddRoleToInstanceProfile", InstanceProfileName="machine", RoleName="blue")
    ada.call("AddRoleToInstanceProfile", InstanceProfileName="machine", RoleName="blue")


# What a call gives.


def test_the_policy_that_is_attached_decides(root: Client) -> None:
    root.call("CreateUser", UserName="bob")
    condition = {"iam:PolicyARN": POWER}
    ada = granted(root, "ada", allow("iam:AttachUserPolicy", "iam:DetachUserPolicy", ArnEquals=condition))
    denied(ada, "AttachUserPolicy", UserName="bob", PolicyArn=LIMIT)
    ada.call("AttachUserPolicy", UserName="bob", PolicyArn=POWER)
    ada.call("DetachUserPolicy", UserName="bob", PolicyArn=POWER)


def test_the_tags_that_are_given_decide(root: Client) -> None:
    may = allow("iam:CreateUser", "iam:TagUser", StringEquals={"aws:RequestTag/team": "blue"})
    ada = granted(root, "ada", may | {"Condition": {**may["Condition"], **only_keys("team")}})  # type: ignore[dict-item]  # built above
    denied(ada, "CreateUser", UserName="bob")
    denied(ada, "CreateUser", UserName="bob", Tags=tag("red"))
    denied(ada, "CreateUser", UserName="bob", Tags=[*tag("blue"), {"Key": "admin", "Value": "yes"}])
    ada.call("CreateUser", UserName="bob", Tags=tag("blue"))
    denied(ada, "TagUser", UserName="bob", Tags=[{"Key": "admin", "Value": "yes"}])


def only_keys(*names: str) -> dict[str, object]:
    return {"ForAllValues:StringEquals": {"aws:TagKeys": list(names)}}


INVENTED = [
    ("PutUserPolicy", "iam:PermissionsBoundary", {"PermissionsBoundary": LIMIT}),
    ("DeleteUserPermissionsBoundary", "iam:PermissionsBoundary", {"PermissionsBoundary": LIMIT}),
    ("CreateAccessKey", "iam:PermissionsBoundary", {"PermissionsBoundary": LIMIT}),
    ("PutUserPolicy", "iam:PolicyARN", {"PolicyArn": LIMIT}),
    ("PutUserPolicy", "aws:RequestTag/team", {"Tags.member.1.Key": "team", "Tags.member.1.Value": LIMIT}),
    ("CreateUser", "iam:PolicyARN", {"PolicyArn": LIMIT}),
    ("CreateUser", "aws:ResourceTag/team", {"Tags.member.1.Key": "team", "Tags.member.1.Value": LIMIT}),
    ("CreateAccessKey", "iam:AWSServiceName", {"AWSServiceName": LIMIT}),
    ("UntagUser", "aws:RequestTag/team", {"Tags.member.1.Key": "team", "Tags.member.1.Value": LIMIT}),
]


@pytest.mark.parametrize(("operation", "key", "extra"), INVENTED)
def test_a_field_that_an_operation_does_not_have_is_no_condition_key(
    root: Client, operation: str, key: str, extra: Mapping[str, str]
) -> None:
    """A form may hold anything: only the operation's own members may speak."""
    root.call("CreateUser", UserName="bob")
    ada = granted(root, "ada", allow("iam:*", StringEquals={key: LIMIT}))
    form = {"Action": operation, "Version": "2010-05-08", "UserName": "eve" if operation == "CreateUser" else "bob"}
    form |= {"PolicyName": "p", "PolicyDocument": policy("Allow", "*"), "TagKeys.member.1": "x"}
    with pytest.raises(Refused) as refused:
        read(ada.send(ada.arrived("iam", form | dict(extra))))
    assert refused.value.code == "AccessDenied"


# The well-known delegation: whoever makes users makes them bounded.


@pytest.fixture
def delegate(root: Client) -> Client:
    bounded = {"iam:PermissionsBoundary": LIMIT}
    return granted(
        root,
        "delegate",
        allow(
            "iam:CreateUser",
            "iam:PutUserPolicy",
            "iam:DeleteUserPolicy",
            "iam:AttachUserPolicy",
            "iam:DetachUserPolicy",
            "iam:PutUserPermissionsBoundary",
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "iam:AttachRolePolicy",
            "iam:PutRolePermissionsBoundary",
            StringEquals=bounded,
        ),
        allow("iam:CreateAccessKey", "iam:Get*", "iam:List*", "iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
        {
            "Effect": "Deny",
            "Action": ["iam:CreatePolicyVersion", "iam:DeletePolicy*", "iam:SetDefaultPolicyVersion"],
            "Resource": LIMIT,
        },
        {"Effect": "Deny", "Action": "iam:Delete*PermissionsBoundary", "Resource": "*"},
        {"Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": f"arn:aws:iam::{HOME}:user/admin"},
    )


def test_a_delegate_makes_bounded_users_alone(delegate: Client) -> None:
    denied(delegate, "CreateUser", UserName="eve")
    denied(delegate, "CreateUser", UserName="eve", PermissionsBoundary=OTHER_LIMIT)
    delegate.call("CreateUser", UserName="eve", PermissionsBoundary=LIMIT)
    delegate.call("PutUserPolicy", UserName="eve", PolicyName="p", PolicyDocument=policy("Allow", "*"))
    delegate.call("AttachUserPolicy", UserName="eve", PolicyArn=POWER)
    delegate.call("DetachUserPolicy", UserName="eve", PolicyArn=POWER)
    eve = delegate.as_key(delegate.call("CreateAccessKey", UserName="eve")["AccessKey"])
    assert "because no permissions boundary allows" in refusal(eve, "ListUsers").message
    delegate.call("DeleteUserPolicy", UserName="eve", PolicyName="p")


def test_a_delegate_makes_bounded_roles_alone(delegate: Client) -> None:
    denied(delegate, "CreateRole", RoleName="builder", AssumeRolePolicyDocument=TRUST)
    given = {"RoleName": "builder", "AssumeRolePolicyDocument": TRUST}
    delegate.call("CreateRole", **given, PermissionsBoundary=LIMIT)
    delegate.call("PutRolePolicy", RoleName="builder", PolicyName="p", PolicyDocument=policy("Allow", "*"))


def test_a_delegate_gives_nothing_to_the_unbounded_and_unbounds_nobody(root: Client, delegate: Client) -> None:
    root.call("CreateUser", UserName="admin")
    root.call("CreateUser", UserName="other", PermissionsBoundary=OTHER_LIMIT)
    root.call("CreateRole", RoleName="power", AssumeRolePolicyDocument=TRUST)
    delegate.call("CreateUser", UserName="eve", PermissionsBoundary=LIMIT)
    for name in ("admin", "other", "delegate"):
        denied(delegate, "PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=policy("Allow", "*"))
        denied(delegate, "AttachUserPolicy", UserName=name, PolicyArn=POWER)
        denied(delegate, "PutUserPermissionsBoundary", UserName=name, PermissionsBoundary=OTHER_LIMIT)
    denied(delegate, "PutRolePolicy", RoleName="power", PolicyName="p", PolicyDocument=policy("Allow", "*"))
    denied(delegate, "PutUserPermissionsBoundary", UserName="eve", PermissionsBoundary=OTHER_LIMIT)
    denied(delegate, "DeleteUserPermissionsBoundary", UserName="eve")
    denied(delegate, "CreatePolicyVersion", PolicyArn=LIMIT, PolicyDocument=policy("Allow", "*"), SetAsDefault=True)
    denied(delegate, "CreateAccessKey", UserName="admin")


@pytest.mark.parametrize("key", ["iam:ResourceTag/team", "aws:ResourceTag/team"])
@pytest.mark.parametrize("operation", ["SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"])
def test_whose_policies_may_be_looked_at_may_hang_on_tags(root: Client, key: str, operation: str) -> None:
    tags = {"red": [{"Key": "Team", "Value": "red"}], "blue": [{"Key": "Team", "Value": "blue"}]}
    for name, given in tags.items():
        root.call("CreateUser", UserName=name, Tags=given)
        root.call("CreateRole", RoleName=name, Path="/x/", AssumeRolePolicyDocument=trust_in(HOME), Tags=given)
    root.call("CreateGroup", GroupName="red")
    ada = granted(root, "ada", allow("iam:*", StringEquals={key: "red"}))
    more: dict[str, Any] = {"ActionNames": ["ecr:PutImage"]} if operation.startswith("Simulate") else {}
    arns = f"arn:aws:iam::{HOME}:"
    for source in ("user/red", "role/x/red"):
        assert ada.call(operation, PolicySourceArn=f"{arns}{source}", **more)
    for source in ("user/blue", "role/x/blue", "role/red", "group/red", "user/nobody"):
        denied(ada, operation, PolicySourceArn=f"{arns}{source}", **more)
    denied(ada, operation, PolicySourceArn=f"arn:aws:iam::{OTHER}:user/red", **more)


@pytest.mark.parametrize("suffix", [None, "test"])
def test_a_service_linked_role_is_asked_about_under_its_whole_name(root: Client, suffix: str | None) -> None:
    name = "replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
    place = f"arn:aws:iam::{HOME}:role/aws-service-role/{name}"
    plain = root.new_user("plain", "iam:CreateServiceLinkedRole", resource=place)
    suffixed = root.new_user("suffixed", "iam:CreateServiceLinkedRole", resource=f"{place}_test")
    asked = {"AWSServiceName": "replication.ecr.amazonaws.com"} | ({} if suffix is None else {"CustomSuffix": suffix})
    may, may_not = (plain, suffixed) if suffix is None else (suffixed, plain)
    refused = refusal(may_not, "CreateServiceLinkedRole", **asked)
    assert (refused.code, f"on resource: {place}{'' if suffix is None else '_test'} " in refused.message) == (
        "AccessDenied",
        True,
    )
    if suffix is None:
        assert may.call("CreateServiceLinkedRole", **asked)["Role"]["RoleName"] == name.partition("/")[2]
    else:  # none of ECR's services takes one
        assert refusal(may, "CreateServiceLinkedRole", **asked).code == "InvalidInput"


def test_whoever_renames_needs_leave_for_the_new_place_too(root: Client) -> None:
    for name, path in (("bob", "/dev/"), ("eve", "/dev/")):
        root.call("CreateUser", UserName=name, Path=path)
    root.call("CreateGroup", GroupName="crew", Path="/dev/")
    mine = (f"arn:aws:iam::{HOME}:{kind}/dev/*" for kind in ("user", "group"))
    ada = granted(root, "ada", *(allow("iam:*", resource=arn) for arn in mine))
    denied(ada, "UpdateUser", UserName="bob", NewPath="/admin/")
    denied(ada, "UpdateUser", UserName="bob", NewPath="/", NewUserName="dev")
    denied(ada, "UpdateGroup", GroupName="crew", NewPath="/admin/")
    ada.call("UpdateUser", UserName="bob", NewUserName="rob")
    ada.call("UpdateUser", UserName="rob", NewPath="/dev/team/")
    ada.call("UpdateGroup", GroupName="crew", NewGroupName="team")
    assert root.call("GetUser", UserName="rob")["User"]["Path"] == "/dev/team/"
