"""What the clock asks for: forget what is idle, ended or has lost its subject, and write down uses."""

from moorage.blobs.port import DraftBusy
from moorage.domain.events import Event, EventKind
from moorage.domain.repository import RepositoryKey
from moorage.operations.env import Env
from moorage.operations.imagedeletes import forget
from moorage.store import access_keys, events, images, machines, referrers, repositories, roles, sessions, uploads
from moorage.store.transaction import Transaction

ORPHANED = 22 * 3600 * 1_000_000  # µs; a sweep an hour later is still within ECR's 24 hours
IDLE = 24 * 3600 * 1_000_000  # µs
OVER = 2 * IDLE  # since the last part, after which an upload may have gone on for as long as it was not idle
LINGER = 3600 * 1_000_000  # µs
SHOWN = 30 * 24 * 3600 * 1_000_000  # µs that a machine stays in the list when it is over
_AT_ONCE = 100  # images deleted in one write
_SWEEPER = "ecr.amazonaws.com"  # who the events of a sweep say it was


async def sweep_uploads(env: Env) -> int:
    """Forget uploads idle for 24 hours, and drafts of that age that no upload owns; gives how many drafts went.

    A draft that a request holds is not idle, however old its row is.
    """
    before = env.clock() - IDLE
    swept = 0
    await env.store.write(lambda tx: uploads.delete_over(tx, before=before - (OVER - IDLE)))
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


async def sweep_referrers(env: Env) -> int:
    """Delete referrers whose subject was deleted 22 hours ago and is not there again; gives how many went.

    One that an index names waits until the index is gone.
    """
    at, swept = env.clock(), 0
    await env.store.write(referrers.rescue)
    while went := await env.store.write(lambda tx: _forget_orphans(tx, env, at=at)):
        swept += went
    return swept


async def _forget_orphans(tx: Transaction, env: Env, *, at: int) -> int:
    """Delete some of them in the write that looks for their subjects: one may have come back since the sweep began."""
    orphans = await referrers.orphans(tx, before=at - ORPHANED, count=_AT_ONCE)
    for registry, repository_id, digest in orphans:
        repository = await repositories.find(tx, registry, repository_id)
        image = None if repository is None else await images.find(tx, repository, digest)
        if repository is None or image is None:
            await referrers.delete_of(tx, RepositoryKey(registry.account, registry.region, repository_id), digest)
            continue
        await forget(tx, repository, image, at=at)
        facts = {"repository": repository.name, "digest": digest, "subject": image.subject}
        event = Event(env.ids.event(at), registry, at, EventKind.IMAGE_DELETED, _SWEEPER, "", facts)
        await events.append(tx, event)
    return len(orphans)


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


async def forget_machines(env: Env) -> int:
    """Forget machines that were revoked, or that nobody joined, 30 days ago; gives how many went."""
    before = env.clock() - SHOWN

    async def unit(tx: Transaction) -> int:
        return await machines.delete_revoked(tx, before=before) + await machines.delete_unjoined(tx, before=before)

    return await env.store.write(unit)
