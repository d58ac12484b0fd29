"""The well-known ways to more than one was given: each is tried by somebody who may do nearly that, and each fails.

Whoever is allowed a thing on its own may not do it to others, and the loser of each try has changed nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from moorage.edge.awsquery.edge import HANDLERS
from moorage.operations.accounts import NewKey
from support.env import HOME, FrozenClock, close_env, configure_account, make_env
from support.iamcalls import Scene
from unit.edge.awsquery.wire import Client, policy, refusal

MINE = "mallory"
ALL = policy("Allow", "*")
IAM = f"arn:aws:iam::{HOME}:"
ADMIN = f"{IAM}policy/admin"
TRUST_ME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"AWS": f"{IAM}user/{MINE}"}, "Action": "sts:AssumeRole"},
    }
)
CHANGES = sorted(
    name.partition(".")[2]
    for name in HANDLERS
    if name.startswith("iam.") and not name.partition(".")[2].startswith(("Get", "List"))
)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Client]:
    """Give an account with an administrator, and much that could be turned against it."""
    env = make_env(tmp_path, FrozenClock())
    root = Client(env, configure_account(env, HOME))
    root.call("CreatePolicy", PolicyName="admin", PolicyDocument=ALL)
    root.call("CreatePolicy", PolicyName="mine", PolicyDocument=policy("Allow", "ecr:ListImages"))
    root.call("CreatePolicyVersion", PolicyArn=f"{IAM}policy/mine", PolicyDocument=ALL)
    root.call("CreateUser", UserName="admin", Tags=[{"Key": "team", "Value": "red"}])
    root.call("AttachUserPolicy", UserName="admin", PolicyArn=ADMIN)
    root.call("CreateGroup", GroupName="admins")
    root.call("AttachGroupPolicy", GroupName="admins", PolicyArn=ADMIN)
    trusted = TRUST_ME.replace(f"user/{MINE}", "user/admin")
    root.call("CreateRole", RoleName="admin", AssumeRolePolicyDocument=trusted)
    root.call("AttachRolePolicy", RoleName="admin", PolicyArn=ADMIN)
    root.call("CreateInstanceProfile", InstanceProfileName="machine")
    yield root
    close_env(env)


@dataclass(frozen=True)
class Try:
    """Somebody may do ``may`` on ``on``, and wants ``operation``."""

    may: tuple[str, ...]
    operation: str
    members: Mapping[str, Any]
    on: str = "*"
    service: str = "iam"

    def __str__(self) -> str:
        return f"{self.operation} with {' '.join(self.may)}"


OWN = f"{IAM}user/{MINE}"
TRIES = [
    Try(("iam:CreateAccessKey",), "CreateAccessKey", {"UserName": "admin"}, OWN),
    Try(
        ("iam:CreateAccessKey",), "UpdateAccessKey", {"UserName": "admin", "AccessKeyId": "A" * 20, "Status": "Active"}
    ),
    Try(
        ("iam:CreateUser", "iam:CreateAccessKey"),
        "PutUserPolicy",
        {"UserName": MINE, "PolicyName": "p", "PolicyDocument": ALL},
    ),
    Try(("iam:AttachUserPolicy",), "PutUserPolicy", {"UserName": MINE, "PolicyName": "p", "PolicyDocument": ALL}),
    Try(("iam:PutUserPolicy",), "PutUserPolicy", {"UserName": "admin", "PolicyName": "p", "PolicyDocument": ALL}, OWN),
    Try(("iam:PutUserPolicy",), "AttachUserPolicy", {"UserName": MINE, "PolicyArn": ADMIN}),
    Try(("iam:AttachUserPolicy",), "AttachUserPolicy", {"UserName": "admin", "PolicyArn": ADMIN}, OWN),
    Try(("iam:AttachUserPolicy",), "AttachRolePolicy", {"RoleName": "admin", "PolicyArn": ADMIN}),
    Try(("iam:PutGroupPolicy",), "AttachGroupPolicy", {"GroupName": "admins", "PolicyArn": ADMIN}),
    Try(
        ("iam:AttachGroupPolicy",), "PutGroupPolicy", {"GroupName": "admins", "PolicyName": "p", "PolicyDocument": ALL}
    ),
    Try(("iam:PutUserPolicy",), "PutRolePolicy", {"RoleName": "admin", "PolicyName": "p", "PolicyDocument": ALL}),
    Try(
        ("iam:CreatePolicy",),
        "CreatePolicyVersion",
        {"PolicyArn": f"{IAM}policy/mine", "PolicyDocument": ALL, "SetAsDefault": True},
    ),
    Try(
        ("iam:CreatePolicyVersion",),
        "CreatePolicyVersion",
        {"PolicyArn": ADMIN, "PolicyDocument": ALL, "SetAsDefault": True},
        f"{IAM}policy/mine",
    ),
    Try(("iam:CreatePolicyVersion",), "SetDefaultPolicyVersion", {"PolicyArn": f"{IAM}policy/mine", "VersionId": "v2"}),
    Try(
        ("iam:SetDefaultPolicyVersion",),
        "SetDefaultPolicyVersion",
        {"PolicyArn": f"{IAM}policy/mine", "VersionId": "v2"},
        ADMIN,
    ),
    Try(("iam:CreateGroup",), "AddUserToGroup", {"GroupName": "admins", "UserName": MINE}),
    Try(("iam:AddUserToGroup",), "AddUserToGroup", {"GroupName": "admins", "UserName": MINE}, f"{IAM}group/crew"),
    Try(
        ("iam:UpdateRole", "sts:AssumeRole"),
        "UpdateAssumeRolePolicy",
        {"RoleName": "admin", "PolicyDocument": TRUST_ME},
    ),
    Try(
        ("iam:UpdateAssumeRolePolicy",),
        "UpdateAssumeRolePolicy",
        {"RoleName": "admin", "PolicyDocument": TRUST_ME},
        f"{IAM}role/mine",
    ),
    Try(
        ("iam:AddRoleToInstanceProfile",),
        "AddRoleToInstanceProfile",
        {"InstanceProfileName": "machine", "RoleName": "admin"},
    ),
    Try(("iam:PassRole",), "AddRoleToInstanceProfile", {"InstanceProfileName": "machine", "RoleName": "admin"}),
    Try(
        ("iam:CreateRole",),
        "CreateRole",
        {"RoleName": "own", "AssumeRolePolicyDocument": TRUST_ME, "Tags": [{"Key": "a", "Value": "b"}]},
    ),
    Try(("iam:PutUserPermissionsBoundary",), "DeleteUserPermissionsBoundary", {"UserName": MINE}),
    Try(
        ("iam:DeleteUserPermissionsBoundary",),
        "PutUserPermissionsBoundary",
        {"UserName": MINE, "PermissionsBoundary": ADMIN},
    ),
    Try(
        ("iam:PutUserPermissionsBoundary",),
        "PutRolePermissionsBoundary",
        {"RoleName": "admin", "PermissionsBoundary": ADMIN},
    ),
    Try(("iam:UntagUser",), "TagUser", {"UserName": MINE, "Tags": [{"Key": "team", "Value": "red"}]}),
    Try(("iam:TagUser",), "TagRole", {"RoleName": "admin", "Tags": [{"Key": "team", "Value": "blue"}]}),
    Try(("iam:CreateRole",), "CreateServiceLinkedRole", {"AWSServiceName": "replication.ecr.amazonaws.com"}),
    Try(
        ("iam:GetOpenIDConnectProvider",),
        "CreateOpenIDConnectProvider",
        {"Url": "https://evil.example", "ClientIDList": ["us"]},
    ),
    Try(("sts:AssumeRole",), "AssumeRole", {"RoleArn": f"{IAM}role/admin", "RoleSessionName": "try"}, "*", "sts"),
    Try(("sts:*", "iam:*"), "AssumeRole", {"RoleArn": f"{IAM}role/admin", "RoleSessionName": "try"}, "*", "sts"),
]


@pytest.mark.parametrize("attempt", TRIES, ids=str)
def test_nearly_enough_is_not_enough(root: Client, attempt: Try) -> None:
    mallory = root.new_user(MINE, *attempt.may, resource=attempt.on)
    before = seen(root)
    refused = refusal(mallory, attempt.operation, attempt.service, **attempt.members)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert seen(root) == before


def seen(root: Client) -> object:
    """Tell everything of the account that a try could have changed."""
    details = root.call("GetAccountAuthorizationDetails", MaxItems=1000)
    keys = [root.call("ListAccessKeys", UserName=user["UserName"]) for user in details["UserDetailList"]]
    profiles, providers = root.call("ListInstanceProfiles"), root.call("ListOpenIDConnectProviders")
    parts = [details, *keys, profiles, providers]
    for part in parts:
        part.pop("ResponseMetadata", None)
    return json.dumps(parts, default=str, sort_keys=True)


def test_no_change_is_open_to_whoever_may_only_read_or_use(root: Client) -> None:
    """Try the whole table of creating and updating calls with all rights but those to change."""
    mallory = root.new_user(MINE, "iam:Get*", "iam:List*", "iam:PassRole", "sts:*", "ecr:*", "moorage:*")
    root.call("CreateUser", UserName="scene")
    key = root.call("CreateAccessKey", UserName="scene")["AccessKey"]["AccessKeyId"]
    scene = Scene(HOME, "scene", key)
    scene.build(root.call)
    before = seen(root)
    codes = {name: refusal(mallory, name, **scene.members(name)).code for name in CHANGES}
    assert codes == dict.fromkeys(CHANGES, "AccessDenied")
    assert seen(root) == before


def session_of(client: Client, answer: Mapping[str, Any]) -> Client:
    made = answer["Credentials"]
    return replace(client, key=NewKey(made["AccessKeyId"], made["SecretAccessKey"]), token=made["SessionToken"])


def test_a_session_of_one_s_own_may_no_more_and_of_iam_nothing(root: Client) -> None:
    mallory = root.new_user(MINE, "*")
    session = session_of(mallory, mallory.call("GetSessionToken", "sts"))
    for operation, members in (("CreateUser", {"UserName": "x"}), ("CreateAccessKey", {"UserName": "admin"})):
        assert refusal(session, operation, **members).code == "InvalidClientTokenId"
    assert refusal(session, "GetSessionToken", "sts").code == "AccessDenied"


def test_a_chain_of_roles_gains_nothing_on_the_way(root: Client) -> None:
    """What the first session was cut down to, the second does not have from the first; each role trusts by itself."""
    mallory = root.new_user(MINE)
    root.call("CreateRole", RoleName="first", AssumeRolePolicyDocument=TRUST_ME)
    root.call("PutRolePolicy", RoleName="first", PolicyName="p", PolicyDocument=policy("Allow", "sts:AssumeRole"))
    by_first = TRUST_ME.replace(f"user/{MINE}", "role/first")
    root.call("CreateRole", RoleName="second", AssumeRolePolicyDocument=by_first)
    root.call("PutRolePolicy", RoleName="second", PolicyName="p", PolicyDocument=policy("Allow", "iam:ListUsers"))
    asked = {"RoleSessionName": "try", "RoleArn": f"{IAM}role/second"}
    assert refusal(mallory, "AssumeRole", "sts", **asked).code == "AccessDenied"
    cut = {"Policy": policy("Allow", "ecr:*")}
    narrow = mallory.call("AssumeRole", "sts", RoleArn=f"{IAM}role/first", RoleSessionName="try", **cut)
    assert refusal(session_of(mallory, narrow), "AssumeRole", "sts", **asked).code == "AccessDenied"
    first = session_of(mallory, mallory.call("AssumeRole", "sts", RoleArn=f"{IAM}role/first", RoleSessionName="try"))
    second = session_of(first, first.call("AssumeRole", "sts", **asked))
    assert second.call("ListUsers")["Users"]
    assert refusal(second, "ListRoles").code == "AccessDenied"
    admin = {"RoleSessionName": "try", "RoleArn": f"{IAM}role/admin"}
    assert refusal(second, "AssumeRole", "sts", **admin).code == "AccessDenied"
    assert refusal(first, "AssumeRole", "sts", **asked, DurationSeconds=3601).code == "ValidationError"


def test_session_tags_are_not_free_to_choose(root: Client) -> None:
    """A role whose rights follow its tags (ABAC): whoever becomes it may tag the session with leave alone."""
    mallory = root.new_user(MINE, "sts:AssumeRole")
    root.call("CreateRole", RoleName="abac", AssumeRolePolicyDocument=TRUST_ME)
    tags = [{"Key": "team", "Value": "red"}]
    asked = {"RoleArn": f"{IAM}role/abac", "RoleSessionName": "try"}
    assert mallory.call("AssumeRole", "sts", **asked)
    assert refusal(mallory, "AssumeRole", "sts", **asked, Tags=tags).code == "AccessDenied"


def test_one_s_own_tags_change_one_s_rights_only_with_leave_to_tag(root: Client) -> None:
    by_tag = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    mallory = root.new_user(MINE)
    document = json.loads(policy("Allow", "iam:CreateAccessKey"))
    document["Statement"][0]["Condition"] = by_tag
    root.call("PutUserPolicy", UserName=MINE, PolicyName="abac", PolicyDocument=json.dumps(document))
    root.call("TagUser", UserName=MINE, Tags=[{"Key": "team", "Value": "blue"}])
    assert refusal(mallory, "CreateAccessKey", UserName="admin").code == "AccessDenied"
    assert refusal(mallory, "TagUser", UserName=MINE, Tags=[{"Key": "team", "Value": "red"}]).code == "AccessDenied"
    root.call("TagUser", UserName=MINE, Tags=[{"Key": "team", "Value": "red"}])
    assert mallory.call("CreateAccessKey", UserName="admin")


def test_what_is_not_built_is_refused_before_that_is_told(root: Client) -> None:
    mallory = root.new_user(MINE, "iam:GetUser")
    for operation in ("CreateLoginProfile", "UpdateLoginProfile", "CreateVirtualMFADevice", "UploadSSHPublicKey"):
        form = {"Action": operation, "Version": "2010-05-08", "UserName": "admin", "Password": "x"}
        answer = mallory.send(mallory.arrived("iam", form))
        assert (answer.status, b"<Code>AccessDenied</Code>" in bytes(answer.body or b"")) == (403, True)
    with pytest.raises(Exception, match="GetFederationToken"):
        mallory.post("sts", {"Action": "GetFederationToken", "Version": "2011-06-15", "Name": "x"})
