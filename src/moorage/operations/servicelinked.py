"""Service-linked roles of ECR (spec/ecr/iam.md section 8): made and deleted whole, changed by nobody."""

import json
from collections.abc import Mapping
from typing import Final

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import EntityAlreadyExists, EntityNotFound
from moorage.domain.identityfacts import InvalidInput
from moorage.operations.authorise import Granted
from moorage.operations.entities import SERVICE_PATH, get_row
from moorage.operations.env import Env
from moorage.operations.keyring import Purpose, SealBroken, from_text, to_text
from moorage.operations.roles import NewRole, Role, keep_role, remove
from moorage.policy.document import parse
from moorage.policy.elements import PolicyKind
from moorage.policy.managed import FOR_SERVICES
from moorage.store import attachments, inline_policies, members
from moorage.store.transaction import Transaction

ROLES: Final[Mapping[str, str]] = {
    "replication.ecr.amazonaws.com": "AWSServiceRoleForECRReplication",
    "pullthroughcache.ecr.amazonaws.com": "AWSServiceRoleForECRPullThroughCache",
    "ecr.amazonaws.com": "AWSServiceRoleForECRTemplate",
}
_POLICIES: Final[Mapping[str, str]] = {
    "AWSServiceRoleForECRReplication": "ECRReplicationServiceRolePolicy",
    "AWSServiceRoleForECRPullThroughCache": "AWSECRPullThroughCache_ServiceRolePolicy",
    "AWSServiceRoleForECRTemplate": "ECRTemplateServiceRolePolicy",
}


def place_of(service: str, suffix: str) -> str:
    """Name the role of a service with its path, on which the call is granted; a suffix makes it another role."""
    name = ROLES.get(service, "")
    return f"{SERVICE_PATH}{service}/{name}_{suffix}" if suffix else f"{SERVICE_PATH}{service}/{name}"


async def create_linked_role(
    env: Env, granted: Granted, service: str, description: str | None, suffix: str | None
) -> Role:
    """Make the role that a service acts as.

    Raises:
        InvalidInput: no service of ECR, the role is there already, or a suffix was given

    """
    if service not in ROLES:
        raise InvalidInput(f"Moorage does not know the service {service}: {', '.join(ROLES)}")
    if suffix is not None:
        raise InvalidInput(f"Custom suffix is not allowed for {service}")
    name = ROLES[service]
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = f"arn:aws:iam::aws:policy{FOR_SERVICES}{_POLICIES[name]}"
    new = NewRole(name, f"{SERVICE_PATH}{service}/", trust, description, policies=(arn,))
    try:
        return await keep_role(env, granted, new, parse(trust, PolicyKind.TRUST))
    except EntityAlreadyExists:
        taken = f"Service role name {name} has been taken in this account, please try a different suffix."
        raise InvalidInput(taken) from None


async def delete_linked_role(env: Env, granted: Granted) -> str:
    """Delete the role and give the id of the deletion, which is done when this answers.

    Raises:
        EntityNotFound, InvalidInput

    """

    async def unit(tx: Transaction) -> str:
        row = await get_row(tx, granted, EntityKind.ROLE)
        if not row.path.startswith(SERVICE_PATH):
            raise InvalidInput(f"The role {row.name} is not a service-linked role")
        await _strip(tx, row)
        await remove(tx, env, granted, row)
        return f"{row.path}{row.name}"

    place = await env.store.write(unit)
    sealed = env.keyring.seal(Purpose.PAGE_TOKEN, b"deleted", nonce=env.ids.nonce(), bound=_bound(granted))
    return f"task{place}/{to_text(sealed)}"


async def _strip(tx: Transaction, row: Entity) -> None:
    """Take away all that hangs on a role: versions before let more be hung on it than its own policy."""
    for arn in await attachments.of_entity(tx, row.account, row.id):
        await attachments.detach(tx, row.account, row.id, arn)
    for name, _ in await inline_policies.of_entity(tx, row.account, row.id):
        await inline_policies.delete_policy(tx, row.account, row.id, name)
    for profile in await members.of_member(tx, row.account, row.id):
        await members.remove(tx, row.account, profile.id, row.id)


def check_deletion(env: Env, granted: Granted, task: str) -> None:
    """See that the deletion was one of this account's; it was done when it was asked for.

    Raises:
        EntityNotFound

    """
    try:
        env.keyring.open(Purpose.PAGE_TOKEN, from_text(task.rpartition("/")[2]), bound=_bound(granted))
    except SealBroken:
        raise EntityNotFound("deletion task", task, by="id") from None


def _bound(granted: Granted) -> bytes:
    return f"service-linked role|{granted.registry.account}".encode()
