"""IAM's view of a whole account: its summary, everything in detail, its alias."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from moorage.domain.entities import EntityKind
from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    CreateAccountAliasRequest,
    DeleteAccountAliasRequest,
    GetAccountAuthorizationDetailsRequest,
    GetAccountAuthorizationDetailsResponse,
    GetAccountSummaryResponse,
    GroupDetail,
    ListAccountAliasesResponse,
    ManagedPolicyDetail,
    PolicyDetail,
    RoleDetail,
    UserDetail,
)
from moorage.operations import accountsummary
from moorage.operations.accountsummary import Detail
from moorage.operations.accountsummary import PolicyDetail as FoundPolicy
from moorage.operations.listing import Paging


async def get_summary(ask: Ask) -> Struct:
    return GetAccountSummaryResponse(SummaryMap=dict(await accountsummary.summarise(ask.env, ask.granted)))


async def get_details(ask: Ask) -> Struct:
    asked = ask.read(GetAccountAuthorizationDetailsRequest)
    kinds = frozenset(asked.Filter or ())
    page = await accountsummary.detail(ask.env, ask.granted, kinds, Paging(asked.Marker, asked.MaxItems))
    found: Sequence[Detail] = [one for one in page.items if isinstance(one, Detail)]
    policies = [one for one in page.items if isinstance(one, FoundPolicy)]
    return GetAccountAuthorizationDetailsResponse(
        UserDetailList=tuple(_user(one) for one in found if one.row.kind is EntityKind.USER),
        GroupDetailList=tuple(_group(one) for one in found if one.row.kind is EntityKind.GROUP),
        RoleDetailList=tuple(_role(one) for one in found if one.row.kind is EntityKind.ROLE),
        Policies=tuple(map(_policy, policies)),
        IsTruncated=page.marker is not None,
        Marker=page.marker,
    )


def _inline(one: Detail) -> tuple[PolicyDetail, ...]:
    return tuple(PolicyDetail(PolicyName=name, PolicyDocument=text) for name, text in one.inline)


def _user(one: Detail) -> UserDetail:
    row = one.row
    return UserDetail(
        Path=row.path,
        UserName=row.name,
        UserId=row.id,
        Arn=row.arn,
        CreateDate=told.date(row.created_at),
        UserPolicyList=_inline(one),
        GroupList=tuple(one.groups),
        AttachedManagedPolicies=tuple(map(told.attached, one.attached)),
        PermissionsBoundary=told.boundary(row.boundary),
        Tags=told.tags(one.tags),
    )


def _group(one: Detail) -> GroupDetail:
    row = one.row
    return GroupDetail(
        Path=row.path,
        GroupName=row.name,
        GroupId=row.id,
        Arn=row.arn,
        CreateDate=told.date(row.created_at),
        GroupPolicyList=_inline(one),
        AttachedManagedPolicies=tuple(map(told.attached, one.attached)),
    )


def _role(one: Detail) -> RoleDetail:
    row = one.row
    shown = None if one.role is None else told.role(one.role)
    return RoleDetail(
        Path=row.path,
        RoleName=row.name,
        RoleId=row.id,
        Arn=row.arn,
        CreateDate=told.date(row.created_at),
        AssumeRolePolicyDocument=None if shown is None else shown.AssumeRolePolicyDocument,
        InstanceProfileList=tuple(map(told.profile, one.profiles)),
        RolePolicyList=_inline(one),
        AttachedManagedPolicies=tuple(map(told.attached, one.attached)),
        PermissionsBoundary=told.boundary(row.boundary),
        Tags=told.tags(one.tags),
        RoleLastUsed=None if shown is None else shown.RoleLastUsed,
    )


def _policy(one: FoundPolicy) -> ManagedPolicyDetail:
    shown = told.policy(one.policy)
    return ManagedPolicyDetail(
        PolicyName=shown.PolicyName,
        PolicyId=shown.PolicyId,
        Arn=shown.Arn,
        Path=shown.Path,
        DefaultVersionId=shown.DefaultVersionId,
        AttachmentCount=shown.AttachmentCount,
        PermissionsBoundaryUsageCount=shown.PermissionsBoundaryUsageCount,
        IsAttachable=shown.IsAttachable,
        Description=shown.Description,
        CreateDate=shown.CreateDate,
        UpdateDate=shown.UpdateDate,
        PolicyVersionList=tuple(map(told.version, one.versions)),
    )


async def create_alias(ask: Ask) -> None:
    await accountsummary.create_alias(ask.env, ask.granted, ask.read(CreateAccountAliasRequest).AccountAlias)


async def list_aliases(ask: Ask) -> Struct:
    alias = await accountsummary.find_alias(ask.env, ask.granted)
    return ListAccountAliasesResponse(AccountAliases=() if alias is None else (alias,), IsTruncated=False)


async def delete_alias(ask: Ask) -> None:
    await accountsummary.delete_alias(ask.env, ask.granted, ask.read(DeleteAccountAliasRequest).AccountAlias)


HANDLERS: Mapping[str, Handler] = {
    "iam.GetAccountSummary": get_summary,
    "iam.GetAccountAuthorizationDetails": get_details,
    "iam.CreateAccountAlias": create_alias,
    "iam.ListAccountAliases": list_aliases,
    "iam.DeleteAccountAlias": delete_alias,
}
