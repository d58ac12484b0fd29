"""Mounting: showing a blob of another repository in this one, instead of sending it.

Two decisions with the same caller: the edge asks whether it may open an upload here, this file whether it may fetch
the blob there. Whatever stands in the way, the answer is no mount, and nothing about the source.
"""

from dataclasses import dataclass

from moorage.domain.actions import ROUTES, Kind, RouteKey
from moorage.domain.digest import Digest
from moorage.domain.errors import AccessDenied, InvalidRepositoryName, RepositoryNotFound
from moorage.domain.events import EventKind
from moorage.domain.names import RepositoryName
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Env
from moorage.operations.publishing import is_lost
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.store import blobs, mounts
from moorage.store.transaction import Transaction

_FETCH = ROUTES[RouteKey("end-2", "GET", Kind.DIGEST)]
_SOURCES = 50  # repositories that are asked about when the client names none


@dataclass(frozen=True, slots=True)
class Mount:
    """Which blob is wanted, and from which repository; None where any will do."""

    digest: Digest
    source: str | None
    unreferenced: bool  # may it be a blob that no image of the source refers to


async def mount_blob(env: Env, granted: Granted, mount: Mount) -> bool:
    """Link the blob, and tell whether that could be done.

    Raises:
        RepositoryNotFound: of the repository that is to have it

    """
    granted.key  # noqa: B018 - a missing repository is told before any other is looked at
    names = [mount.source]
    if mount.source is None:
        names = list(await mounts.holders(env.store.now, granted.registry, mount.digest, count=_SOURCES))
    for name in names:
        source = await _open_source(env, granted, mount, name or "")
        if source is not None and await _link(env, granted, source, mount.digest):
            return True
    return False


async def _open_source(env: Env, granted: Granted, mount: Mount, name: str) -> Granted | None:
    """Ask whether the caller may fetch the blob from the source, and whether it is there."""
    try:
        source = await authorise(env, granted.call, _FETCH, granted.registry, RepositoryName.parse(name))
        blob = await blobs.find(env.store.recall, source.key, mount.digest)
    except (AccessDenied, InvalidRepositoryName, RepositoryNotFound):
        return None
    if blob is None or is_lost(env, blob):
        return None
    return source if blob.referenced or mount.unreferenced else None


async def _link(env: Env, granted: Granted, source: Granted, digest: Digest) -> bool:
    async def unit(tx: Transaction) -> bool:
        target = await get_repository(tx, granted)
        try:
            there = await get_repository(tx, source)
        except RepositoryNotFound:
            return False
        new = digest not in await blobs.held(tx, target, [digest])
        mounted = there.encryption is target.encryption and await mounts.mount(
            tx, there, target, digest, at=granted.call.at
        )
        if mounted and new:
            facts = {"repository": target.name, "digest": digest, "source": there.name}
            await record(tx, env, granted, EventKind.LAYER_MOUNTED, **facts)
        return mounted

    return await env.store.write(unit)
