"""IAM's managed policies and their versions."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.domain.entities import EntityKind
from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    CreatePolicyRequest,
    CreatePolicyResponse,
    CreatePolicyVersionRequest,
    CreatePolicyVersionResponse,
    DeletePolicyVersionRequest,
    GetPolicyResponse,
    GetPolicyVersionRequest,
    GetPolicyVersionResponse,
    ListEntitiesForPolicyRequest,
    ListEntitiesForPolicyResponse,
    ListPoliciesRequest,
    ListPoliciesResponse,
    ListPolicyVersionsRequest,
    ListPolicyVersionsResponse,
    PolicyGroup,
    PolicyRole,
    PolicyUser,
    SetDefaultPolicyVersionRequest,
)
from moorage.operations import managedpolicies, policylists
from moorage.operations.listing import Listing, Paging
from moorage.operations.managedpolicies import NewPolicy, Version
from moorage.operations.policylists import Keeper, Usage, Wanted

_KINDS = {"User": EntityKind.USER, "Role": EntityKind.ROLE, "Group": EntityKind.GROUP}


async def create_policy(ask: Ask) -> Struct:
    asked = ask.read(CreatePolicyRequest)
    tags = told.tags_in(asked.Tags)
    new = NewPolicy(asked.PolicyName, asked.Path or "/", asked.PolicyDocument, asked.Description, tags)
    return CreatePolicyResponse(Policy=told.policy(await managedpolicies.create_policy(ask.env, ask.granted, new)))


async def get_policy(ask: Ask) -> Struct:
    return GetPolicyResponse(
        Policy=told.policy(await managedpolicies.get_policy(ask.env, ask.granted, ask.granted.name))
    )


async def list_policies(ask: Ask) -> Struct:
    asked = ask.read(ListPoliciesRequest)
    usage = None if asked.PolicyUsageFilter is None else Usage(asked.PolicyUsageFilter)
    keeper = Keeper(asked.Scope or Keeper.ALL)
    wanted = Wanted(keeper, bool(asked.OnlyAttached), asked.PathPrefix or "/", usage)
    page = await policylists.list_policies(ask.env, ask.granted, wanted, Paging(asked.Marker, asked.MaxItems))
    return ListPoliciesResponse(
        Policies=tuple(map(told.policy, page.items)), IsTruncated=page.marker is not None, Marker=page.marker
    )


async def delete_policy(ask: Ask) -> None:
    await managedpolicies.delete_policy(ask.env, ask.granted, ask.granted.name)


async def create_version(ask: Ask) -> Struct:
    asked = ask.read(CreatePolicyVersionRequest)
    version = await managedpolicies.create_version(
        ask.env, ask.granted, ask.granted.name, asked.PolicyDocument, as_default=bool(asked.SetAsDefault)
    )
    return CreatePolicyVersionResponse(PolicyVersion=told.version(version, document=False))


async def get_version(ask: Ask) -> Struct:
    asked = ask.read(GetPolicyVersionRequest)
    version = await managedpolicies.get_version(ask.env, ask.granted, ask.granted.name, asked.VersionId)
    return GetPolicyVersionResponse(PolicyVersion=told.version(version))


async def list_versions(ask: Ask) -> Struct:
    asked = ask.read(ListPolicyVersionsRequest)
    found = await managedpolicies.list_versions(ask.env, ask.granted, ask.granted.name)
    page = Listing(ask.env, ask.granted, "ListPolicyVersions").cut(
        Paging(asked.Marker, asked.MaxItems), found, _newest_first
    )
    versions = tuple(told.version(version, document=False) for version in page.items)
    return ListPolicyVersionsResponse(Versions=versions, IsTruncated=page.marker is not None, Marker=page.marker)


def _newest_first(version: Version) -> str:
    return f"{10**9 - version.number:010d}"


async def delete_version(ask: Ask) -> None:
    asked = ask.read(DeletePolicyVersionRequest)
    await managedpolicies.delete_version(ask.env, ask.granted, ask.granted.name, asked.VersionId)


async def set_default(ask: Ask) -> None:
    asked = ask.read(SetDefaultPolicyVersionRequest)
    await managedpolicies.set_default(ask.env, ask.granted, ask.granted.name, asked.VersionId)


async def list_entities(ask: Ask) -> Struct:
    asked = ask.read(ListEntitiesForPolicyRequest)
    usage = None if asked.PolicyUsageFilter is None else Usage(asked.PolicyUsageFilter)
    kind = _KINDS.get(asked.EntityFilter or "")
    wanted = Wanted(prefix=asked.PathPrefix or "/", usage=usage)
    page = await policylists.list_entities(
        ask.env, ask.granted, ask.granted.name, kind, wanted, Paging(asked.Marker, asked.MaxItems)
    )
    found = page.items
    return ListEntitiesForPolicyResponse(
        PolicyGroups=tuple(
            PolicyGroup(GroupName=one.name, GroupId=one.id) for one in found if one.kind is EntityKind.GROUP
        ),
        PolicyUsers=tuple(PolicyUser(UserName=one.name, UserId=one.id) for one in found if one.kind is EntityKind.USER),
        PolicyRoles=tuple(PolicyRole(RoleName=one.name, RoleId=one.id) for one in found if one.kind is EntityKind.ROLE),
        IsTruncated=page.marker is not None,
        Marker=page.marker,
    )


HANDLERS: Mapping[str, Handler] = {
    "iam.CreatePolicy": create_policy,
    "iam.GetPolicy": get_policy,
    "iam.ListPolicies": list_policies,
    "iam.DeletePolicy": delete_policy,
    "iam.CreatePolicyVersion": create_version,
    "iam.GetPolicyVersion": get_version,
    "iam.ListPolicyVersions": list_versions,
    "iam.DeletePolicyVersion": delete_version,
    "iam.SetDefaultPolicyVersion": set_default,
    "iam.ListEntitiesForPolicy": list_entities,
}
