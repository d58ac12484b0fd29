"""IAM users: create, get, list, update, delete.

A call is granted on a user's name with its path, ``/team/ada``, and on nothing for the account's own root.
"""

from dataclasses import dataclass

from moorage.domain.arns import root_arn
from moorage.domain.caller import CallerKind
from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import DeleteConflict
from moorage.domain.events import EventKind
from moorage.operations import boundaries
from moorage.operations.authorise import Granted
from moorage.operations.entities import Tags, add, changed, forget, get_row, list_rows, new_row, rename
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.store import access_keys, attachments, entity_tags, inline_policies, members
from moorage.store.access_keys import ROOT
from moorage.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class User:
    """A user; ``name`` and ``path`` are empty for the account's root. ``created_at`` is in microseconds."""

    id: str
    name: str
    path: str
    arn: str
    created_at: int
    boundary: str | None
    tags: Tags


async def owner_id(tx: Transaction, granted: Granted) -> str:
    """Give what marks the keys of whom the call was granted on: the user's id, or ``ROOT``.

    Raises:
        EntityNotFound

    """
    if not granted.name and granted.caller.kind is CallerKind.ROOT:
        return ROOT
    return (await get_row(tx, granted, EntityKind.USER)).id


async def create_user(  # noqa: PLR0913, PLR0917 - what a user is born with
    env: Env, granted: Granted, name: str, path: str, tags: Tags | None = None, boundary: str | None = None
) -> User:
    """Make a user who may do nothing yet.

    Raises:
        EntityAlreadyExists: whatever the case of the letters
        EntityNotFound: the boundary

    """
    row = new_row(env, granted, EntityKind.USER, name, path)

    async def unit(tx: Transaction) -> User:
        await add(tx, row, tags or {})
        bounded = await boundaries.begin_with(tx, row, boundary)
        await changed(tx, env, granted, EventKind.USER_CREATED, user=name, path=path, user_id=row.id)
        return await _user(tx, bounded)

    return await env.store.write(unit)


async def get_user(env: Env, granted: Granted) -> User:
    """Describe a user, or the root to itself.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> User:
        if await owner_id(tx, granted) != ROOT:
            return await _user(tx, await get_row(tx, granted, EntityKind.USER))
        account = granted.registry.account
        # The root calls with a key of its own; the oldest is the nearest thing to a birthday that it has.
        keys = await access_keys.of_user(tx, account, ROOT)
        created_at = min((key.created_at for key in keys), default=granted.call.at)
        return User(account, "", "", root_arn(account), created_at, None, {})

    return await env.store.read(unit)


async def list_users(env: Env, granted: Granted, prefix: str, paging: Paging) -> Page[User]:
    """List users by name, those whose path begins with ``prefix``, without tags and boundaries."""
    listing = Listing(env, granted, "ListUsers", prefix)
    return (await list_rows(listing, EntityKind.USER, prefix, paging)).map(shown)


async def update_user(env: Env, granted: Granted, name: str | None, path: str | None) -> None:
    """Give a user another name or path; keys, policies and groups stay.

    Raises:
        EntityNotFound, EntityAlreadyExists

    """

    async def unit(tx: Transaction) -> None:
        user = await get_row(tx, granted, EntityKind.USER)
        await rename(tx, user, name, path)
        await changed(tx, env, granted, EventKind.USER_UPDATED, user=user.name, name=name, path=path, user_id=user.id)

    await env.store.write(unit)


async def delete_user(env: Env, granted: Granted) -> None:
    """Delete a user who has neither keys, policies nor groups left.

    Raises:
        EntityNotFound, DeleteConflict

    """

    async def unit(tx: Transaction) -> None:
        user = await get_row(tx, granted, EntityKind.USER)
        if await access_keys.of_user(tx, user.account, user.id):
            raise DeleteConflict("delete access keys")
        if await inline_policies.of_entity(tx, user.account, user.id):
            raise DeleteConflict("delete policies")
        if await attachments.of_entity(tx, user.account, user.id):
            raise DeleteConflict("detach all policies")
        if await members.of_member(tx, user.account, user.id):
            raise DeleteConflict("remove users from group")
        await forget(tx, user)
        await changed(tx, env, granted, EventKind.USER_DELETED, user=user.name, path=user.path, user_id=user.id)

    await env.store.write(unit)


async def _user(tx: Transaction, row: Entity) -> User:
    tags = await entity_tags.of_entity(tx, row.account, row.id)
    return User(row.id, row.name, row.path, row.arn, row.created_at, row.boundary, tags)


def shown(row: Entity) -> User:
    """Show a user as lists do."""
    return User(row.id, row.name, row.path, row.arn, row.created_at, None, {})
