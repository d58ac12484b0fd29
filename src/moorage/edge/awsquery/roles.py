"""IAM's roles, service-linked ones among them."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    CreateRoleRequest,
    CreateRoleResponse,
    CreateServiceLinkedRoleRequest,
    CreateServiceLinkedRoleResponse,
    DeleteServiceLinkedRoleResponse,
    GetRoleResponse,
    GetServiceLinkedRoleDeletionStatusRequest,
    GetServiceLinkedRoleDeletionStatusResponse,
    ListRolesRequest,
    ListRolesResponse,
    UpdateAssumeRolePolicyRequest,
    UpdateRoleDescriptionRequest,
    UpdateRoleDescriptionResponse,
    UpdateRoleRequest,
    UpdateRoleResponse,
)
from moorage.operations import roles, servicelinked
from moorage.operations.listing import Paging
from moorage.operations.roles import SHORTEST, NewRole


async def create_role(ask: Ask) -> Struct:
    asked = ask.read(CreateRoleRequest)
    new = NewRole(
        name=asked.RoleName,
        path=asked.Path or "/",
        trust=asked.AssumeRolePolicyDocument,
        description=asked.Description,
        longest=asked.MaxSessionDuration or SHORTEST,
        boundary=asked.PermissionsBoundary,
        tags=told.tags_in(asked.Tags),
    )
    return CreateRoleResponse(Role=told.role(await roles.create_role(ask.env, ask.granted, new), whole=False))


async def get_role(ask: Ask) -> Struct:
    return GetRoleResponse(Role=told.role(await roles.get_role(ask.env, ask.granted)))


async def list_roles(ask: Ask) -> Struct:
    asked = ask.read(ListRolesRequest)
    paging = Paging(asked.Marker, asked.MaxItems)
    page = await roles.list_roles(ask.env, ask.granted, asked.PathPrefix or "/", paging)
    found = tuple(told.role(role, whole=False) for role in page.items)
    return ListRolesResponse(Roles=found, IsTruncated=page.marker is not None, Marker=page.marker)


async def update_role(ask: Ask) -> Struct:
    asked = ask.read(UpdateRoleRequest)
    await roles.update_role(ask.env, ask.granted, asked.Description, asked.MaxSessionDuration)
    return UpdateRoleResponse()


async def update_role_description(ask: Ask) -> Struct:
    asked = ask.read(UpdateRoleDescriptionRequest)
    role = await roles.update_role(ask.env, ask.granted, asked.Description, None)
    return UpdateRoleDescriptionResponse(Role=told.role(role))


async def update_assume_role_policy(ask: Ask) -> None:
    await roles.update_trust(ask.env, ask.granted, ask.read(UpdateAssumeRolePolicyRequest).PolicyDocument)


async def delete_role(ask: Ask) -> None:
    await roles.delete_role(ask.env, ask.granted)


async def create_service_linked_role(ask: Ask) -> Struct:
    asked = ask.read(CreateServiceLinkedRoleRequest)
    role = await servicelinked.create_linked_role(
        ask.env, ask.granted, asked.AWSServiceName, asked.Description, asked.CustomSuffix
    )
    return CreateServiceLinkedRoleResponse(Role=told.role(role, whole=False))


async def delete_service_linked_role(ask: Ask) -> Struct:
    task = await servicelinked.delete_linked_role(ask.env, ask.granted)
    return DeleteServiceLinkedRoleResponse(DeletionTaskId=task)


async def get_deletion_status(ask: Ask) -> Struct:
    asked = ask.read(GetServiceLinkedRoleDeletionStatusRequest)
    servicelinked.check_deletion(ask.env, ask.granted, asked.DeletionTaskId)
    return GetServiceLinkedRoleDeletionStatusResponse(Status="SUCCEEDED")


HANDLERS: Mapping[str, Handler] = {
    "iam.CreateRole": create_role,
    "iam.GetRole": get_role,
    "iam.ListRoles": list_roles,
    "iam.UpdateRole": update_role,
    "iam.UpdateRoleDescription": update_role_description,
    "iam.UpdateAssumeRolePolicy": update_assume_role_policy,
    "iam.DeleteRole": delete_role,
    "iam.CreateServiceLinkedRole": create_service_linked_role,
    "iam.DeleteServiceLinkedRole": delete_service_linked_role,
    "iam.GetServiceLinkedRoleDeletionStatus": get_deletion_status,
}
