"""Machines: hosts outside that have a role, as EC2 instances have one.

Whoever may hand a role to machines registers one and gets a join token, which is good once and for a while. The host
changes it for a key of its own; with that it asks for the role's credentials (``machinecredentials``). Revoking a
machine ends its key, its sessions, those opened with them by AssumeRole, and the docker passwords made with any of them
(``machineends``); so does deleting its role.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from moorage.domain.actions import OPERATIONS
from moorage.domain.caller import Registry
from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import AccessDenied, EntityNotFound, InvalidParameter, RegistryFull
from moorage.domain.events import Event, EventKind
from moorage.domain.machine import Machine, MachineState
from moorage.domain.names import AccountId
from moorage.operations import machineends
from moorage.operations.accounts import NewKey
from moorage.operations.assumerole import find_target
from moorage.operations.authorise import Granted, authorise
from moorage.operations.denials import Denied
from moorage.operations.env import Call, Env
from moorage.operations.keyring import Purpose
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.machinetrust import SERVICE, judge_trust
from moorage.operations.meant import find_meant
from moorage.operations.record import record
from moorage.store import entities, events, machines, members
from moorage.store.transaction import Transaction

SHORTEST, DEFAULT, LONGEST = 1, 3_600, 86_400  # seconds that a join token is good for
_SECOND = 1_000_000
_LONGEST_NAME = 1_024
_NOT_GOOD = (
    "The join token is not good: it is not whole, has been used already or has expired, or its instance was revoked. "
    "Whoever registered the instance sees by `moorage instance list` what became of it."
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A machine that may join, with its join token, for the one time it is shown."""

    machine: Machine
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Joined:
    """A machine with its key, for the one time it is shown."""

    machine: Machine
    key_id: str
    secret: str = field(repr=False)


async def register_instance(env: Env, granted: Granted, role_name: str, seconds: int) -> Registered:
    """Make a machine that has a role as soon as it joins; the name may be that of the role's instance profile.

    Raises:
        AccessDenied: the caller may not pass the role on, or the role does not trust machines
        EntityNotFound: the role
        InvalidParameter, RegistryFull

    """
    role = await _passed(env, granted, role_name[:_LONGEST_NAME])
    if not SHORTEST <= seconds <= LONGEST:
        raise InvalidParameter("ttl", f"Member must have value between {SHORTEST} and {LONGEST}")
    if role is None:
        raise EntityNotFound("role", role_name)
    call, token = granted.call, env.ids.join_token()
    row = Machine(
        account=granted.registry.account,
        id=env.ids.instance(),
        region=call.region,
        role_id=role.id,
        role_name=role.name,
        made_by=granted.caller.arn,
        join_expires_at=call.at + seconds * _SECOND,
        key_id=None,
        created_at=call.at,
        joined_at=None,
        revoked_at=None,
    )
    judge_trust(call, await find_target(env, role.arn), row)

    async def unit(tx: Transaction) -> None:
        if await entities.find_by_id(tx, role.account, role.id) is None:
            raise EntityNotFound("role", role_name)
        await machines.create(tx, row, join_hash=_hash(token))
        if await machines.has_more_than(tx, role.account, env.quotas.instances, now=call.at):
            raise RegistryFull("instances", "account", env.quotas.instances)
        await record(tx, env, granted, EventKind.INSTANCE_REGISTERED, instance=row.id, role=role.name)

    await env.store.write(unit)
    return Registered(row, token)


async def _passed(env: Env, granted: Granted, name: str) -> Entity | None:
    """Find the role, and ask whether the caller may hand it to machines, whether it is there or not."""
    account = granted.registry.account
    role = await _named(env, account, name)
    meant = await find_meant(env, account, EntityKind.ROLE, name if role is None else role.name)
    facts = {**meant.facts, "iam:passedtoservice": SERVICE}
    try:
        await authorise(env, granted.call, OPERATIONS["iam.PassRole"], granted.registry, meant.place, facts=facts)
    except Denied as denied:
        # As in IAM's own denials the role is named as the caller did: the ARN would tell its path.
        asked = f"on resource: arn:aws:iam::{account}:role{meant.place} "
        sentence = str(denied).replace(asked, f"on resource: role {name} ", 1)
        raise Denied(sentence, denied.question) from None
    return role


async def _named(env: Env, account: AccountId, name: str) -> Entity | None:
    """Find a role by its name, else the one in the instance profile of that name."""
    tx = env.store.now
    role = await entities.find(tx, account, EntityKind.ROLE, name)
    if role is not None:
        return role
    profile = await entities.find(tx, account, EntityKind.PROFILE, name)
    held = [] if profile is None else await members.of_holder(tx, account, profile.id)
    return held[0] if held else None


async def join_instance(env: Env, call: Call, token: str) -> Joined:
    """Change a join token for the machine's key: once, whoever comes first.

    Strangers may ask, so one that is not good is refused before anything is made or written.

    Raises:
        AccessDenied: the token is unknown, used or over, or its machine is revoked; nobody is told which

    """
    join_hash = _hash(token)
    waiting = await machines.find_by_join(env.store.now, join_hash)
    if waiting is None or waiting.state(call.at) is not MachineState.WAITING:
        raise AccessDenied(_NOT_GOOD)
    key = NewKey(env.ids.machine_key(), env.ids.secret_key())
    sealed = env.keyring.seal(
        Purpose.MACHINE_KEY, key.secret.encode(), nonce=env.ids.nonce(), bound=key.access_key_id.encode()
    )

    async def unit(tx: Transaction) -> Machine:
        is_first = await machines.join(tx, join_hash, key_id=key.access_key_id, secret=sealed, now=call.at)
        row = await machines.find_by_join(tx, join_hash)
        if not is_first or row is None:
            raise AccessDenied(_NOT_GOOD)
        event = Event(
            id=env.ids.event(call.at),
            registry=Registry(row.account, row.region),
            at=call.at,
            kind=EventKind.INSTANCE_JOINED,
            caller=row.arn,
            request_id=call.request_id,
            facts={"instance": row.id, "role": row.role_name, "client": call.client},
        )
        await events.append(tx, event)
        return row

    return Joined(await env.store.write(unit), key.access_key_id, key.secret)


async def list_instances(env: Env, granted: Granted, paging: Paging) -> Page[Machine]:
    """List the machines of the account, those that are revoked included, by id."""
    listing = Listing(env, granted, "ListInstances")
    after = listing.after(paging)
    rows = await machines.page(env.store.now, granted.registry.account, after=after, count=paging.size + 1)
    return listing.page(paging, rows, lambda row: row.id)


async def revoke_instance(env: Env, granted: Granted, instance_id: str) -> None:
    """End a machine and everything that comes from it; one that is revoked stays so.

    Raises:
        EntityNotFound

    """
    account = granted.registry.account

    async def unit(tx: Transaction) -> None:
        row = await machines.find(tx, account, instance_id)
        if row is None:
            raise EntityNotFound("instance", instance_id, by="id")
        await machineends.revoke(tx, env, granted, row)

    await env.store.write(unit)


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
