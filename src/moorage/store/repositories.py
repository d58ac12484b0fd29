"""Repositories; an id is never used again, so that a name made anew inherits nothing."""

import json

from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.caller import Registry
from moorage.domain.names import AccountId, Region, RepositoryName
from moorage.domain.repository import EncryptionType, MutabilityRule, Repository, RepositoryKey, TagMutability
from moorage.store.metadata import METADATA, account_key, region_key, repository_key
from moorage.store.transaction import Row, Transaction

repositories = Table(
    "repositories",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("mutability", Text, nullable=False),
    Column("exclusions", Text, nullable=False),
    Column("scan_on_push", BigInteger, nullable=False),
    Column("encryption", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("repositories_by_name", repositories.c.account_id, repositories.c.region, repositories.c.name, unique=True)

_COLUMNS = (
    repositories.c.account_id,
    repositories.c.region,
    repositories.c.repository_id,
    repositories.c.name,
    repositories.c.created_at,
    repositories.c.mutability,
    repositories.c.exclusions,
    repositories.c.scan_on_push,
    repositories.c.encryption,
    repositories.c.key_id,
)
_registry = (repositories.c.account_id == bindparam("account")) & (repositories.c.region == bindparam("home"))
_this = _registry & (repositories.c.repository_id == bindparam("id"))

_INSERT = insert(repositories).on_conflict_do_nothing()
_FIND = select(*_COLUMNS).where(_this)
_IS_THERE = select(repositories.c.repository_id).where(_this)
_BY_NAME = select(*_COLUMNS).where(_registry, repositories.c.name == bindparam("called"))
_PAGE = (
    select(*_COLUMNS)
    .where(_registry, repositories.c.name > bindparam("after"))
    .order_by(repositories.c.name)
    .limit(bindparam("count"))
)
_BEYOND = select(repositories.c.repository_id).where(_registry).limit(1).offset(bindparam("count"))
_SET_RULE = update(repositories).where(_this).values(mutability=bindparam("rule"), exclusions=bindparam("except"))
_DELETE = delete(repositories).where(_this)


async def create(tx: Transaction, repository: Repository) -> bool:
    """Keep the repository; False when the name is taken in its registry."""
    rows = await tx.run(
        _INSERT,
        account_id=repository.account,
        region=repository.region,
        repository_id=repository.id,
        name=repository.name,
        created_at=repository.created_at,
        mutability=repository.rule.mutability.value,
        exclusions=json.dumps(repository.rule.exclusions),
        scan_on_push=int(repository.scan_on_push),
        encryption=repository.encryption.value,
        key_id=repository.key_id,
    )
    return rows == 1


async def find(tx: Transaction, registry: Registry, repository_id: str) -> Repository | None:
    return await tx.known(_FIND, _made, account=registry.account, home=registry.region, id=repository_id)


async def is_there(tx: Transaction, key: RepositoryKey) -> bool:
    return await tx.known(_IS_THERE, bool, account=key.account, home=key.region, id=key.id) is not None


async def find_by_name(tx: Transaction, registry: Registry, name: RepositoryName) -> Repository | None:
    row = await tx.first(_BY_NAME, account=registry.account, home=registry.region, called=name)
    return None if row is None else _repository(*row)


async def page(tx: Transaction, registry: Registry, *, after: str, count: int) -> list[Repository]:
    """List repositories by name, after the name ``after``."""
    rows = await tx.all(_PAGE, account=registry.account, home=registry.region, after=after, count=count)
    return [_repository(*row) for row in rows]


async def has_more_than(tx: Transaction, registry: Registry, count: int) -> bool:
    return await tx.first(_BEYOND, account=registry.account, home=registry.region, count=count) is not None


async def set_rule(tx: Transaction, repository: Repository, rule: MutabilityRule) -> None:
    values = {"rule": rule.mutability.value, "except": json.dumps(rule.exclusions)}
    await tx.run(_SET_RULE, account=repository.account, home=repository.region, id=repository.id, **values)


async def delete_repository(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE, account=repository.account, home=repository.region, id=repository.id)


def _made(row: Row) -> Repository:
    return _repository(*row)


def _repository(  # noqa: PLR0913, PLR0917 - the columns, in their order
    account: str,
    region: str,
    repository_id: str,
    name: str,
    created_at: int,
    mutability: str,
    exclusions: str,
    scan_on_push: int,
    encryption: str,
    key_id: str,
) -> Repository:
    return Repository(
        account=AccountId(account),
        region=Region(region),
        id=repository_id,
        name=RepositoryName(name),
        created_at=created_at,
        rule=MutabilityRule(TagMutability(mutability), tuple(json.loads(exclusions))),
        scan_on_push=bool(scan_on_push),
        encryption=EncryptionType(encryption),
        key_id=key_id,
    )
