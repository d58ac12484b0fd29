"""The end of machines, and of every session that comes from one, in whichever account of the server it was opened."""

from collections.abc import Iterable

from moorage.domain.entities import Entity
from moorage.domain.errors import CredentialUnknown
from moorage.domain.events import EventKind
from moorage.domain.machine import Machine
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.record import record
from moorage.store import accounts, machines, sessions
from moorage.store.transaction import Transaction


async def revoke(tx: Transaction, env: Env, granted: Granted, row: Machine) -> None:
    """End a machine and what comes from it; one that was revoked before stays so."""
    if await machines.revoke(tx, row.account, row.id, now=granted.call.at):
        await end_sessions(tx, [row])
        await _record(tx, env, granted, [row])


async def revoke_of_role(tx: Transaction, env: Env, granted: Granted, role: Entity) -> None:
    """End all machines of a role, and what comes from them."""
    ended = await machines.revoke_of_role(tx, role.account, role.id, now=granted.call.at)
    await end_sessions(tx, ended)
    await _record(tx, env, granted, ended)


async def _record(tx: Transaction, env: Env, granted: Granted, ended: Iterable[Machine]) -> None:
    for row in ended:
        await record(tx, env, granted, EventKind.INSTANCE_REVOKED, instance=row.id, role=row.role_name)


async def end_sessions(tx: Transaction, ended: Iterable[Machine]) -> None:
    """Delete the sessions, and move the accounts on, by whose generation workers remember who holds a key."""
    moved = set()
    for row in ended:
        moved.add(row.account)
        if row.key_id is not None:
            moved.update(await sessions.delete_of_machine(tx, row.key_id))
    for account in sorted(moved):
        await accounts.bump(tx, account)


async def expect_standing(tx: Transaction, key_id: str | None) -> None:
    """See in the transaction that opens a session that the machine it comes from stands: it would outlive that one.

    Raises:
        CredentialUnknown

    """
    if key_id is not None and await machines.find_by_key(tx, key_id) is None:
        raise CredentialUnknown
