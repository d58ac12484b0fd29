"""IAM's operations: users, their access keys and their inline policies."""

from datetime import UTC, datetime

from msgspec import Struct

from moorage.edge.awsquery.ask import Ask
from moorage.edge.awsquery.errors import Refusal
from moorage.edge.awsquery.shapes import (
    AccessKeyMetadataShape,
    AccessKeyShape,
    CreateAccessKeyResponse,
    CreateUserRequest,
    CreateUserResponse,
    DeleteAccessKeyRequest,
    DeleteUserPolicyRequest,
    GetUserPolicyRequest,
    GetUserPolicyResponse,
    GetUserResponse,
    ListAccessKeysRequest,
    ListAccessKeysResponse,
    ListUserPoliciesRequest,
    ListUserPoliciesResponse,
    ListUsersRequest,
    ListUsersResponse,
    PutUserPolicyRequest,
    UpdateAccessKeyRequest,
    UserShape,
)
from moorage.operations import accesskeys, userpolicies, users
from moorage.operations.accesskeys import ConfiguredKeyFixedError
from moorage.operations.users import Paging, User

_STATUS = {True: "Active", False: "Inactive"}


class RootShape(Struct, frozen=True, kw_only=True):
    """The root as AWS shows it to itself: a user that has neither name nor path."""

    UserId: str
    Arn: str
    CreateDate: datetime


class GetRootResponse(Struct, frozen=True, kw_only=True):
    User: RootShape


class RootKeyShape(Struct, frozen=True, kw_only=True):
    """A new key of the root, which has no name."""

    AccessKeyId: str
    Status: str
    SecretAccessKey: str
    CreateDate: datetime


class CreateRootKeyResponse(Struct, frozen=True, kw_only=True):
    AccessKey: RootKeyShape


async def create_user(ask: Ask) -> Struct:
    asked = ask.read(CreateUserRequest)
    for name, value in (("Tags", asked.Tags), ("PermissionsBoundary", asked.PermissionsBoundary)):
        if value:
            raise Refusal("InvalidInput", f"Moorage does not implement {name} of users yet")
    user = await users.create_user(ask.env, ask.granted, asked.UserName, asked.Path or "/")
    return CreateUserResponse(User=_user(user))


async def get_user(ask: Ask) -> Struct:
    user = await users.get_user(ask.env, ask.granted)
    if user.name:
        return GetUserResponse(User=_user(user))
    return GetRootResponse(User=RootShape(UserId=user.id, Arn=user.arn, CreateDate=_date(user.created_at)))


async def list_users(ask: Ask) -> Struct:
    asked = ask.read(ListUsersRequest)
    paging = Paging(asked.Marker, asked.MaxItems)
    page = await users.list_users(ask.env, ask.granted, asked.PathPrefix or "/", paging)
    return ListUsersResponse(
        Users=tuple(map(_user, page.items)), IsTruncated=page.marker is not None, Marker=page.marker
    )


async def delete_user(ask: Ask) -> None:
    await users.delete_user(ask.env, ask.granted)


async def create_access_key(ask: Ask) -> Struct:
    created = await accesskeys.create_access_key(ask.env, ask.granted)
    key = created.key
    status, at = _STATUS[key.active], _date(key.created_at)
    if not key.user_name:
        root_key = RootKeyShape(AccessKeyId=key.id, Status=status, SecretAccessKey=created.secret, CreateDate=at)
        return CreateRootKeyResponse(AccessKey=root_key)
    return CreateAccessKeyResponse(
        AccessKey=AccessKeyShape(
            UserName=key.user_name, AccessKeyId=key.id, Status=status, SecretAccessKey=created.secret, CreateDate=at
        )
    )


async def list_access_keys(ask: Ask) -> Struct:
    asked = ask.read(ListAccessKeysRequest)
    page = await accesskeys.list_access_keys(ask.env, ask.granted, Paging(asked.Marker, asked.MaxItems))
    shown = (
        AccessKeyMetadataShape(
            UserName=key.user_name or None,
            AccessKeyId=key.id,
            Status=_STATUS[key.active],
            CreateDate=_date(key.created_at),
        )
        for key in page.items
    )
    return ListAccessKeysResponse(
        AccessKeyMetadata=tuple(shown), IsTruncated=page.marker is not None, Marker=page.marker
    )


async def update_access_key(ask: Ask) -> None:
    asked = ask.read(UpdateAccessKeyRequest)
    if asked.Status not in _STATUS.values():
        raise Refusal("InvalidInput", f"The status of an access key cannot be set to {asked.Status}.")
    active = asked.Status == _STATUS[True]
    try:
        await accesskeys.update_access_key(ask.env, ask.granted, asked.AccessKeyId, active=active)
    except ConfiguredKeyFixedError as fixed:
        raise Refusal("UnmodifiableEntity", str(fixed)) from None


async def delete_access_key(ask: Ask) -> None:
    asked = ask.read(DeleteAccessKeyRequest)
    try:
        await accesskeys.delete_access_key(ask.env, ask.granted, asked.AccessKeyId)
    except ConfiguredKeyFixedError as fixed:
        raise Refusal("UnmodifiableEntity", str(fixed)) from None


async def put_user_policy(ask: Ask) -> None:
    asked = ask.read(PutUserPolicyRequest)
    await userpolicies.put_user_policy(ask.env, ask.granted, asked.PolicyName, asked.PolicyDocument)


async def get_user_policy(ask: Ask) -> Struct:
    asked = ask.read(GetUserPolicyRequest)
    document = await userpolicies.get_user_policy(ask.env, ask.granted, asked.PolicyName)
    return GetUserPolicyResponse(
        UserName=users.name_of(ask.granted), PolicyName=asked.PolicyName, PolicyDocument=document
    )


async def list_user_policies(ask: Ask) -> Struct:
    asked = ask.read(ListUserPoliciesRequest)
    page = await userpolicies.list_user_policies(ask.env, ask.granted, Paging(asked.Marker, asked.MaxItems))
    return ListUserPoliciesResponse(
        PolicyNames=tuple(page.items), IsTruncated=page.marker is not None, Marker=page.marker
    )


async def delete_user_policy(ask: Ask) -> None:
    asked = ask.read(DeleteUserPolicyRequest)
    await userpolicies.delete_user_policy(ask.env, ask.granted, asked.PolicyName)


def _user(user: User) -> UserShape:
    return UserShape(
        Path=user.path, UserName=user.name, UserId=user.id, Arn=user.arn, CreateDate=_date(user.created_at)
    )


def _date(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1_000_000, UTC)
