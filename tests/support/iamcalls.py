"""A call of every operation of IAM that is built, and the people and things that all of them are about."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

Call = Callable[..., Any]

DOCUMENT: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
NARROW: Final = DOCUMENT.replace('"Action":"*"', '"Action":"ecr:ListImages"')
ISSUER: Final = "oidc.example.com/cluster"
OTHERS: Final = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"


def trust_in(account: str) -> str:
    """Write a trust policy that leaves the matter to an account."""
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def form_of(members: Mapping[str, Any], at: str = "") -> dict[str, str]:
    """Write members as a form does: lists are numbered."""
    found: dict[str, str] = {}
    for name, value in members.items():
        if isinstance(value, list):
            numbered = {f"member.{number}": item for number, item in enumerate(value, 1)}
            found |= form_of(numbered, f"{at}{name}.")
        elif isinstance(value, dict):
            found |= form_of(value, f"{at}{name}.")
        else:
            found[f"{at}{name}"] = str(value)
    return found


class Scene:
    """One of each kind, with everything attached to it that a call can detach; named after one user."""

    def __init__(self, account: str, user: str, access_key_id: str = "A" * 20) -> None:
        self.account, self.user, self.key = account, user, access_key_id
        self.group, self.role, self.profile = f"{user}-group", f"{user}-role", f"{user}-machine"
        self.policy = f"arn:aws:iam::{account}:policy/{user}-policy"
        self.provider = f"arn:aws:iam::{account}:oidc-provider/{ISSUER}/{user}"

    def build(self, iam: Call) -> None:
        """Make everything but the user; ``iam`` takes an operation and its members."""
        iam("CreateGroup", GroupName=self.group)
        iam("CreateRole", RoleName=self.role, AssumeRolePolicyDocument=trust_in(self.account))
        iam("CreateInstanceProfile", InstanceProfileName=self.profile)
        iam("CreatePolicy", PolicyName=f"{self.user}-policy", PolicyDocument=DOCUMENT)
        iam("CreatePolicyVersion", PolicyArn=self.policy, PolicyDocument=DOCUMENT)
        iam("CreateOpenIDConnectProvider", Url=f"https://{ISSUER}/{self.user}", ClientIDList=["us"])
        iam("AddUserToGroup", GroupName=self.group, UserName=self.user)
        for kind, name in (("User", self.user), ("Group", self.group), ("Role", self.role)):
            iam(f"Attach{kind}Policy", **{f"{kind}Name": name}, PolicyArn=self.policy)
            iam(f"Put{kind}Policy", **{f"{kind}Name": name}, PolicyName="own", PolicyDocument=DOCUMENT)
            if kind != "Group":
                iam(f"Put{kind}PermissionsBoundary", **{f"{kind}Name": name}, PermissionsBoundary=OTHERS)

    def seen(self, iam: Call) -> object:
        """Tell everything that a call could have changed."""
        details = iam("GetAccountAuthorizationDetails", MaxItems=1000)
        details.pop("ResponseMetadata", None)
        providers = iam("ListOpenIDConnectProviders")["OpenIDConnectProviderList"]
        mine = [one["Arn"] for one in providers]
        keys = iam("ListAccessKeys", UserName=self.user)["AccessKeyMetadata"]
        profiles = iam("ListInstanceProfiles")["InstanceProfiles"]
        provider = {arn: iam("GetOpenIDConnectProvider", OpenIDConnectProviderArn=arn)["ClientIDList"] for arn in mine}
        tags = [iam("ListPolicyTags", PolicyArn=self.policy)["Tags"], provider]
        return [details, keys, profiles, tags, iam("ListAccountAliases")["AccountAliases"]]

    def members(self, operation: str) -> Mapping[str, Any]:
        """Give the members of a call that would work."""
        special = self._special().get(operation)
        return self._named(operation) if special is None else special

    def _named(self, operation: str) -> dict[str, Any]:
        """Give who an operation is about, and the members that all of its family have."""
        found: dict[str, Any] = {}
        if operation in _LISTS:
            return found
        nouns = {"InstanceProfile": self.profile, "Group": self.group, "Role": self.role}
        if "OpenIDConnect" in operation:
            found["OpenIDConnectProviderArn"] = self.provider
        elif "PolicyVersion" in operation or operation in _ABOUT_POLICIES:
            found["PolicyArn"] = self.policy
        else:
            noun = next((noun for noun in nouns if noun in operation), "User")
            found[f"{noun}Name"] = nouns.get(noun, self.user)
        if operation.startswith(("Attach", "Detach")):
            found["PolicyArn"] = self.policy
        elif operation.startswith("Tag"):
            found["Tags"] = [{"Key": "team", "Value": "red"}]
        elif operation.startswith("Untag"):
            found["TagKeys"] = ["team"]
        elif operation.startswith("Put") and operation.endswith("PermissionsBoundary"):
            found["PermissionsBoundary"] = self.policy
        elif operation in _INLINE:
            found["PolicyName"] = "own"
            if operation.startswith("Put"):
                found["PolicyDocument"] = NARROW
        return found

    def _special(self) -> Mapping[str, Mapping[str, Any]]:
        group, role, profile = {"GroupName": self.group}, {"RoleName": self.role}, {"InstanceProfileName": self.profile}
        policy, provider = {"PolicyArn": self.policy}, {"OpenIDConnectProviderArn": self.provider}
        new, linked = f"{self.user}-made", "AWSServiceRoleForECRReplication"
        key = {"UserName": self.user, "AccessKeyId": self.key}
        source = {"PolicySourceArn": f"arn:aws:iam::{self.account}:group/{self.group}"}
        return {
            "AddClientIDToOpenIDConnectProvider": provider | {"ClientID": "them"},
            "AddRoleToInstanceProfile": profile | role,
            "AddUserToGroup": group | {"UserName": self.user},
            "CreateAccountAlias": {"AccountAlias": "our-team"},
            "CreateGroup": {"GroupName": new},
            "CreateInstanceProfile": {"InstanceProfileName": new},
            "CreateOpenIDConnectProvider": {"Url": f"https://{ISSUER}/{new}"},
            "CreatePolicy": {"PolicyName": new, "PolicyDocument": DOCUMENT},
            "CreatePolicyVersion": policy | {"PolicyDocument": DOCUMENT},
            "CreateRole": {"RoleName": new, "AssumeRolePolicyDocument": trust_in(self.account)},
            "CreateServiceLinkedRole": {"AWSServiceName": "replication.ecr.amazonaws.com"},
            "CreateUser": {"UserName": new},
            "DeleteAccessKey": key,
            "DeleteAccountAlias": {"AccountAlias": "our-team"},
            "DeletePolicyVersion": policy | {"VersionId": "v2"},
            "DeleteServiceLinkedRole": {"RoleName": linked},
            "GetContextKeysForCustomPolicy": {"PolicyInputList": [DOCUMENT]},
            "GetContextKeysForPrincipalPolicy": source,
            "SimulateCustomPolicy": {"PolicyInputList": [DOCUMENT], "ActionNames": ["ecr:PutImage"]},
            "SimulatePrincipalPolicy": source | {"ActionNames": ["ecr:PutImage"]},
            "GetAccessKeyLastUsed": {"AccessKeyId": self.key},
            "GetAccountAuthorizationDetails": {},
            "GetAccountSummary": {},
            "GetPolicyVersion": policy | {"VersionId": "v1"},
            "GetServiceLinkedRoleDeletionStatus": {"DeletionTaskId": f"task/aws-service-role/{linked}/x"},
            "ListAccountAliases": {},
            "ListEntitiesForPolicy": policy,
            "ListGroupsForUser": {"UserName": self.user},
            "ListInstanceProfilesForRole": role,
            "RemoveClientIDFromOpenIDConnectProvider": provider | {"ClientID": "us"},
            "RemoveRoleFromInstanceProfile": profile | role,
            "RemoveUserFromGroup": group | {"UserName": self.user},
            "SetDefaultPolicyVersion": policy | {"VersionId": "v2"},
            "UpdateAccessKey": key | {"Status": "Inactive"},
            "UpdateAssumeRolePolicy": role | {"PolicyDocument": trust_in(self.account)},
            "UpdateGroup": group | {"NewPath": "/moved/"},
            "UpdateOpenIDConnectProviderThumbprint": provider | {"ThumbprintList": ["0" * 40]},
            "UpdateRole": role | {"Description": "changed"},
            "UpdateRoleDescription": role | {"Description": "changed"},
            "UpdateUser": {"UserName": self.user, "NewPath": "/moved/"},
        }


_LISTS: Final = {
    "ListGroups",
    "ListInstanceProfiles",
    "ListOpenIDConnectProviders",
    "ListPolicies",
    "ListRoles",
    "ListUsers",
}
_ABOUT_POLICIES: Final = {"DeletePolicy", "GetPolicy", "ListPolicyTags", "TagPolicy", "UntagPolicy"}
_INLINE: Final = {f"{verb}{kind}Policy" for verb in ("Put", "Get", "Delete") for kind in ("User", "Group", "Role")}
