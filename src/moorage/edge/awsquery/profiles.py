"""IAM's instance profiles."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    AddRoleToInstanceProfileRequest,
    CreateInstanceProfileRequest,
    CreateInstanceProfileResponse,
    GetInstanceProfileResponse,
    ListInstanceProfilesForRoleRequest,
    ListInstanceProfilesForRoleResponse,
    ListInstanceProfilesRequest,
    ListInstanceProfilesResponse,
    RemoveRoleFromInstanceProfileRequest,
)
from moorage.operations import profiles
from moorage.operations.listing import Paging


async def create_profile(ask: Ask) -> Struct:
    asked = ask.read(CreateInstanceProfileRequest)
    profile = await profiles.create_profile(
        ask.env, ask.granted, asked.InstanceProfileName, asked.Path or "/", told.tags_in(asked.Tags)
    )
    return CreateInstanceProfileResponse(InstanceProfile=told.profile(profile))


async def get_profile(ask: Ask) -> Struct:
    return GetInstanceProfileResponse(InstanceProfile=told.profile(await profiles.get_profile(ask.env, ask.granted)))


async def list_profiles(ask: Ask) -> Struct:
    asked = ask.read(ListInstanceProfilesRequest)
    paging = Paging(asked.Marker, asked.MaxItems)
    page = await profiles.list_profiles(ask.env, ask.granted, asked.PathPrefix or "/", paging)
    found = tuple(map(told.profile, page.items))
    return ListInstanceProfilesResponse(InstanceProfiles=found, IsTruncated=page.marker is not None, Marker=page.marker)


async def list_profiles_for_role(ask: Ask) -> Struct:
    asked = ask.read(ListInstanceProfilesForRoleRequest)
    page = await profiles.list_profiles_of_role(ask.env, ask.granted, Paging(asked.Marker, asked.MaxItems))
    found = tuple(map(told.profile, page.items))
    return ListInstanceProfilesForRoleResponse(
        InstanceProfiles=found, IsTruncated=page.marker is not None, Marker=page.marker
    )


async def delete_profile(ask: Ask) -> None:
    await profiles.delete_profile(ask.env, ask.granted)


async def add_role(ask: Ask) -> None:
    await profiles.add_role(ask.env, ask.granted, ask.read(AddRoleToInstanceProfileRequest).RoleName)


async def remove_role(ask: Ask) -> None:
    await profiles.remove_role(ask.env, ask.granted, ask.read(RemoveRoleFromInstanceProfileRequest).RoleName)


HANDLERS: Mapping[str, Handler] = {
    "iam.CreateInstanceProfile": create_profile,
    "iam.GetInstanceProfile": get_profile,
    "iam.ListInstanceProfiles": list_profiles,
    "iam.ListInstanceProfilesForRole": list_profiles_for_role,
    "iam.DeleteInstanceProfile": delete_profile,
    "iam.AddRoleToInstanceProfile": add_role,
    "iam.RemoveRoleFromInstanceProfile": remove_role,
}
