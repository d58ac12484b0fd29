"""The credentials of a machine's role: asked for with the machine's key, which is good for nothing else.

Machines are no principals: no policy speaks of one, and their keys are looked for here alone.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moorage.domain.entities import Entity, EntityKind, entity_arn
from moorage.domain.errors import AccessDenied, CredentialUnknown
from moorage.domain.machine import Machine
from moorage.domain.sessions import SessionFacts, SessionKind
from moorage.operations.assumerole import find_target
from moorage.operations.env import Call, Env
from moorage.operations.keyring import Purpose
from moorage.operations.machinetrust import judge_trust
from moorage.operations.sessions import Opened, Opening, open_session, tell
from moorage.sigv4.check import check_scope, check_time
from moorage.sigv4.claim import Claim, parse
from moorage.sigv4.head import Head
from moorage.sigv4.verify import verify
from moorage.store import entities, machines, members, sessions
from moorage.store.sessions import SessionRow
from moorage.store.transaction import Transaction

LIFETIME = 6 * 3_600  # seconds, as of an EC2 instance's credentials
# Whoever asks again within this time gets the same credentials: what a host that starts over and over can make the
# server keep is bounded.
_YOUNG = 3_600 * 1_000_000  # µs


@dataclass(frozen=True, slots=True)
class SignedByMachine:
    """A request whose key is a machine's; its signature is not verified yet."""

    claim: Claim
    machine: Machine
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MachineCredentials:
    """The credentials of a machine's role, and what it is called."""

    opened: Opened
    role: Entity
    profile_arn: str


async def identify_machine(env: Env, head: Head, *, services: Collection[str], at: int) -> SignedByMachine:
    """Judge everything about a machine's request that needs no body.

    Raises:
        SignatureRefused: in its kinds
        CredentialUnknown: no machine's key, or one of a machine that is revoked

    """
    claim = parse(head)
    check_scope(claim, regions=env.regions, services=services)
    check_time(claim, datetime.fromtimestamp(at / 1_000_000, UTC))
    found = await machines.find_by_key(env.store.now, claim.access_key_id)
    if found is None or claim.session_token is not None:
        raise CredentialUnknown
    machine, sealed = found
    secret = env.keyring.open(Purpose.MACHINE_KEY, sealed, bound=claim.access_key_id.encode())
    return SignedByMachine(claim, machine, secret.decode())


def verify_machine(env: Env, signed: SignedByMachine, body_sha256: str) -> None:
    """Check the signature against what was received.

    Raises:
        SignatureMismatch

    """
    verify(signed.claim, secret=signed.secret, body_sha256=body_sha256, keys=env.signing_keys)


async def get_credentials(env: Env, call: Call, machine: Machine) -> MachineCredentials:
    """Give the credentials of a machine's role, as long as the role trusts machines.

    Raises:
        AccessDenied: the role does not trust machines any more, or is gone
        CredentialUnknown: the machine was revoked while the request was under way

    """
    role = await entities.find_by_id(env.store.now, machine.account, machine.role_id)
    if role is None:
        raise AccessDenied(f"The role {machine.role_name} of the instance {machine.id} is gone.")
    target = await find_target(env, role.arn)
    judge_trust(call, target, machine)
    found = await _young(env.store.now, call, machine)
    opened = await _open(env, call, machine) if found is None else tell(env, found)
    return MachineCredentials(opened, role, await _profile_arn(env.store.now, role))


async def _young(tx: Transaction, call: Call, machine: Machine) -> SessionRow | None:
    """Find the newest session of a machine, if it has just been opened."""
    row = await sessions.newest_of_parent(tx, machine.account, machine.key_id or "")
    return None if row is None or call.at >= row.created_at + _YOUNG else row


async def _open(env: Env, call: Call, machine: Machine) -> Opened:
    async def opened_meanwhile(tx: Transaction) -> SessionRow | None:
        return await _young(tx, call, machine)  # a crowd that asks at once gets one session

    opening = Opening(
        kind=SessionKind.MACHINE,
        account=machine.account,
        entity_id=machine.role_id,
        name=machine.id,
        facts=SessionFacts(keys={"ec2:sourceinstancearn": machine.arn}),
        seconds=LIFETIME,
        at=call.at,
        by=machine.arn,
        request_id=call.request_id,
        parent=machine.key_id,
        machine=machine.key_id,
    )
    return await open_session(env, opening, opened_meanwhile)


async def _profile_arn(tx: Transaction, role: Entity) -> str:
    """Name the instance profile that the role is in; where it is in none, the one that AWS's console would make."""
    profiles = await members.of_member(tx, role.account, role.id)
    return profiles[0].arn if profiles else entity_arn(role.account, EntityKind.PROFILE, role.path, role.name)
