"""Looking at blobs and giving them out, always through a link of a repository that the caller may read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from moorage.domain.actions import OPERATIONS
from moorage.domain.caller import Registry
from moorage.domain.content import Content
from moorage.domain.digest import Digest
from moorage.domain.errors import (
    CredentialUnknown,
    InvalidDigest,
    LayerInaccessible,
    LayerNotFound,
    LayerReferenced,
    LinkExpired,
    Place,
)
from moorage.domain.events import EventKind
from moorage.domain.layer import Blob, LayerFailure, LayerFailureCode, LayerState
from moorage.domain.names import AccountId, Region
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Call, Env
from moorage.operations.keyring import Purpose
from moorage.operations.publishing import is_lost
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.store import blobs, repositories
from moorage.store.transaction import Transaction

LINK_LIFETIME = 3600 * 1_000_000  # µs
_NEEDS = OPERATIONS["ecr.GetDownloadUrlForLayer"]


@dataclass(frozen=True, slots=True)
class LinkCaller:
    """Who asked for a link, with which key; ``key_mark`` tells its secret from another under the same id."""

    account: str
    access_key_id: str
    key_mark: str

    def __str__(self) -> str:
        return f"{self.account}.{self.access_key_id}.{self.key_mark}"


@dataclass(frozen=True, slots=True)
class LayerLink:
    """Where a blob can be fetched without credentials for an hour, in whose name, and the proof that we said so."""

    account: str
    region: str
    repository_id: str
    digest: str
    expires_at: int  # µs since 1970
    caller: LinkCaller
    signature: str = ""

    @property
    def message(self) -> str:
        return f"{self.account}|{self.region}|{self.repository_id}|{self.digest}|{self.expires_at}|{self.caller}"


async def find_blob(env: Env, granted: Granted, digest: Digest) -> Blob:
    """Look at a blob; one whose file was lost is not there, so that whoever pushes sends it again.

    Raises:
        RepositoryNotFound, LayerNotFound

    """
    blob = await blobs.find(env.store.recall, granted.key, digest)
    if blob is None or is_lost(env, blob):
        raise LayerNotFound(granted.place, digest)
    return blob


async def open_blob(env: Env, granted: Granted, digest: Digest, *, unreferenced: bool = False) -> Content:
    """Give a blob that an image refers to, or any that the repository holds where ``unreferenced`` says so.

    Raises:
        RepositoryNotFound, LayerNotFound, LayerInaccessible

    """
    blob = await blobs.open_blob(env.store.recall, granted.key, digest)
    if blob is None:
        raise LayerNotFound(granted.place, digest)
    if not (blob.referenced or unreferenced):
        raise LayerInaccessible(granted.place, digest)
    return content_of(env, blob)


async def delete_blob(env: Env, granted: Granted, digest: Digest) -> None:
    """Take a blob out of the repository; one that an image refers to stays.

    Raises:
        RepositoryNotFound, LayerNotFound, LayerReferenced

    """

    async def unit(tx: Transaction) -> None:
        repository = await get_repository(tx, granted)
        blob = await blobs.find_in(tx, repository, digest)
        if blob is None:
            raise LayerNotFound(granted.place, digest)
        if blob.referenced:
            raise LayerReferenced(granted.place, digest)
        await blobs.unlink(tx, repository, digest, at=granted.call.at)
        await record(tx, env, granted, EventKind.LAYER_UNLINKED, repository=repository.name, digest=digest)

    await env.store.write(unit)


async def check_availability(
    env: Env, granted: Granted, digests: Sequence[str]
) -> tuple[list[LayerState], list[LayerFailure]]:
    """Tell for each digest whether the repository holds it.

    Raises:
        RepositoryNotFound

    """
    repository = granted.key
    states: list[LayerState] = []
    failures: list[LayerFailure] = []
    for asked in digests:
        try:
            digest = Digest.parse(asked)
        except InvalidDigest:
            failures.append(LayerFailure(asked, LayerFailureCode.INVALID, f"Invalid layer digest '{asked}'"))
        else:
            blob = await blobs.find(env.store.recall, repository, digest)
            states.append(LayerState(asked, None if blob is None or is_lost(env, blob) else blob))
    return states, failures


async def link_layer(env: Env, granted: Granted, digest: Digest) -> LayerLink:
    """Make a link to a blob that an image refers to, good for one hour, and no longer than the caller's session.

    Raises:
        RepositoryNotFound, LayerNotFound, LayerInaccessible

    """
    await open_blob(env, granted, digest)
    registry, call, principal = granted.registry, granted.call, granted.principal
    expires_at = call.at + LINK_LIFETIME
    if principal.session is not None:
        expires_at = min(expires_at, principal.session.expires_at)
    caller = LinkCaller(str(call.account), call.access_key_id, principal.key_mark)
    link = LayerLink(registry.account, registry.region, granted.repository_id, digest, expires_at, caller)
    return replace(link, signature=env.keyring.sign(Purpose.LAYER_LINK, link.message))


async def follow_link(env: Env, link: LayerLink, call: Call) -> Content:
    """Give the blob that a link of ours names, if who asked for the link may still have it.

    Who holds the link needs no credentials: ``call`` is made in the name of the link's caller, whose key and policies
    are looked at as they are now, under the circumstances of this call.

    Raises:
        LinkExpired: past its time, or altered, or its caller's key is gone
        LayerNotFound: the repository does not show that blob any more
        Denied

    """
    if not env.keyring.is_signed(Purpose.LAYER_LINK, link.message, link.signature) or call.at >= link.expires_at:
        raise LinkExpired
    registry = Registry(AccountId(link.account), Region(link.region))
    repository = await repositories.find(env.store.now, registry, link.repository_id)
    if repository is None:
        raise LayerNotFound(Place("", link.account), link.digest)
    try:
        await authorise(env, call, _NEEDS, registry, repository.name)
    except CredentialUnknown:
        raise LinkExpired from None
    blob = await blobs.open_blob(env.store.recall, repository, Digest(link.digest))
    if blob is None or not blob.referenced:
        raise LayerNotFound(Place("", link.account), link.digest)
    return content_of(env, blob)


def content_of(env: Env, blob: Blob) -> Content:
    """Give the bytes of a blob that was opened: out of the metadata, or as a file."""
    if blob.content is not None:
        return Content(blob.size, body=blob.content)
    return env.blobs.content(blob.storage_key, blob.size)
