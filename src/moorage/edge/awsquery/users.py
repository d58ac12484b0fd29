"""IAM's users, their groups and tags, and what the root and Terraform ask of users who have no password."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from moorage.domain.entities import EntityKind
from moorage.domain.errors import EntityNotFound
from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.shapes import (
    CreateUserRequest,
    CreateUserResponse,
    GetUserResponse,
    ListGroupsForUserRequest,
    ListGroupsForUserResponse,
    ListMFADevicesResponse,
    ListServiceSpecificCredentialsResponse,
    ListSigningCertificatesResponse,
    ListSSHPublicKeysResponse,
    ListUsersRequest,
    ListUsersResponse,
    UpdateUserRequest,
)
from moorage.operations import entities, groups, users
from moorage.operations.listing import Paging


class RootShape(Struct, frozen=True, kw_only=True):
    """The root as AWS shows it to itself: a user that has neither name nor path."""

    UserId: str
    Arn: str
    CreateDate: datetime


class GetRootResponse(Struct, frozen=True, kw_only=True):
    User: RootShape


async def create_user(ask: Ask) -> Struct:
    asked = ask.read(CreateUserRequest)
    user = await users.create_user(
        ask.env, ask.granted, asked.UserName, asked.Path or "/", told.tags_in(asked.Tags), asked.PermissionsBoundary
    )
    return CreateUserResponse(User=told.user(user))


async def get_user(ask: Ask) -> Struct:
    user = await users.get_user(ask.env, ask.granted)
    if user.name:
        return GetUserResponse(User=told.user(user))
    return GetRootResponse(User=RootShape(UserId=user.id, Arn=user.arn, CreateDate=told.date(user.created_at)))


async def list_users(ask: Ask) -> Struct:
    asked = ask.read(ListUsersRequest)
    paging = Paging(asked.Marker, asked.MaxItems)
    page = await users.list_users(ask.env, ask.granted, asked.PathPrefix or "/", paging)
    return ListUsersResponse(
        Users=tuple(map(told.user, page.items)), IsTruncated=page.marker is not None, Marker=page.marker
    )


async def update_user(ask: Ask) -> None:
    asked = ask.read(UpdateUserRequest)
    await users.update_user(ask.env, ask.granted, asked.NewUserName, asked.NewPath)


async def delete_user(ask: Ask) -> None:
    await users.delete_user(ask.env, ask.granted)


async def list_groups_for_user(ask: Ask) -> Struct:
    asked = ask.read(ListGroupsForUserRequest)
    page = await groups.list_groups_of_user(ask.env, ask.granted, Paging(asked.Marker, asked.MaxItems))
    return ListGroupsForUserResponse(
        Groups=tuple(map(told.group, page.items)), IsTruncated=page.marker is not None, Marker=page.marker
    )


# Users have neither passwords, MFA devices, SSH keys nor certificates here: these answers are the truth.


async def _exists(ask: Ask) -> None:
    await users.get_user(ask.env, ask.granted)


async def list_mfa_devices(ask: Ask) -> Struct:
    await _exists(ask)
    return ListMFADevicesResponse(MFADevices=(), IsTruncated=False)


async def list_ssh_public_keys(ask: Ask) -> Struct:
    await _exists(ask)
    return ListSSHPublicKeysResponse(SSHPublicKeys=(), IsTruncated=False)


async def list_signing_certificates(ask: Ask) -> Struct:
    await _exists(ask)
    return ListSigningCertificatesResponse(Certificates=(), IsTruncated=False)


async def list_service_specific_credentials(ask: Ask) -> Struct:
    await _exists(ask)
    return ListServiceSpecificCredentialsResponse(ServiceSpecificCredentials=())


async def no_login_profile(ask: Ask) -> None:
    await _exists(ask)
    raise EntityNotFound(f"Login Profile for {EntityKind.USER.word}", entities.name_of(ask.granted))


HANDLERS: Mapping[str, Handler] = {
    "iam.CreateUser": create_user,
    "iam.GetUser": get_user,
    "iam.ListUsers": list_users,
    "iam.UpdateUser": update_user,
    "iam.DeleteUser": delete_user,
    "iam.ListGroupsForUser": list_groups_for_user,
    "iam.ListMFADevices": list_mfa_devices,
    "iam.ListSSHPublicKeys": list_ssh_public_keys,
    "iam.ListSigningCertificates": list_signing_certificates,
    "iam.ListServiceSpecificCredentials": list_service_specific_credentials,
    "iam.GetLoginProfile": no_login_profile,
    "iam.DeleteLoginProfile": no_login_profile,
}
