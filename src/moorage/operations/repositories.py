"""Repositories: create, describe, delete, and the setting of tag mutability."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moorage.domain.errors import (
    OperationNotBuilt,
    Place,
    RegistryFull,
    RepositoryAlreadyExists,
    RepositoryNotEmpty,
    RepositoryNotFound,
)
from moorage.domain.events import EventKind
from moorage.domain.names import Region, RepositoryName
from moorage.domain.repository import EncryptionType, MutabilityRule, Repository
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.pages import DEFAULT_PAGE, next_token, read_token
from moorage.operations.record import record
from moorage.store import (
    blobs,
    image_counts,
    images,
    manifests,
    references,
    referrers,
    repositories,
    repository_policies,
    resource_tags,
    tags,
    uploads,
)
from moorage.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class NewRepository:
    """What CreateRepository asks for."""

    name: RepositoryName
    rule: MutabilityRule
    scan_on_push: bool
    encryption: EncryptionType
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class RepositoryPage:
    """Some repositories, and the token for more."""

    repositories: Sequence[Repository]
    next_token: str | None


async def get_repository(tx: Transaction, granted: Granted) -> Repository:
    """Give the repository that the call named.

    Raises:
        RepositoryNotFound

    """
    repository = await repositories.find(tx, granted.registry, granted.repository_id)
    if repository is None:  # deleted since the call was granted
        raise RepositoryNotFound(granted.place)
    return repository


async def create_repository(env: Env, granted: Granted, ask: NewRepository) -> Repository:
    """Make an empty repository.

    Raises:
        RepositoryAlreadyExists, RegistryFull, OperationNotBuilt

    """
    if ask.encryption is not EncryptionType.AES256:
        raise OperationNotBuilt("KMS encryption")
    repository = Repository(
        account=granted.registry.account,
        region=Region(granted.registry.region),
        id=env.ids.repository(),
        name=ask.name,
        created_at=granted.call.at,
        rule=ask.rule,
        scan_on_push=ask.scan_on_push,
    )

    async def unit(tx: Transaction) -> Repository:
        if not await repositories.create(tx, repository):
            raise RepositoryAlreadyExists(repository.place)
        if await repositories.has_more_than(tx, granted.registry, env.quotas.repositories):
            raise RegistryFull("repositories", "registry", env.quotas.repositories)
        if ask.tags:
            await resource_tags.put(tx, repository, ask.tags)
        await record(tx, env, granted, EventKind.REPOSITORY_CREATED, repository=ask.name)
        return repository

    return await env.store.write(unit)


async def find_repositories(env: Env, granted: Granted, names: Sequence[RepositoryName]) -> Sequence[Repository]:
    """Describe the named repositories, all or none.

    Raises:
        RepositoryNotFound: of the first that is missing

    """
    found: list[Repository] = []
    for name in names:
        repository = await repositories.find_by_name(env.store.now, granted.registry, name)
        if repository is None:
            raise RepositoryNotFound(Place(name, granted.registry.account))
        found.append(repository)
    return found


async def list_repositories(
    env: Env, granted: Granted, operation: str, *, token: str | None, count: int | None
) -> RepositoryPage:
    """Describe the registry's repositories by name, a page at a time; ``operation`` is what its tokens are bound to."""
    after = read_token(env, operation, granted.registry, "", token)
    size = count or DEFAULT_PAGE
    found = await repositories.page(env.store.now, granted.registry, after=after, count=size + 1)
    page, more = found[:size], len(found) > size
    going_on = next_token(env, operation, granted.registry, "", page[-1].name) if more else None
    return RepositoryPage(page, going_on)


async def list_repositories_after(env: Env, granted: Granted, last: str, *, count: int) -> list[str]:
    """List the names of the registry's repositories behind the name ``last``, which need not be there."""
    found = await repositories.page(env.store.now, granted.registry, after=last, count=count)
    return [str(repository.name) for repository in found]


async def delete_repository(env: Env, granted: Granted, *, force: bool) -> Repository:
    """Delete a repository with everything in it; only with ``force`` when it holds images.

    Raises:
        RepositoryNotFound, RepositoryNotEmpty

    """

    async def unit(tx: Transaction) -> Repository:
        repository = await get_repository(tx, granted)
        if not force and await images.any_in(tx, repository):
            raise RepositoryNotEmpty(repository.place)
        await _empty(tx, repository, at=granted.call.at)
        await repositories.delete_repository(tx, repository)
        await record(tx, env, granted, EventKind.REPOSITORY_DELETED, repository=repository.name)
        return repository

    return await env.store.write(unit)


async def put_tag_mutability(env: Env, granted: Granted, rule: MutabilityRule) -> Repository:
    """Decide whether tags may move from now on; existing tags stay as they are."""

    async def unit(tx: Transaction) -> Repository:
        repository = await get_repository(tx, granted)
        await repositories.set_rule(tx, repository, rule)
        await record(
            tx, env, granted, EventKind.TAG_MUTABILITY_SET, repository=repository.name, mutability=rule.mutability
        )
        return repository

    return await env.store.write(unit)


async def _empty(tx: Transaction, repository: Repository, *, at: int) -> None:
    digests = await images.digests_in(tx, repository)
    await tags.delete_all(tx, repository)
    await references.delete_all(tx, repository)
    await referrers.delete_all(tx, repository)
    await images.delete_all(tx, repository)
    await image_counts.delete_count(tx, repository)
    for digest in digests:
        await manifests.delete_unused(tx, repository, digest)
    await uploads.delete_all(tx, repository)
    await blobs.unlink_all(tx, repository, at=at)
    await repository_policies.delete_policy(tx, repository)
    await resource_tags.delete_all(tx, repository)
