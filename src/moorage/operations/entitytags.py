"""Resource tags of users, roles, managed policies, instance profiles and OIDC providers."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from moorage.domain.entities import EntityKind
from moorage.domain.errors import QuotaExceeded
from moorage.domain.events import EventKind
from moorage.domain.identityfacts import InvalidInput
from moorage.operations.authorise import Granted
from moorage.operations.documents import get_policy_row, is_of_aws
from moorage.operations.entities import Tags, changed, get_row
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.store import entity_tags
from moorage.store.transaction import Transaction

LIMIT = 50
# Finds the id that tags hang on, of whatever the call was granted on.
Find = Callable[[Transaction, Granted], Awaitable[str]]


def of(kind: EntityKind) -> Find:
    """Find entities of a kind."""

    async def find(tx: Transaction, granted: Granted) -> str:
        return (await get_row(tx, granted, kind)).id

    return find


async def of_policy(tx: Transaction, granted: Granted) -> str:
    """Find a managed policy of the account, on whose ARN the call was granted."""
    if is_of_aws(granted.name):
        raise InvalidInput(f"Cannot change the policy {granted.name}: it is managed by AWS.")
    return (await get_policy_row(tx, granted.registry.account, granted.name)).id


def read_tags(given: Sequence[tuple[str, str]]) -> Tags:
    """Judge tags that something is born with, or is to have.

    Raises:
        InvalidInput

    """
    tags = dict(given)
    if len({name.lower() for name, _ in given}) != len(given):
        raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for name in tags:
        if name.lower().startswith("aws:"):
            raise InvalidInput(f"Tag key {name} cannot begin with aws:, which is reserved.")
    return tags


async def tag(env: Env, granted: Granted, find: Find, tags: Tags) -> None:
    """Add tags; a key that is there gets the new value.

    Raises:
        EntityNotFound, QuotaExceeded

    """

    async def unit(tx: Transaction) -> None:
        entity, account = await find(tx, granted), granted.registry.account
        await entity_tags.put(tx, account, entity, tags)
        if len(await entity_tags.of_entity(tx, account, entity)) > LIMIT:
            raise QuotaExceeded("TagsPerResource", LIMIT)
        await changed(tx, env, granted, EventKind.ENTITY_TAGGED, entity=entity)

    await env.store.write(unit)


async def untag(env: Env, granted: Granted, find: Find, names: Sequence[str]) -> None:
    """Take tags away, those that are there.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> None:
        entity = await find(tx, granted)
        for name in names:
            await entity_tags.delete_tag(tx, granted.registry.account, entity, name)
        await changed(tx, env, granted, EventKind.ENTITY_UNTAGGED, entity=entity)

    await env.store.write(unit)


async def list_tags(env: Env, granted: Granted, find: Find, paging: Paging) -> Page[tuple[str, str]]:
    """List tags by key.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> Mapping[str, str]:
        return await entity_tags.of_entity(tx, granted.registry.account, await find(tx, granted))

    tags = list((await env.store.read(unit)).items())
    return Listing(env, granted, "tags").cut(paging, tags, lambda item: item[0].lower())
