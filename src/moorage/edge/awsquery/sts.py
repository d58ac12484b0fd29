"""STS: who somebody is, and sessions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from moorage.domain.errors import ValidationFailed
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.codec import missing
from moorage.edge.awsquery.stsshapes import (
    AssumedRoleUserShape,
    AssumeRoleRequest,
    AssumeRoleResponse,
    AssumeRoleWithWebIdentityRequest,
    AssumeRoleWithWebIdentityResponse,
    CredentialsShape,
    GetAccessKeyInfoRequest,
    GetAccessKeyInfoResponse,
    GetCallerIdentityResponse,
    GetSessionTokenRequest,
    GetSessionTokenResponse,
    PolicyDescriptorType,
)
from moorage.operations import assumerole, sessions, webidentity
from moorage.operations.assumerole import Assumed, Assuming
from moorage.operations.env import Call, Env
from moorage.operations.sessions import Limits, Opened
from moorage.operations.webidentity import Bringing


async def get_caller_identity(ask: Ask) -> Struct:
    caller = ask.granted.caller
    return GetCallerIdentityResponse(UserId=caller.unique_id, Account=caller.account, Arn=caller.arn)


async def assume_role(ask: Ask) -> Struct:
    asked = ask.read(AssumeRoleRequest)
    _refuse_devices(asked.SerialNumber, asked.TokenCode)
    if asked.ProvidedContexts:
        raise ValidationFailed("Moorage does not take ProvidedContexts")
    found = await assumerole.assume_role(
        ask.env,
        ask.granted,
        Assuming(
            role_arn=asked.RoleArn,
            name=asked.RoleSessionName,
            seconds=asked.DurationSeconds,
            limits=Limits(asked.Policy, _policies(asked.PolicyArns)),
            tags=[(tag.Key, tag.Value) for tag in asked.Tags or ()],
            transitive=asked.TransitiveTagKeys or (),
            external_id=asked.ExternalId,
            source_identity=asked.SourceIdentity,
        ),
    )
    return AssumeRoleResponse(
        Credentials=credentials(found.opened),
        AssumedRoleUser=assumed_user(found, asked.RoleSessionName),
        PackedPolicySize=found.opened.packed,
        SourceIdentity=found.source_identity,
    )


async def get_session_token(ask: Ask) -> Struct:
    asked = ask.read(GetSessionTokenRequest)
    _refuse_devices(asked.SerialNumber, asked.TokenCode)
    opened = await sessions.open_own(ask.env, ask.granted, asked.DurationSeconds)
    return GetSessionTokenResponse(Credentials=credentials(opened))


async def get_access_key_info(ask: Ask) -> Struct:
    asked = ask.read(GetAccessKeyInfoRequest)
    return GetAccessKeyInfoResponse(Account=await sessions.account_of_key(ask.env, asked.AccessKeyId))


async def assume_role_with_web_identity(env: Env, call: Call, given: Struct) -> Struct:
    """Answer a call that nobody signed."""
    assert isinstance(given, AssumeRoleWithWebIdentityRequest)  # noqa: S101 - the table decoded it as nothing else
    if given.ProviderId is not None:
        raise ValidationFailed("ProviderId goes with OAuth 2.0 access tokens, and Moorage takes ID tokens alone")
    limits = Limits(given.Policy, _policies(given.PolicyArns))
    asked = Bringing(given.RoleArn, given.RoleSessionName, given.WebIdentityToken, given.DurationSeconds, limits)
    found = await webidentity.assume_with_token(env, call, asked)
    recognised = found.recognised
    return AssumeRoleWithWebIdentityResponse(
        Credentials=credentials(found.opened),
        SubjectFromWebIdentityToken=recognised.subject,
        AssumedRoleUser=AssumedRoleUserShape(AssumedRoleId=f"{found.role_id}:{given.RoleSessionName}", Arn=found.arn),
        PackedPolicySize=found.opened.packed,
        Provider=recognised.arn,
        Audience=recognised.audience,
        SourceIdentity=found.source_identity,
    )


async def with_web_identity(ask: Ask) -> Struct:
    """Answer one who signed all the same; the token decides."""
    return await assume_role_with_web_identity(ask.env, ask.granted.call, ask.input)


def credentials(opened: Opened) -> CredentialsShape:
    return CredentialsShape(
        AccessKeyId=opened.access_key_id,
        SecretAccessKey=opened.secret,
        SessionToken=opened.token,
        Expiration=datetime.fromtimestamp(opened.expires_at // 1_000_000, UTC),
    )


def assumed_user(found: Assumed, name: str) -> AssumedRoleUserShape:
    return AssumedRoleUserShape(AssumedRoleId=f"{found.role_id}:{name}", Arn=found.arn)


def _policies(given: Sequence[PolicyDescriptorType] | None) -> tuple[str, ...]:
    """Read which managed policies limit a session; the model lets an item name none, which would be no limit.

    Raises:
        ValidationFailed

    """
    arns = []
    for number, one in enumerate(given or (), 1):
        if one.arn is None:
            raise missing(f"PolicyArns.member.{number}.arn")
        arns.append(one.arn)
    return tuple(arns)


def _refuse_devices(serial: str | None, code: str | None) -> None:
    if serial is not None or code is not None:
        raise ValidationFailed("Moorage knows no MFA devices: SerialNumber and TokenCode cannot be given")


HANDLERS: Mapping[str, Handler] = {
    "sts.GetCallerIdentity": get_caller_identity,
    "sts.AssumeRole": assume_role,
    "sts.AssumeRoleWithWebIdentity": with_web_identity,
    "sts.GetSessionToken": get_session_token,
    "sts.GetAccessKeyInfo": get_access_key_info,
}
