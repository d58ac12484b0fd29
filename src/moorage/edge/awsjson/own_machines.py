"""Machines, of the server's own target: registered, listed and revoked; and what they ask for themselves."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.domain.machine import Machine
from moorage.edge.awsjson.ask import Ask, epoch
from moorage.edge.awsjson.shapes import OperationShape
from moorage.operations import machinecredentials, machines
from moorage.operations.env import Call, Env
from moorage.operations.listing import Paging

_PAGE = 100


class InstanceShape(Struct, frozen=True, kw_only=True, omit_defaults=True):
    instanceId: str  # noqa: N815 - a member's name on the wire
    state: str
    region: str
    roleName: str  # noqa: N815 - a member's name on the wire
    registeredBy: str  # noqa: N815 - a member's name on the wire
    createdAt: float  # noqa: N815 - a member's name on the wire
    joinExpiresAt: float  # noqa: N815 - a member's name on the wire
    joinedAt: float | None = None  # noqa: N815 - a member's name on the wire
    revokedAt: float | None = None  # noqa: N815 - a member's name on the wire


class RegisterInstanceInput(Struct, frozen=True, kw_only=True):
    roleName: str  # noqa: N815 - a member's name on the wire
    ttl: int | None = None


class RegisterInstanceOutput(Struct, frozen=True, kw_only=True):
    instance: InstanceShape
    joinToken: str  # noqa: N815 - a member's name on the wire


class ListInstancesInput(Struct, frozen=True, kw_only=True):
    nextToken: str | None = None  # noqa: N815 - a member's name on the wire


class ListInstancesOutput(Struct, frozen=True, kw_only=True, omit_defaults=True):
    instances: tuple[InstanceShape, ...]
    nextToken: str | None = None  # noqa: N815 - a member's name on the wire


class RevokeInstanceInput(Struct, frozen=True, kw_only=True):
    instanceId: str  # noqa: N815 - a member's name on the wire


class RevokeInstanceOutput(Struct, frozen=True):
    """An answer without members."""


class JoinInstanceInput(Struct, frozen=True, kw_only=True):
    joinToken: str  # noqa: N815 - a member's name on the wire


class JoinInstanceOutput(Struct, frozen=True, kw_only=True):
    accountId: str  # noqa: N815 - a member's name on the wire
    region: str
    instanceId: str  # noqa: N815 - a member's name on the wire
    roleName: str  # noqa: N815 - a member's name on the wire
    keyId: str  # noqa: N815 - a member's name on the wire
    secret: str


class GetInstanceCredentialsInput(Struct, frozen=True):
    """An input without members: the key says which machine asks."""


class GetInstanceCredentialsOutput(Struct, frozen=True, kw_only=True):
    accessKeyId: str  # noqa: N815 - a member's name on the wire
    secretAccessKey: str  # noqa: N815 - a member's name on the wire
    sessionToken: str  # noqa: N815 - a member's name on the wire
    expiration: float
    roleName: str  # noqa: N815 - a member's name on the wire
    roleArn: str  # noqa: N815 - a member's name on the wire
    instanceProfileArn: str  # noqa: N815 - a member's name on the wire


OPERATIONS: Mapping[str, OperationShape] = {
    "GetInstanceCredentials": OperationShape(
        "GetInstanceCredentials", GetInstanceCredentialsInput, GetInstanceCredentialsOutput
    ),
    "JoinInstance": OperationShape("JoinInstance", JoinInstanceInput, JoinInstanceOutput),
    "ListInstances": OperationShape("ListInstances", ListInstancesInput, ListInstancesOutput),
    "RegisterInstance": OperationShape("RegisterInstance", RegisterInstanceInput, RegisterInstanceOutput),
    "RevokeInstance": OperationShape("RevokeInstance", RevokeInstanceInput, RevokeInstanceOutput),
}


async def register_instance(ask: Ask) -> Struct:
    asked = ask.read(RegisterInstanceInput)
    seconds = machines.DEFAULT if asked.ttl is None else asked.ttl
    made = await machines.register_instance(ask.env, ask.granted, asked.roleName, seconds)
    return RegisterInstanceOutput(instance=_shown(made.machine, ask.granted.call.at), joinToken=made.token)


async def list_instances(ask: Ask) -> Struct:
    asked = ask.read(ListInstancesInput)
    page = await machines.list_instances(ask.env, ask.granted, Paging(asked.nextToken, _PAGE))
    found = tuple(_shown(row, ask.granted.call.at) for row in page.items)
    return ListInstancesOutput(instances=found, nextToken=page.marker)


async def revoke_instance(ask: Ask) -> Struct:
    await machines.revoke_instance(ask.env, ask.granted, ask.read(RevokeInstanceInput).instanceId)
    return RevokeInstanceOutput()


async def join_instance(env: Env, call: Call, given: Struct) -> Struct:
    """Answer a call that nobody signed: its token says who it is."""
    assert isinstance(given, JoinInstanceInput)  # noqa: S101 - the table decoded it as nothing else
    joined = await machines.join_instance(env, call, given.joinToken)
    row = joined.machine
    return JoinInstanceOutput(
        accountId=row.account,
        region=row.region,
        instanceId=row.id,
        roleName=row.role_name,
        keyId=joined.key_id,
        secret=joined.secret,
    )


async def get_credentials(env: Env, call: Call, machine: Machine) -> Struct:
    """Answer a machine that signed with its key."""
    found = await machinecredentials.get_credentials(env, call, machine)
    opened = found.opened
    return GetInstanceCredentialsOutput(
        accessKeyId=opened.access_key_id,
        secretAccessKey=opened.secret,
        sessionToken=opened.token,
        expiration=epoch(opened.expires_at),
        roleName=found.role.name,
        roleArn=found.role.arn,
        instanceProfileArn=found.profile_arn,
    )


def _shown(row: Machine, now: int) -> InstanceShape:
    return InstanceShape(
        instanceId=row.id,
        state=row.state(now),
        region=row.region,
        roleName=row.role_name,
        registeredBy=row.made_by,
        createdAt=epoch(row.created_at),
        joinExpiresAt=epoch(row.join_expires_at),
        joinedAt=None if row.joined_at is None else epoch(row.joined_at),
        revokedAt=None if row.revoked_at is None else epoch(row.revoked_at),
    )
