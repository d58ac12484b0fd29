"""The one table: what each operation and each route needs; what is not in it is refused.

An operation of an API, or an endpoint of ``/v2/`` with its method and the kind of its reference, maps to the IAM
actions it needs and the resource they are asked about (spec/ecr/iam.md sections 2 and 4; design: house, section 3).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct


class Scope(StrEnum):
    """What an action is asked about."""

    NOBODY = "valid credentials are enough"
    EVERYTHING = "*"
    REPOSITORY = "the repository's ARN"
    REPOSITORIES = "repository/* of the registry"
    USER = "the IAM user's ARN"
    USERS = "user/* of the account"
    GROUP = "the IAM group's ARN"
    GROUPS = "group/* of the account"
    ROLE = "the IAM role's ARN"
    ROLES = "role/* of the account"
    POLICY = "the managed policy's ARN"
    POLICIES = "policy/* of the account"
    PROFILE = "the instance profile's ARN"
    PROFILES = "instance-profile/* of the account"
    PROVIDER = "the OIDC provider's ARN"
    PROVIDERS = "oidc-provider/* of the account"
    PRINCIPAL = "the ARN of the user, group or role"


# What stands before the name in the ARN of what IAM keeps; after that of a policy nothing more: its ARN is the name.
IAM_PLACES: Mapping[Scope, str] = {
    Scope.USER: "user",
    Scope.USERS: "user/*",
    Scope.GROUP: "group",
    Scope.GROUPS: "group/*",
    Scope.ROLE: "role",
    Scope.ROLES: "role/*",
    Scope.POLICIES: "policy/*",
    Scope.PROFILE: "instance-profile",
    Scope.PROFILES: "instance-profile/*",
    Scope.PROVIDER: "oidc-provider/",
    Scope.PROVIDERS: "oidc-provider/*",
}


class Needs(Struct, frozen=True):
    """Every one of ``actions`` must be allowed on ``scope``; of an inner tuple any one is enough."""

    scope: Scope
    actions: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for group in self.actions for name in group)


def _on(scope: Scope, *actions: str | tuple[str, ...]) -> Needs:
    return Needs(scope, tuple((action,) if isinstance(action, str) else action for action in actions))


def _ecr(scope: Scope, *operations: str) -> dict[str, Needs]:
    return {f"ecr.{operation}": _on(scope, f"ecr:{operation}") for operation in operations}


def _iam(scope: Scope, *operations: str) -> dict[str, Needs]:
    return {f"iam.{operation}": _on(scope, f"iam:{operation}") for operation in operations}


CREDENTIALS = Needs(Scope.NOBODY)

OPERATIONS: Mapping[str, Needs] = {
    **_ecr(
        Scope.REPOSITORY,
        "BatchCheckLayerAvailability",
        "BatchDeleteImage",
        "BatchGetImage",
        "BatchGetRepositoryScanningConfiguration",
        "CompleteLayerUpload",
        "CreateRepository",
        "DeleteLifecyclePolicy",
        "DeleteRepository",
        "DeleteRepositoryPolicy",
        "DescribeImageReplicationStatus",
        "DescribeImageScanFindings",
        "DescribeImageSigningStatus",
        "DescribeImages",
        "DescribeRepositories",
        "GetDownloadUrlForLayer",
        "GetLifecyclePolicy",
        "GetLifecyclePolicyPreview",
        "GetRepositoryPolicy",
        "InitiateLayerUpload",
        "ListImages",
        "ListTagsForResource",
        "PutImage",
        "PutImageScanningConfiguration",
        "PutImageTagMutability",
        "PutLifecyclePolicy",
        "SetRepositoryPolicy",
        "StartImageScan",
        "StartLifecyclePolicyPreview",
        "TagResource",
        "UntagResource",
        "UpdateImageStorageClass",
        "UploadLayerPart",
    ),
    **_ecr(
        Scope.EVERYTHING,
        "CreatePullThroughCacheRule",
        "CreateRepositoryCreationTemplate",
        "DeletePullThroughCacheRule",
        "DeleteRegistryPolicy",
        "DeleteRepositoryCreationTemplate",
        "DeleteSigningConfiguration",
        "DeregisterPullTimeUpdateExclusion",
        "DescribePullThroughCacheRules",
        "DescribeRegistry",
        "DescribeReplicationBackfillResults",
        "DescribeRepositoryCreationTemplates",
        "GetAccountSetting",
        "GetAuthorizationToken",
        "GetRegistryPolicy",
        "GetRegistryScanningConfiguration",
        "GetSigningConfiguration",
        "ListPullTimeUpdateExclusions",
        "ListReplicationBackfills",
        "PutAccountSetting",
        "PutRegistryPolicy",
        "PutRegistryScanningConfiguration",
        "PutReplicationConfiguration",
        "PutSigningConfiguration",
        "RegisterPullTimeUpdateExclusion",
        "StartReplicationBackfill",
        "StopReplicationBackfill",
        "UpdatePullThroughCacheRule",
        "UpdateRepositoryCreationTemplate",
        "ValidatePullThroughCacheRule",
    ),
    # There is no action of this name: ECR authorises it through BatchGetImage.
    "ecr.ListImageReferrers": _on(Scope.REPOSITORY, "ecr:BatchGetImage"),
    # DescribeRepositories without names asks about all repositories of the registry.
    "ecr.DescribeRepositories of all": _on(Scope.REPOSITORIES, "ecr:DescribeRepositories"),
    # CreateRepository with tags needs both (iam.md section 2).
    "ecr.CreateRepository with tags": _on(Scope.REPOSITORY, "ecr:CreateRepository", "ecr:TagResource"),
    # A call that names no user means the caller's own.
    **_iam(
        Scope.USER,
        "CreateUser",
        "GetUser",
        "UpdateUser",
        "DeleteUser",
        "TagUser",
        "UntagUser",
        "ListUserTags",
        "ListGroupsForUser",
        "PutUserPermissionsBoundary",
        "DeleteUserPermissionsBoundary",
        "CreateAccessKey",
        "ListAccessKeys",
        "UpdateAccessKey",
        "DeleteAccessKey",
        "PutUserPolicy",
        "GetUserPolicy",
        "ListUserPolicies",
        "DeleteUserPolicy",
        "AttachUserPolicy",
        "DetachUserPolicy",
        "ListAttachedUserPolicies",
        "ListMFADevices",
        "ListSSHPublicKeys",
        "ListSigningCertificates",
        "ListServiceSpecificCredentials",
        "GetLoginProfile",
        "DeleteLoginProfile",
    ),
    **_iam(Scope.USERS, "ListUsers"),
    **_iam(
        Scope.GROUP,
        "PutGroupPolicy",
        "GetGroupPolicy",
        "ListGroupPolicies",
        "DeleteGroupPolicy",
        "AttachGroupPolicy",
        "DetachGroupPolicy",
        "ListAttachedGroupPolicies",
        "CreateGroup",
        "GetGroup",
        "UpdateGroup",
        "DeleteGroup",
        "AddUserToGroup",
        "RemoveUserFromGroup",
    ),
    **_iam(Scope.GROUPS, "ListGroups"),
    **_iam(
        Scope.ROLE,
        "PutRolePolicy",
        "GetRolePolicy",
        "ListRolePolicies",
        "DeleteRolePolicy",
        "AttachRolePolicy",
        "DetachRolePolicy",
        "ListAttachedRolePolicies",
        "CreateRole",
        "GetRole",
        "UpdateRole",
        "UpdateRoleDescription",
        "UpdateAssumeRolePolicy",
        "DeleteRole",
        "TagRole",
        "UntagRole",
        "ListRoleTags",
        "PutRolePermissionsBoundary",
        "DeleteRolePermissionsBoundary",
        "CreateServiceLinkedRole",
        "DeleteServiceLinkedRole",
        "ListInstanceProfilesForRole",
    ),
    **_iam(Scope.ROLES, "ListRoles"),
    **_iam(
        Scope.POLICY,
        "CreatePolicy",
        "GetPolicy",
        "DeletePolicy",
        "CreatePolicyVersion",
        "GetPolicyVersion",
        "ListPolicyVersions",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
        "ListEntitiesForPolicy",
        "TagPolicy",
        "UntagPolicy",
        "ListPolicyTags",
    ),
    **_iam(Scope.POLICIES, "ListPolicies"),
    **_iam(
        Scope.PROFILE,
        "CreateInstanceProfile",
        "GetInstanceProfile",
        "DeleteInstanceProfile",
        "AddRoleToInstanceProfile",
        "RemoveRoleFromInstanceProfile",
        "TagInstanceProfile",
        "UntagInstanceProfile",
        "ListInstanceProfileTags",
    ),
    **_iam(Scope.PROFILES, "ListInstanceProfiles"),
    **_iam(
        Scope.PROVIDER,
        "CreateOpenIDConnectProvider",
        "GetOpenIDConnectProvider",
        "DeleteOpenIDConnectProvider",
        "AddClientIDToOpenIDConnectProvider",
        "RemoveClientIDFromOpenIDConnectProvider",
        "UpdateOpenIDConnectProviderThumbprint",
        "TagOpenIDConnectProvider",
        "UntagOpenIDConnectProvider",
        "ListOpenIDConnectProviderTags",
    ),
    **_iam(Scope.PROVIDERS, "ListOpenIDConnectProviders"),
    **_iam(Scope.PRINCIPAL, "SimulatePrincipalPolicy", "GetContextKeysForPrincipalPolicy"),
    **_iam(
        Scope.EVERYTHING,
        "GetAccessKeyLastUsed",
        "GetServiceLinkedRoleDeletionStatus",
        "GetAccountSummary",
        "SimulateCustomPolicy",
        "GetContextKeysForCustomPolicy",
        "GetAccountAuthorizationDetails",
        "CreateAccountAlias",
        "ListAccountAliases",
        "DeleteAccountAlias",
    ),
    # What is born with tags needs leave to tag as well.
    "iam.CreateUser with tags": _on(Scope.USER, "iam:CreateUser", "iam:TagUser"),
    "iam.CreateRole with tags": _on(Scope.ROLE, "iam:CreateRole", "iam:TagRole"),
    "iam.CreatePolicy with tags": _on(Scope.POLICY, "iam:CreatePolicy", "iam:TagPolicy"),
    "iam.CreateInstanceProfile with tags": _on(Scope.PROFILE, "iam:CreateInstanceProfile", "iam:TagInstanceProfile"),
    "iam.CreateOpenIDConnectProvider with tags": _on(
        Scope.PROVIDER, "iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"
    ),
    # Whoever gives a machine a role needs leave to pass that role on.
    "iam.PassRole": _on(Scope.ROLE, "iam:PassRole"),
    "sts.GetCallerIdentity": CREDENTIALS,
    # The role's trust policy and the caller's policies are asked together, on the role's ARN.
    "sts.AssumeRole": CREDENTIALS,
    # Without any credentials: the role's trust policy is asked about the token's subject.
    "sts.AssumeRoleWithWebIdentity": CREDENTIALS,
    "sts.GetSessionToken": CREDENTIALS,
    "sts.GetAccessKeyInfo": _on(Scope.EVERYTHING, "sts:GetAccessKeyInfo"),
    "moorage.CreateAccount": _on(Scope.EVERYTHING, "moorage:CreateAccount"),
    "moorage.ListAccounts": _on(Scope.EVERYTHING, "moorage:ListAccounts"),
    "moorage.DescribeServer": _on(Scope.EVERYTHING, "moorage:DescribeServer"),
    # A narrower password is part of what whoever gets the whole one has anyway.
    "moorage.CreateToken": _on(Scope.EVERYTHING, "ecr:GetAuthorizationToken"),
    # One's own tokens may always be looked at and ended, other people's need leave.
    "moorage.ListTokens": CREDENTIALS,
    "moorage.ListTokens of all": _on(Scope.EVERYTHING, "moorage:ListTokens"),
    "moorage.RevokeToken": CREDENTIALS,
    # Whose policies they are about is found first: then iam:SimulatePrincipalPolicy is asked about that principal.
    "moorage.CheckAccess": CREDENTIALS,
    "moorage.ExplainDenial": CREDENTIALS,
    "moorage.ListDenials": CREDENTIALS,
    # Beside this, iam:PassRole is asked about the role.
    "moorage.RegisterInstance": _on(Scope.EVERYTHING, "moorage:RegisterInstance"),
    "moorage.ListInstances": _on(Scope.EVERYTHING, "moorage:ListInstances"),
    "moorage.RevokeInstance": _on(Scope.EVERYTHING, "moorage:RevokeInstance"),
    # Without any credentials: a join token says who asks.
    "moorage.JoinInstance": CREDENTIALS,
    # With a machine's key, which is good for nothing else: the role's trust policy is asked about EC2's service.
    "moorage.GetInstanceCredentials": CREDENTIALS,
    "moorage.RevokeToken of others": _on(Scope.EVERYTHING, "moorage:RevokeToken"),
}


def not_built(service: str, operation: str) -> Needs:
    """Give what an operation of IAM or STS needs that is not built: whoever may not call it is told that first."""
    return _on(Scope.EVERYTHING, f"{service}:{operation}")


class Kind(StrEnum):
    """What a route's last segment names."""

    NONE = "none"
    TAG = "tag"
    DIGEST = "digest"
    UPLOAD = "upload"


class RouteKey(NamedTuple):
    """An endpoint by the distribution specification's id, with one method and one kind of reference."""

    endpoint: str
    method: str
    kind: Kind = Kind.NONE


_PULL = _on(Scope.REPOSITORY, "ecr:BatchGetImage")
_LOOK = _on(Scope.REPOSITORY, ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"))
_FETCH = _on(Scope.REPOSITORY, "ecr:GetDownloadUrlForLayer")
_START = _on(Scope.REPOSITORY, "ecr:InitiateLayerUpload")
_PART = _on(Scope.REPOSITORY, "ecr:UploadLayerPart")
_COMPLETE = _on(Scope.REPOSITORY, "ecr:CompleteLayerUpload")
_COMPLETE_WITH_BODY = _on(Scope.REPOSITORY, "ecr:CompleteLayerUpload", "ecr:UploadLayerPart")
_WHOLE = _on(Scope.REPOSITORY, "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload")
_PUSH = _on(Scope.REPOSITORY, "ecr:PutImage")
_DELETE = _on(Scope.REPOSITORY, "ecr:BatchDeleteImage")

ROUTES: Mapping[RouteKey, Needs] = {
    RouteKey("end-1", "GET"): CREDENTIALS,
    RouteKey("end-1", "HEAD"): CREDENTIALS,
    RouteKey("end-2", "GET", Kind.DIGEST): _FETCH,
    RouteKey("end-2", "HEAD", Kind.DIGEST): _LOOK,
    RouteKey("end-3", "GET", Kind.TAG): _PULL,
    RouteKey("end-3", "GET", Kind.DIGEST): _PULL,
    RouteKey("end-3", "HEAD", Kind.TAG): _PULL,
    RouteKey("end-3", "HEAD", Kind.DIGEST): _PULL,
    RouteKey("end-4a", "POST"): _START,
    RouteKey("end-4b", "POST", Kind.DIGEST): _WHOLE,
    # Mounting is off by default: the answer is an upload, so this is what it needs.
    RouteKey("end-11", "POST", Kind.DIGEST): _START,
    RouteKey("end-5", "PATCH", Kind.UPLOAD): _PART,
    RouteKey("end-6", "PUT", Kind.UPLOAD): _COMPLETE,
    RouteKey("end-6 with body", "PUT", Kind.UPLOAD): _COMPLETE_WITH_BODY,
    RouteKey("end-7", "PUT", Kind.TAG): _PUSH,
    RouteKey("end-7", "PUT", Kind.DIGEST): _PUSH,
    RouteKey("end-8", "GET"): _on(Scope.REPOSITORY, "ecr:ListImages"),
    RouteKey("end-9", "DELETE", Kind.TAG): _DELETE,
    RouteKey("end-9", "DELETE", Kind.DIGEST): _DELETE,
    RouteKey("end-10", "DELETE", Kind.DIGEST): _DELETE,
    RouteKey("end-12", "GET", Kind.DIGEST): _PULL,
    RouteKey("end-13", "GET", Kind.UPLOAD): _PART,
    RouteKey("end-14", "DELETE", Kind.UPLOAD): _PART,
    RouteKey("catalog", "GET"): _on(Scope.REPOSITORIES, "ecr:DescribeRepositories"),
}
