"""IAM groups: users who share policies."""

from dataclasses import dataclass

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import DeleteConflict, EntityNotFound, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.entities import add, changed, forget, get_named, get_row, list_rows, new_row, rename
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.users import User, shown
from moorage.store import attachments, inline_policies, members
from moorage.store.transaction import Transaction

GROUPS_LIMIT = 10  # groups that one user may be in


@dataclass(frozen=True, slots=True)
class Members:
    """A group with a page of its users."""

    group: Entity
    users: Page[User]


async def create_group(env: Env, granted: Granted, name: str, path: str) -> Entity:
    """Make a group without users and policies.

    Raises:
        EntityAlreadyExists

    """
    row = new_row(env, granted, EntityKind.GROUP, name, path)

    async def unit(tx: Transaction) -> Entity:
        await add(tx, row, {})
        await changed(tx, env, granted, EventKind.GROUP_CREATED, group=name, path=path, group_id=row.id)
        return row

    return await env.store.write(unit)


async def get_group(env: Env, granted: Granted, paging: Paging) -> Members:
    """Describe a group and list its users.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> tuple[Entity, list[Entity]]:
        group = await get_row(tx, granted, EntityKind.GROUP)
        return group, await members.of_holder(tx, group.account, group.id)

    group, users = await env.store.read(unit)
    page = Listing(env, granted, "GetGroup").cut(paging, users, lambda user: user.name.lower())
    return Members(group, page.map(shown))


async def list_groups(env: Env, granted: Granted, prefix: str, paging: Paging) -> Page[Entity]:
    return await list_rows(Listing(env, granted, "ListGroups", prefix), EntityKind.GROUP, prefix, paging)


async def list_groups_of_user(env: Env, granted: Granted, paging: Paging) -> Page[Entity]:
    """List the groups that a user is in.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> list[Entity]:
        user = await get_row(tx, granted, EntityKind.USER)
        return await members.of_member(tx, user.account, user.id)

    groups = await env.store.read(unit)
    return Listing(env, granted, "ListGroupsForUser").cut(paging, groups, lambda group: group.name.lower())


async def update_group(env: Env, granted: Granted, name: str | None, path: str | None) -> None:
    """Give a group another name or path.

    Raises:
        EntityNotFound, EntityAlreadyExists

    """

    async def unit(tx: Transaction) -> None:
        group = await get_row(tx, granted, EntityKind.GROUP)
        await rename(tx, group, name, path)
        await changed(tx, env, granted, EventKind.GROUP_UPDATED, group=group.name, name=name, path=path)

    await env.store.write(unit)


async def delete_group(env: Env, granted: Granted) -> None:
    """Delete a group that has neither users nor policies left.

    Raises:
        EntityNotFound, DeleteConflict

    """

    async def unit(tx: Transaction) -> None:
        group = await get_row(tx, granted, EntityKind.GROUP)
        if await members.of_holder(tx, group.account, group.id):
            raise DeleteConflict("remove users from group")
        if await inline_policies.of_entity(tx, group.account, group.id):
            raise DeleteConflict("delete policies")
        if await attachments.of_entity(tx, group.account, group.id):
            raise DeleteConflict("detach all policies")
        await forget(tx, group)
        await changed(tx, env, granted, EventKind.GROUP_DELETED, group=group.name, path=group.path, group_id=group.id)

    await env.store.write(unit)


async def add_user(env: Env, granted: Granted, user_name: str) -> None:
    """Put a user into the group; one who is in it stays in it.

    Raises:
        EntityNotFound, QuotaExceeded

    """

    async def unit(tx: Transaction) -> None:
        group = await get_row(tx, granted, EntityKind.GROUP)
        user = await get_named(tx, group.account, EntityKind.USER, user_name)
        groups = await members.of_member(tx, user.account, user.id)
        if len(groups) >= GROUPS_LIMIT and group.id not in {one.id for one in groups}:
            raise QuotaExceeded("GroupsPerUser", GROUPS_LIMIT)
        await members.add(tx, group.account, group.id, user.id)
        await changed(tx, env, granted, EventKind.GROUP_JOINED, group=group.name, user=user.name)

    await env.store.write(unit)


async def remove_user(env: Env, granted: Granted, user_name: str) -> None:
    """Take a user out of the group.

    Raises:
        EntityNotFound: the group, the user, or the user in the group

    """

    async def unit(tx: Transaction) -> None:
        group = await get_row(tx, granted, EntityKind.GROUP)
        user = await get_named(tx, group.account, EntityKind.USER, user_name)
        if not await members.remove(tx, group.account, group.id, user.id):
            raise EntityNotFound("user", user_name)
        await changed(tx, env, granted, EventKind.GROUP_LEFT, group=group.name, user=user.name)

    await env.store.write(unit)
