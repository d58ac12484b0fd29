"""IAM's access keys of users and of the root."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from moorage.edge.awsquery import told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.errors import Refusal
from moorage.edge.awsquery.shapes import (
    AccessKeyLastUsedShape,
    AccessKeyMetadataShape,
    AccessKeyShape,
    CreateAccessKeyResponse,
    DeleteAccessKeyRequest,
    GetAccessKeyLastUsedRequest,
    GetAccessKeyLastUsedResponse,
    ListAccessKeysRequest,
    ListAccessKeysResponse,
    UpdateAccessKeyRequest,
)
from moorage.operations import accesskeys
from moorage.operations.accesskeys import ConfiguredKeyFixedError
from moorage.operations.listing import Paging

_STATUS = {True: "Active", False: "Inactive"}
_NEVER = "N/A"


class RootKeyShape(Struct, frozen=True, kw_only=True):
    """A new key of the root, which has no name."""

    AccessKeyId: str
    Status: str
    SecretAccessKey: str
    CreateDate: datetime


class CreateRootKeyResponse(Struct, frozen=True, kw_only=True):
    AccessKey: RootKeyShape


async def create_access_key(ask: Ask) -> Struct:
    created = await accesskeys.create_access_key(ask.env, ask.granted)
    key = created.key
    status, at = _STATUS[key.active], told.date(key.created_at)
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
            CreateDate=told.date(key.created_at),
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


async def get_last_used(ask: Ask) -> Struct:
    asked = ask.read(GetAccessKeyLastUsedRequest)
    used = await accesskeys.get_last_used(ask.env, ask.granted, asked.AccessKeyId)
    return GetAccessKeyLastUsedResponse(
        UserName=used.user_name or None,
        AccessKeyLastUsed=AccessKeyLastUsedShape(
            LastUsedDate=None if used.at is None else told.date(used.at),
            ServiceName=used.service or _NEVER,
            Region=used.region or _NEVER,
        ),
    )


HANDLERS: Mapping[str, Handler] = {
    "iam.CreateAccessKey": create_access_key,
    "iam.ListAccessKeys": list_access_keys,
    "iam.UpdateAccessKey": update_access_key,
    "iam.DeleteAccessKey": delete_access_key,
    "iam.GetAccessKeyLastUsed": get_last_used,
}
