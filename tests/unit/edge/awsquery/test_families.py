"""Every operation of IAM asks for its own action and for nothing else, and does what it says."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import pytest

from moorage.edge.awsquery.edge import HANDLERS
from support.env import HOME
from support.iamcalls import DOCUMENT, OTHERS, Scene, trust_in
from unit.edge.awsquery.wire import Client, Refused, policy, refusal

BUILT = sorted(key.removeprefix("iam.") for key in HANDLERS if key.startswith("iam."))
# What fails for a reason of its own once it is allowed: something is attached, or was never there.
CONFLICTS: Mapping[str, str] = {
    "AddRoleToInstanceProfile": "AccessDenied",  # it needs leave to pass the role on as well
    "DeleteAccountAlias": "NoSuchEntity",
    "DeleteGroup": "DeleteConflict",
    "DeleteLoginProfile": "NoSuchEntity",
    "DeletePolicy": "DeleteConflict",
    "DeleteRole": "DeleteConflict",
    "DeleteServiceLinkedRole": "NoSuchEntity",
    "DeleteUser": "DeleteConflict",
    "GetLoginProfile": "NoSuchEntity",
    "GetServiceLinkedRoleDeletionStatus": "NoSuchEntity",
    "RemoveRoleFromInstanceProfile": "NoSuchEntity",
}


@pytest.fixture
def scene(root: Client) -> Scene:
    ada = root.new_user("ada")
    scene = Scene(HOME, "ada", ada.key.access_key_id)
    scene.build(root.call)
    return scene


def code_of(client: Client, operation: str, members: Mapping[str, Any]) -> str:
    try:
        client.call(operation, "iam", **members)
    except Refused as refused:
        return refused.code
    return ""


@pytest.mark.parametrize("operation", BUILT)
def test_with_just_its_action_an_operation_is_done(root: Client, scene: Scene, operation: str) -> None:
    eve = root.new_user("eve", f"iam:{operation}")
    assert code_of(eve, operation, scene.members(operation)) == CONFLICTS.get(operation, "")


@pytest.mark.parametrize("operation", BUILT)
def test_with_every_other_action_an_operation_changes_nothing(root: Client, scene: Scene, operation: str) -> None:
    eve = root.new_user("eve", "*")
    root.call("PutUserPolicy", UserName="eve", PolicyName="not", PolicyDocument=policy("Deny", f"iam:{operation}"))
    before = scene.seen(root.call)
    assert code_of(eve, operation, scene.members(operation)) == "AccessDenied"
    assert scene.seen(root.call) == before


@pytest.mark.parametrize("create", ["CreateUser", "CreateRole", "CreatePolicy", "CreateInstanceProfile"])
def test_what_is_born_with_tags_needs_leave_to_tag(root: Client, scene: Scene, create: str) -> None:
    eve = root.new_user("eve", f"iam:{create}")
    members = {**scene.members(create), "Tags": [{"Key": "team", "Value": "red"}]}
    assert refusal(eve, create, **members).code == "AccessDenied"


# Groups.


def test_a_group_tells_its_users_and_a_user_its_groups(root: Client, scene: Scene) -> None:
    assert [one["UserName"] for one in root.call("GetGroup", GroupName=scene.group)["Users"]] == ["ada"]
    assert [one["GroupName"] for one in root.call("ListGroupsForUser", UserName="ada")["Groups"]] == [scene.group]


def test_whoever_leaves_a_group_loses_what_it_gave(root: Client) -> None:
    ada = root.new_user("ada")
    root.call("CreateGroup", GroupName="readers")
    root.call("PutGroupPolicy", GroupName="readers", PolicyName="p", PolicyDocument=policy("Allow", "iam:ListUsers"))
    root.call("AddUserToGroup", GroupName="readers", UserName="ada")
    assert ada.call("ListUsers")["Users"]
    root.call("RemoveUserFromGroup", GroupName="readers", UserName="ada")
    assert refusal(ada, "ListUsers").code == "AccessDenied"


def test_a_deny_of_a_group_wins(root: Client) -> None:
    ada = root.new_user("ada", "iam:*")
    root.call("CreateGroup", GroupName="barred")
    root.call("PutGroupPolicy", GroupName="barred", PolicyName="p", PolicyDocument=policy("Deny", "iam:ListUsers"))
    root.call("AddUserToGroup", GroupName="barred", UserName="ada")
    assert "explicit deny in an identity-based policy" in refusal(ada, "ListUsers").message


def test_a_user_in_a_group_cannot_be_deleted(root: Client) -> None:
    for operation, members in (
        ("CreateUser", {"UserName": "bob"}),
        ("CreateGroup", {"GroupName": "g"}),
        ("AddUserToGroup", {"GroupName": "g", "UserName": "bob"}),
    ):
        root.call(operation, "iam", **members)
    assert refusal(root, "DeleteUser", UserName="bob").code == "DeleteConflict"
    assert refusal(root, "DeleteGroup", GroupName="g").code == "DeleteConflict"


# Managed policies.


def test_an_attached_policy_is_in_force_in_its_default_version(root: Client) -> None:
    ada = root.new_user("ada")
    arn = root.call("CreatePolicy", PolicyName="p", PolicyDocument=policy("Allow", "iam:ListUsers"))["Policy"]["Arn"]
    root.call("AttachUserPolicy", UserName="ada", PolicyArn=arn)
    assert ada.call("ListUsers")["Users"]
    version = root.call(
        "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=policy("Deny", "iam:ListUsers"), SetAsDefault=True
    )["PolicyVersion"]
    assert (version["VersionId"], refusal(ada, "ListUsers").code) == ("v2", "AccessDenied")
    root.call("SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v1")
    assert ada.call("ListUsers")["Users"]
    root.call("DetachUserPolicy", UserName="ada", PolicyArn=arn)
    assert refusal(ada, "ListUsers").code == "AccessDenied"


def test_a_policy_has_at_most_five_versions_and_the_default_stays(root: Client) -> None:
    arn = root.call("CreatePolicy", PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    for _ in range(4):
        root.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=DOCUMENT)
    assert refusal(root, "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=DOCUMENT).code == "LimitExceeded"
    assert refusal(root, "DeletePolicyVersion", PolicyArn=arn, VersionId="v1").code == "DeleteConflict"
    root.call("DeletePolicyVersion", PolicyArn=arn, VersionId="v2")
    made = root.call("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=DOCUMENT)["PolicyVersion"]["VersionId"]
    listed = [one["VersionId"] for one in root.call("ListPolicyVersions", PolicyArn=arn)["Versions"]]
    assert (made, listed) == ("v6", ["v6", "v5", "v4", "v3", "v1"])


def test_a_policy_that_is_no_policy_is_refused_when_it_is_stored(root: Client) -> None:
    refused = refusal(root, "CreatePolicy", PolicyName="p", PolicyDocument='{"Version": "2012-10-17"}')
    assert (refused.code, refused.status) == ("MalformedPolicyDocument", 400)


@pytest.mark.parametrize("name", ["FullAccess", "PowerUser", "ReadOnly", "PullOnly"])
def test_aws_s_own_policies_are_there(root: Client, name: str) -> None:
    arn = f"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{name}"
    found = root.call("GetPolicy", PolicyArn=arn)["Policy"]
    version = root.call("GetPolicyVersion", PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    assert (found["Arn"], "GetAuthorizationToken" in version["Document"] or name == "FullAccess") == (arn, True)


@pytest.mark.parametrize("name", ["FullAccess", "PowerUser", "ReadOnly", "PullOnly"])
def test_aws_s_own_policies_let_ask_for_a_token(root: Client, name: str) -> None:
    ada = root.new_user("ada")
    root.call("AttachUserPolicy", UserName="ada", PolicyArn=f"arn:aws:iam::aws:policy/AmazonEC2ContainerRegistry{name}")
    assert "no identity-based policy" in refusal(ada, "ListUsers").message  # which no policy that is broken says


def test_full_access_makes_the_one_role_that_ecr_needs(root: Client) -> None:
    ada = root.new_user("ada")
    root.call(
        "AttachUserPolicy", UserName="ada", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess"
    )
    other = "pullthroughcache.ecr.amazonaws.com"
    assert refusal(ada, "CreateServiceLinkedRole", AWSServiceName=other).code == "AccessDenied"
    made = ada.call("CreateServiceLinkedRole", AWSServiceName="replication.ecr.amazonaws.com")["Role"]
    assert made["RoleName"] == "AWSServiceRoleForECRReplication"


@pytest.mark.parametrize("operation", ["DeletePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion", "TagPolicy"])
def test_nobody_changes_a_policy_of_aws(root: Client, scene: Scene, operation: str) -> None:
    refused = refusal(root, operation, **{**scene.members(operation), "PolicyArn": OTHERS})
    assert refused.code == "InvalidInput"


def test_a_policy_tells_whom_it_is_attached_to(root: Client, scene: Scene) -> None:
    found = root.call("ListEntitiesForPolicy", PolicyArn=scene.policy)
    names = [found["PolicyUsers"][0]["UserName"], found["PolicyGroups"][0]["GroupName"]]
    assert [*names, found["PolicyRoles"][0]["RoleName"]] == ["ada", scene.group, scene.role]
    assert root.call("GetPolicy", PolicyArn=scene.policy)["Policy"]["AttachmentCount"] == 3


def test_policies_are_listed_by_keeper_and_by_use(root: Client, scene: Scene) -> None:
    local = root.call("ListPolicies", Scope="Local")["Policies"]
    bounds = root.call("ListPolicies", PolicyUsageFilter="PermissionsBoundary")["Policies"]
    assert [one["Arn"] for one in local] == [scene.policy]
    assert [(one["Arn"], one["PermissionsBoundaryUsageCount"]) for one in bounds] == [(OTHERS, 2)]


# Boundaries.


def test_a_boundary_cuts_what_is_allowed_and_allows_nothing(root: Client) -> None:
    ada = root.new_user("ada", "iam:ListUsers", "iam:ListRoles")
    arn = root.call("CreatePolicy", PolicyName="b", PolicyDocument=policy("Allow", "iam:ListUsers", "iam:ListGroups"))
    root.call("PutUserPermissionsBoundary", UserName="ada", PermissionsBoundary=arn["Policy"]["Arn"])
    assert ada.call("ListUsers")["Users"]
    assert "because no permissions boundary allows" in refusal(ada, "ListRoles").message
    assert "no identity-based policy" in refusal(ada, "ListGroups").message
    root.call("DeleteUserPermissionsBoundary", UserName="ada")
    assert ada.call("ListRoles")["Roles"] == []


def test_a_policy_that_bounds_somebody_cannot_be_deleted(root: Client) -> None:
    arn = root.call("CreatePolicy", PolicyName="b", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    root.call("CreateUser", UserName="ada", PermissionsBoundary=arn)
    assert refusal(root, "DeletePolicy", PolicyArn=arn).code == "DeleteConflict"
    assert root.call("GetUser", UserName="ada")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn


# Roles.


def test_a_role_is_described_with_its_trust(root: Client, scene: Scene) -> None:
    role = root.call("GetRole", RoleName=scene.role)["Role"]
    assert (role["Arn"], role["MaxSessionDuration"]) == (f"arn:aws:iam::{HOME}:role/{scene.role}", 3600)
    assert unquote(role["AssumeRolePolicyDocument"]) == trust_in(HOME)


def test_a_trust_policy_must_name_somebody_who_is_there(root: Client) -> None:
    trust = trust_in(HOME).replace(f'"{HOME}"', f'"arn:aws:iam::{HOME}:user/nobody"')
    refused = refusal(root, "CreateRole", RoleName="r", AssumeRolePolicyDocument=trust)
    assert refused.message == f'Invalid principal in policy: "AWS":"arn:aws:iam::{HOME}:user/nobody"'


def test_service_linked_roles_come_and_go_whole(root: Client) -> None:
    service = "replication.ecr.amazonaws.com"
    role = root.call("CreateServiceLinkedRole", AWSServiceName=service)["Role"]
    assert role["Arn"] == f"arn:aws:iam::{HOME}:role/aws-service-role/{service}/AWSServiceRoleForECRReplication"
    name = role["RoleName"]
    assert refusal(root, "CreateServiceLinkedRole", AWSServiceName=service).code == "InvalidInput"
    assert refusal(root, "DeleteRole", RoleName=name).code == "UnmodifiableEntity"
    task = root.call("DeleteServiceLinkedRole", RoleName=name)["DeletionTaskId"]
    assert root.call("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refusal(root, "GetRole", RoleName=name).code == "NoSuchEntity"


# Instance profiles, tags, the account.


def test_a_role_goes_into_an_instance_profile_with_leave_to_pass_it_on(root: Client, scene: Scene) -> None:
    eve = root.new_user("eve", "iam:AddRoleToInstanceProfile", "iam:PassRole")
    eve.call("AddRoleToInstanceProfile", InstanceProfileName=scene.profile, RoleName=scene.role)
    found = root.call("GetInstanceProfile", InstanceProfileName=scene.profile)["InstanceProfile"]
    assert [role["RoleName"] for role in found["Roles"]] == [scene.role]
    assert refusal(root, "DeleteRole", RoleName=scene.role).code == "DeleteConflict"
    listed = root.call("ListInstanceProfilesForRole", RoleName=scene.role)["InstanceProfiles"]
    assert [one["InstanceProfileName"] for one in listed] == [scene.profile]


def test_tags_come_and_go_whatever_their_case(root: Client, scene: Scene) -> None:
    root.call("TagRole", RoleName=scene.role, Tags=[{"Key": "Team", "Value": "red"}, {"Key": "a", "Value": ""}])
    root.call("TagRole", RoleName=scene.role, Tags=[{"Key": "team", "Value": "blue"}])
    assert root.call("ListRoleTags", RoleName=scene.role)["Tags"] == [
        {"Key": "a", "Value": ""},
        {"Key": "team", "Value": "blue"},
    ]
    root.call("UntagRole", RoleName=scene.role, TagKeys=["TEAM"])
    assert [one["Key"] for one in root.call("GetRole", RoleName=scene.role)["Role"]["Tags"]] == ["a"]


def test_a_tag_of_aws_s_own_is_refused(root: Client, scene: Scene) -> None:
    tags = [{"Key": "aws:x", "Value": "y"}]
    assert refusal(root, "TagUser", UserName=scene.user, Tags=tags).code == "InvalidInput"


def test_the_account_is_summarised(root: Client, scene: Scene) -> None:
    told = root.call("GetAccountSummary")["SummaryMap"]
    assert {name: told[name] for name in ("Users", "Groups", "Roles", "Policies", "InstanceProfiles", "Providers")} == {
        "Users": 1,
        "Groups": 1,
        "Roles": 1,
        "Policies": 1,
        "InstanceProfiles": 1,
        "Providers": 1,
    }
    assert (told["AccessKeysPerUserQuota"], scene.account) == (2, HOME)


def test_everything_is_told_in_pages(root: Client, scene: Scene) -> None:
    marker: dict[str, str] = {}
    seen: list[str] = []
    while True:
        page = root.call("GetAccountAuthorizationDetails", MaxItems=2, **marker)
        seen += [one["Arn"] for key in ("UserDetailList", "GroupDetailList", "RoleDetailList") for one in page[key]]
        seen += [one["Arn"] for one in page["Policies"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    names = [arn.rpartition("/")[2] for arn in seen]
    assert names == ["ada", scene.group, scene.role, f"{scene.user}-policy"]


def test_a_provider_is_kept_by_its_address(root: Client, scene: Scene) -> None:
    found = root.call("GetOpenIDConnectProvider", OpenIDConnectProviderArn=scene.provider)
    assert (found["Url"], found["ClientIDList"]) == ("oidc.example.com/cluster/ada", ["us"])


@pytest.mark.parametrize("url", ["http://x.example", "https://", "https://a@x.example", "https://x.example?q", "x"])
def test_a_provider_has_a_plain_https_address(root: Client, url: str) -> None:
    assert refusal(root, "CreateOpenIDConnectProvider", Url=url).code == "InvalidInput"
