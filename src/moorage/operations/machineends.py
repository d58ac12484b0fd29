"""The end of machines, and of every session that comes from one, in whichever account of the server it was opened."""

from collections.abc import Iterable

from moorage.domain.entities import Entity
from moorage.domain.errors import CredentialUnknown
from moorage.domain.machine import Machine
from moorage.store import accounts, machines, sessions
from moorage.store.transaction import Transaction


async def revoke(tx: Transaction, row: Machine, *, at: int) -> bool:
    """End a machine and what comes from it; False where it was revoked before."""
    if not await machines.revoke(tx, row.account, row.id, now=at):
        return False
    await _end_sessions(tx, [row])
    return True


async def revoke_of_role(tx: Transaction, role: Entity, *, at: int) -> None:
    """End all machines of a role, and what comes from them."""
    await _end_sessions(tx, await machines.revoke_of_role(tx, role.account, role.id, now=at))


async def _end_sessions(tx: Transaction, ended: Iterable[Machine]) -> None:
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
