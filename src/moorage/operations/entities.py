"""What all entities of IAM have in common: how one is found, made, renamed, listed and deleted.

A call is granted on an entity's name with its path, ``/team/ada``. Whoever bears that name under another path when
the change is made is somebody else.
"""

from collections.abc import Mapping

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import EntityAlreadyExists, EntityNotFound
from moorage.domain.events import EventKind
from moorage.domain.identityfacts import Unmodifiable
from moorage.domain.names import AccountId
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.record import record
from moorage.store import accounts, entities, entity_tags
from moorage.store.transaction import Transaction

Tags = Mapping[str, str]
SERVICE_PATH = "/aws-service-role/"


def name_of(granted: Granted) -> str:
    """Give the name of the entity that the call was granted on, without its path."""
    return granted.name.rpartition("/")[2]


async def get_row(tx: Transaction, granted: Granted, kind: EntityKind) -> Entity:
    """Give the entity that the call was granted on.

    Raises:
        EntityNotFound

    """
    row = await entities.find(tx, granted.registry.account, kind, name_of(granted))
    if row is None or row.place != granted.name:
        raise EntityNotFound(kind.word, name_of(granted))
    return row


async def get_changeable(tx: Transaction, granted: Granted, kind: EntityKind) -> Entity:
    """Give the entity that the call was granted on, unless it is a service's own role.

    Raises:
        EntityNotFound, Unmodifiable

    """
    return changeable(await get_row(tx, granted, kind))


def changeable(row: Entity) -> Entity:
    """See that an entity is no service's own role, which comes and goes whole.

    Raises:
        Unmodifiable

    """
    if row.kind is EntityKind.ROLE and row.path.startswith(SERVICE_PATH):
        service = row.path.removeprefix(SERVICE_PATH).rstrip("/")
        raise Unmodifiable(
            f"Cannot perform the operation on the protected role '{row.name}' - this role is only modifiable by AWS, "
            f"through the service {service}"
        )
    return row


async def get_named(tx: Transaction, account: AccountId, kind: EntityKind, name: str) -> Entity:
    """Give an entity that a call names beside the one it was granted on.

    Raises:
        EntityNotFound

    """
    row = await entities.find(tx, account, kind, name)
    if row is None:
        raise EntityNotFound(kind.word, name)
    return row


def new_row(env: Env, granted: Granted, kind: EntityKind, name: str, path: str) -> Entity:
    return Entity(granted.registry.account, env.ids.entity(kind.id_prefix), kind, name, path, granted.call.at)


async def add(tx: Transaction, row: Entity, tags: Tags) -> None:
    """Keep a new entity with its tags.

    Raises:
        EntityAlreadyExists: whatever the case of the letters

    """
    if not await entities.create(tx, row):
        raise EntityAlreadyExists(row.kind.word, row.name)
    await entity_tags.put(tx, row.account, row.id, tags)


async def rename(tx: Transaction, row: Entity, name: str | None, path: str | None) -> None:
    """Give an entity another name or path, or both.

    Raises:
        EntityAlreadyExists

    """
    if name is not None:
        taken = await entities.find(tx, row.account, row.kind, name)
        if taken is not None and taken.id != row.id:
            raise EntityAlreadyExists(row.kind.word, name)
    await entities.rename(tx, row, name=name or row.name, path=path or row.path)


async def forget(tx: Transaction, row: Entity) -> None:
    """Delete an entity that nothing hangs on any more, with its tags."""
    await entity_tags.delete_all(tx, row.account, row.id)
    await entities.delete_entity(tx, row)


async def changed(tx: Transaction, env: Env, granted: Granted, kind: EventKind, **facts: str | int | None) -> None:
    """Say that something about who may do what has changed: now, in every worker."""
    await accounts.bump(tx, granted.registry.account)
    await record(tx, env, granted, kind, **facts)


async def list_rows(listing: Listing, kind: EntityKind, prefix: str, paging: Paging) -> Page[Entity]:
    """List entities by name, those whose path begins with ``prefix``; a page holds at most 100 unless told."""
    after = listing.after(paging)
    count = paging.size + 1

    async def unit(tx: Transaction) -> list[Entity]:
        return await _gather(tx, listing.granted.registry.account, kind, prefix, after, count)

    return listing.page(paging, await listing.env.store.read(unit), lambda row: row.name)


async def _gather(  # noqa: PLR0913, PLR0917 - what tells one page from another
    tx: Transaction, account: AccountId, kind: EntityKind, prefix: str, after: str, count: int
) -> list[Entity]:
    """Read on until ``count`` entities have the prefix, or there are no more."""
    found: list[Entity] = []
    while True:
        rows = await entities.page(tx, account, kind, after=after, count=count)
        found += [row for row in rows if row.path.startswith(prefix)]
        if len(rows) < count or len(found) >= count:
            return found[:count]
        after = rows[-1].name
