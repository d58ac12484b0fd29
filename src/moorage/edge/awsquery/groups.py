"""IAM's groups."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    AddUserToGroupRequest,
    CreateGroupRequest,
    CreateGroupResponse,
    GetGroupRequest,
    GetGroupResponse,
    ListGroupsRequest,
    ListGroupsResponse,
    RemoveUserFromGroupRequest,
    UpdateGroupRequest,
)
from moorage.operations import groups
from moorage.operations.listing import Paging


async def create_group(ask: Ask) -> Struct:
    asked = ask.read(CreateGroupRequest)
    group = await groups.create_group(ask.env, ask.granted, asked.GroupName, asked.Path or "/")
    return CreateGroupResponse(Group=told.group(group))


async def get_group(ask: Ask) -> Struct:
    asked = ask.read(GetGroupRequest)
    found = await groups.get_group(ask.env, ask.granted, Paging(asked.Marker, asked.MaxItems))
    page = found.users
    return GetGroupResponse(
        Group=told.group(found.group),
        Users=tuple(map(told.user, page.items)),
        IsTruncated=page.marker is not None,
        Marker=page.marker,
    )


async def list_groups(ask: Ask) -> Struct:
    asked = ask.read(ListGroupsRequest)
    paging = Paging(asked.Marker, asked.MaxItems)
    page = await groups.list_groups(ask.env, ask.granted, asked.PathPrefix or "/", paging)
    return ListGroupsResponse(
        Groups=tuple(map(told.group, page.items)), IsTruncated=page.marker is not None, Marker=page.marker
    )


async def update_group(ask: Ask) -> None:
    asked = ask.read(UpdateGroupRequest)
    await groups.update_group(ask.env, ask.granted, asked.NewGroupName, asked.NewPath)


async def delete_group(ask: Ask) -> None:
    await groups.delete_group(ask.env, ask.granted)


async def add_user(ask: Ask) -> None:
    await groups.add_user(ask.env, ask.granted, ask.read(AddUserToGroupRequest).UserName)


async def remove_user(ask: Ask) -> None:
    await groups.remove_user(ask.env, ask.granted, ask.read(RemoveUserFromGroupRequest).UserName)


HANDLERS: Mapping[str, Handler] = {
    "iam.CreateGroup": create_group,
    "iam.GetGroup": get_group,
    "iam.ListGroups": list_groups,
    "iam.UpdateGroup": update_group,
    "iam.DeleteGroup": delete_group,
    "iam.AddUserToGroup": add_user,
    "iam.RemoveUserFromGroup": remove_user,
}
