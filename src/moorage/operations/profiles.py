"""Instance profiles: the name under which a machine is given a role."""

from dataclasses import dataclass

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import DeleteConflict, EntityNotFound, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.entities import (
    Tags,
    add,
    changeable,
    changed,
    forget,
    get_named,
    get_row,
    list_rows,
    new_row,
)
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.roles import Role, shown
from moorage.store import entity_tags, members
from moorage.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Profile:
    """An instance profile with the role in it, if there is one."""

    row: Entity
    roles: tuple[Role, ...]
    tags: Tags


async def create_profile(env: Env, granted: Granted, name: str, path: str, tags: Tags) -> Profile:
    """Make an instance profile without a role.

    Raises:
        EntityAlreadyExists

    """
    row = new_row(env, granted, EntityKind.PROFILE, name, path)

    async def unit(tx: Transaction) -> Profile:
        await add(tx, row, tags)
        await changed(tx, env, granted, EventKind.INSTANCE_PROFILE_CREATED, profile=name, path=path)
        return Profile(row, (), tags)

    return await env.store.write(unit)


async def get_profile(env: Env, granted: Granted) -> Profile:
    """Describe an instance profile.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> Profile:
        row = await get_row(tx, granted, EntityKind.PROFILE)
        return await describe(tx, row, with_tags=True)

    return await env.store.read(unit)


async def describe(tx: Transaction, row: Entity, *, with_tags: bool = False) -> Profile:
    roles = tuple([await shown(tx, role) for role in await members.of_holder(tx, row.account, row.id)])
    return Profile(row, roles, await entity_tags.of_entity(tx, row.account, row.id) if with_tags else {})


async def list_profiles(env: Env, granted: Granted, prefix: str, paging: Paging) -> Page[Profile]:
    """List instance profiles by name, without their tags."""
    listing = Listing(env, granted, "ListInstanceProfiles", prefix)
    page = await list_rows(listing, EntityKind.PROFILE, prefix, paging)
    return Page([await describe(env.store.now, row) for row in page.items], page.marker)


async def list_profiles_of_role(env: Env, granted: Granted, paging: Paging) -> Page[Profile]:
    """List the instance profiles that a role is in.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> list[Entity]:
        role = await get_row(tx, granted, EntityKind.ROLE)
        return await members.of_member(tx, role.account, role.id)

    rows = await env.store.read(unit)
    page = Listing(env, granted, "ListInstanceProfilesForRole").cut(paging, rows, lambda row: row.name.lower())
    return Page([await describe(env.store.now, row) for row in page.items], page.marker)


async def delete_profile(env: Env, granted: Granted) -> None:
    """Delete an instance profile without a role.

    Raises:
        EntityNotFound, DeleteConflict

    """

    async def unit(tx: Transaction) -> None:
        row = await get_row(tx, granted, EntityKind.PROFILE)
        if await members.of_holder(tx, row.account, row.id):
            raise DeleteConflict("remove roles from instance profile")
        await forget(tx, row)
        await changed(tx, env, granted, EventKind.INSTANCE_PROFILE_DELETED, profile=row.name, path=row.path)

    await env.store.write(unit)


async def add_role(env: Env, granted: Granted, role_name: str) -> None:
    """Put a role into an instance profile, which holds one.

    Raises:
        EntityNotFound, Unmodifiable, QuotaExceeded

    """

    async def unit(tx: Transaction) -> None:
        row = await get_row(tx, granted, EntityKind.PROFILE)
        role = changeable(await get_named(tx, row.account, EntityKind.ROLE, role_name))
        if await members.of_holder(tx, row.account, row.id):
            raise QuotaExceeded("InstanceSessionsPerInstanceProfile", 1)
        await members.add(tx, row.account, row.id, role.id)
        await changed(tx, env, granted, EventKind.INSTANCE_PROFILE_FILLED, profile=row.name, role=role.name)

    await env.store.write(unit)


async def remove_role(env: Env, granted: Granted, role_name: str) -> None:
    """Take the role out of an instance profile.

    Raises:
        EntityNotFound: the profile, the role, or the role in the profile
        Unmodifiable

    """

    async def unit(tx: Transaction) -> None:
        row = await get_row(tx, granted, EntityKind.PROFILE)
        role = changeable(await get_named(tx, row.account, EntityKind.ROLE, role_name))
        if not await members.remove(tx, row.account, row.id, role.id):
            raise EntityNotFound("role", role_name)
        await changed(tx, env, granted, EventKind.INSTANCE_PROFILE_EMPTIED, profile=row.name, role=role.name)

    await env.store.write(unit)
