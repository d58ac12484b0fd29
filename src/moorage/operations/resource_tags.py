"""The resource tags of a repository: set, remove, list. They take effect on the next request's policies."""

from collections.abc import Mapping

from moorage.domain.events import EventKind
from moorage.domain.resourcetag import merged
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.store import accounts, resource_tags
from moorage.store.transaction import Transaction


async def tag_resource(env: Env, granted: Granted, more: Mapping[str, str]) -> None:
    """Add tags, or give those that are there other values.

    Raises:
        RepositoryNotFound, InvalidResourceTag, TooManyResourceTags

    """

    async def unit(tx: Transaction) -> None:
        repository = await get_repository(tx, granted)
        await resource_tags.put(tx, repository, merged(await resource_tags.find(tx, repository), more))
        await accounts.bump(tx, repository.account)
        await record(tx, env, granted, EventKind.RESOURCE_TAGGED, repository=repository.name, keys=", ".join(more))

    await env.store.write(unit)


async def untag_resource(env: Env, granted: Granted, keys: tuple[str, ...]) -> None:
    """Remove the tags of these keys; a key that is not there is none the less gone.

    Raises:
        RepositoryNotFound

    """

    async def unit(tx: Transaction) -> None:
        repository = await get_repository(tx, granted)
        kept = await resource_tags.find(tx, repository)
        await resource_tags.put(tx, repository, {key: value for key, value in kept.items() if key not in keys})
        await accounts.bump(tx, repository.account)
        await record(tx, env, granted, EventKind.RESOURCE_UNTAGGED, repository=repository.name, keys=", ".join(keys))

    await env.store.write(unit)


async def list_tags(env: Env, granted: Granted) -> Mapping[str, str]:
    """List the tags.

    Raises:
        RepositoryNotFound

    """
    return await resource_tags.find(env.store.now, granted.key)
