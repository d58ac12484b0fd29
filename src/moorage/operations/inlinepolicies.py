"""Inline policies of users, groups and roles: put, get, list, delete."""

from collections.abc import Mapping

from moorage.domain.entities import EntityKind
from moorage.domain.errors import EntityNotFound, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.entities import changed, get_changeable, get_row
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.policy.document import parse
from moorage.policy.elements import PolicyKind
from moorage.store import inline_policies
from moorage.store.transaction import Transaction

# Characters of all inline policies of one entity, white space not counted.
LIMITS: Mapping[EntityKind, int] = {EntityKind.USER: 2_048, EntityKind.GROUP: 5_120, EntityKind.ROLE: 10_240}


class PolicySizeExceeded(QuotaExceeded):
    """All inline policies of an entity together would be too long; ``str()`` is IAM's own sentence."""

    def __init__(self, kind: EntityKind, name: str) -> None:
        super().__init__("the size of inline policies", LIMITS[kind])
        self.kind, self.name = kind, name

    def __str__(self) -> str:
        return f"Maximum policy size of {self.limit} bytes exceeded for {self.kind.word} {self.name}"


async def put_policy(env: Env, granted: Granted, kind: EntityKind, name: str, document: str) -> None:
    """Keep a policy under its name, in place of the one that was there.

    Raises:
        EntityNotFound, Unmodifiable, PolicySizeExceeded
        MalformedPolicy: the document cannot be read, or asks for something that is not evaluated

    """
    await get_changeable(env.store.now, granted, kind)  # a missing user is told before anything about the policy
    parse(document, PolicyKind.IDENTITY)

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, kind)
        kept = dict(await inline_policies.of_entity(tx, row.account, row.id))
        kept[name] = document
        if sum(map(size_of, kept.values())) > LIMITS[kind]:
            raise PolicySizeExceeded(kind, row.name)
        await inline_policies.put(tx, row.account, row.id, name, document)
        await changed(tx, env, granted, EventKind.INLINE_POLICY_PUT, policy=name, **{kind.value: row.name})

    await env.store.write(unit)


async def get_policy(env: Env, granted: Granted, kind: EntityKind, name: str) -> str:
    """Give a policy's document as it was put.

    Raises:
        EntityNotFound

    """
    document = dict(await _of_entity(env, granted, kind)).get(name)
    if document is None:
        raise EntityNotFound(f"{kind.word} policy", name)
    return document


async def list_policies(env: Env, granted: Granted, kind: EntityKind, paging: Paging) -> Page[str]:
    """List the names of an entity's policies.

    Raises:
        EntityNotFound

    """
    names = [name for name, _ in await _of_entity(env, granted, kind)]
    return Listing(env, granted, f"{kind.word} policies").cut(paging, names, lambda name: name)


async def delete_policy(env: Env, granted: Granted, kind: EntityKind, name: str) -> None:
    """Delete a policy.

    Raises:
        EntityNotFound, Unmodifiable

    """

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, kind)
        if not await inline_policies.delete_policy(tx, row.account, row.id, name):
            raise EntityNotFound(f"{kind.word} policy", name)
        await changed(tx, env, granted, EventKind.INLINE_POLICY_DELETED, policy=name, **{kind.value: row.name})

    await env.store.write(unit)


async def _of_entity(env: Env, granted: Granted, kind: EntityKind) -> list[tuple[str, str]]:
    async def unit(tx: Transaction) -> list[tuple[str, str]]:
        row = await get_row(tx, granted, kind)
        return await inline_policies.of_entity(tx, row.account, row.id)

    return await env.store.read(unit)


def size_of(document: str) -> int:
    """Count a document as IAM's quotas do."""
    return len("".join(document.split()))
