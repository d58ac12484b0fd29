"""What the clock asks for: forget uploads that nobody goes on with and sessions that have ended, write down uses."""

from moorage.blobs.port import DraftBusy
from moorage.operations.env import Env
from moorage.store import access_keys, images, repositories, roles, sessions, uploads
from moorage.store.transaction import Transaction

IDLE = 24 * 3600 * 1_000_000  # µs
LINGER = 3600 * 1_000_000  # µs


async def sweep_uploads(env: Env) -> int:
    """Forget uploads idle for 24 hours, and drafts of that age that no upload owns; gives how many drafts went.

    A draft that a request holds is not idle, however old its row is.
    """
    before = env.clock() - IDLE
    swept = 0
    await env.store.write(lambda tx: uploads.delete_over(tx, before=before))
    for draft in await uploads.idle_drafts(env.store.now, before=before):
        swept += await _sweep(env, draft, before=before)
    owned = await uploads.drafts_in_use(env.store.now)
    for draft, changed_at in env.blobs.drafts():
        if changed_at < before and draft not in owned:
            swept += await _sweep(env, draft, before=before)
    return swept


async def _sweep(env: Env, draft: str, *, before: int) -> bool:
    try:
        held = env.blobs.hold(draft)
    except DraftBusy:
        return False
    try:
        # Only now does its row stand still: somebody may have gone on with the upload since it was listed.
        if await env.store.write(lambda tx: uploads.delete_idle(tx, draft, before=before)):
            held.truncate(0)  # takes back what a process that died had published and not told
        elif draft in await uploads.drafts_in_use(env.store.now):
            return False
        await env.blobs.discard(draft)
    finally:
        held.close()
    return True


async def write_pull_times(env: Env) -> None:
    """Write down the pulls that were noted since the last time."""
    taken = env.pull_times.take()
    if not taken:
        return

    async def unit(tx: Transaction) -> None:
        for pulled, at in taken.items():
            repository = await repositories.find(tx, pulled.registry, pulled.repository_id)
            if repository is not None:
                await images.set_pulled(tx, repository, pulled.digest, at=at)

    await env.store.write(unit)


async def write_key_uses(env: Env) -> None:
    """Write down which keys and roles were used since the last time."""
    taken = env.key_uses.take()
    if not taken:
        return

    async def unit(tx: Transaction) -> None:
        for used, use in taken.items():
            if used.is_role:
                await roles.set_used(tx, used.account, used.id, at=use.at, region=use.region)
            else:
                await access_keys.set_used(tx, used.id, at=use.at, region=use.region, service=use.service)

    await env.store.write(unit)


async def forget_sessions(env: Env) -> int:
    """Forget sessions that ended an hour ago; gives how many went.

    Until then whoever comes with one is told that it has expired.
    """
    return await env.store.write(lambda tx: sessions.delete_expired(tx, now=env.clock() - LINGER))
