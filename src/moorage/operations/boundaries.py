"""Permissions boundaries of users and roles: the managed policy that says what they may at most."""

from dataclasses import replace

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import EntityNotFound
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.documents import get_document
from moorage.operations.entities import changed, get_changeable
from moorage.operations.env import Env
from moorage.store import entities
from moorage.store.transaction import Transaction


async def begin_with(tx: Transaction, row: Entity, policy_arn: str | None) -> Entity:
    """Give a new entity its boundary, where it has one.

    Raises:
        EntityNotFound: there is no such policy

    """
    if policy_arn is None:
        return row
    await get_document(tx, row.account, policy_arn)
    await entities.set_boundary(tx, row, policy_arn)
    return replace(row, boundary=policy_arn)


async def put_boundary(env: Env, granted: Granted, kind: EntityKind, policy_arn: str) -> None:
    """Bound an entity by a policy, in place of the one that bounded it.

    Raises:
        EntityNotFound: the entity or the policy
        Unmodifiable

    """

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, kind)
        await begin_with(tx, row, policy_arn)
        await changed(tx, env, granted, EventKind.BOUNDARY_PUT, policy=policy_arn, **{kind.value: row.name})

    await env.store.write(unit)


async def delete_boundary(env: Env, granted: Granted, kind: EntityKind) -> None:
    """Let an entity go unbounded.

    Raises:
        EntityNotFound: the entity, or its boundary
        Unmodifiable

    """

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, kind)
        if row.boundary is None:
            raise EntityNotFound("permissions boundary", row.name)
        await entities.set_boundary(tx, row, None)
        await changed(tx, env, granted, EventKind.BOUNDARY_DELETED, policy=row.boundary, **{kind.value: row.name})

    await env.store.write(unit)
