"""What IAM keeps by name: users, groups, roles, managed policies, instance profiles.

Names are unique in their account and kind whatever their case. ``boundary`` is the ARN of a permissions boundary.
"""

from sqlalchemy import BigInteger, Column, Index, Table, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

entities = Table(
    "entities",
    METADATA,
    account_key(),
    text_key("entity_id"),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("boundary", Text, nullable=True),
    sqlite_with_rowid=False,
)
Index("entities_by_name", entities.c.account_id, entities.c.kind, entities.c.name_key, unique=True)
Index("entities_by_boundary", entities.c.account_id, entities.c.boundary)


COLUMNS = (
    entities.c.account_id,
    entities.c.entity_id,
    entities.c.kind,
    entities.c.name,
    entities.c.path,
    entities.c.created_at,
    entities.c.boundary,
)
_of_kind = (entities.c.account_id == bindparam("account")) & (entities.c.kind == bindparam("sort"))
_this = (entities.c.account_id == bindparam("account")) & (entities.c.entity_id == bindparam("id"))
_INSERT = insert(entities).on_conflict_do_nothing()
_BY_NAME = select(*COLUMNS).where(_of_kind, entities.c.name_key == bindparam("key"))
_BY_ID = select(*COLUMNS).where(_this)
_PAGE = (
    select(*COLUMNS)
    .where(_of_kind, entities.c.name_key > bindparam("after"))
    .order_by(entities.c.name_key)
    .limit(bindparam("count"))
)
_COUNT = select(func.count()).select_from(entities).where(_of_kind)
_BOUNDED = (
    select(*COLUMNS)
    .where(entities.c.account_id == bindparam("account"), entities.c.boundary == bindparam("policy"))
    .order_by(entities.c.kind, entities.c.name_key)
)
_RENAME = (
    update(entities).where(_this).values(name=bindparam("title"), name_key=bindparam("key"), path=bindparam("place"))
)
_SET_BOUNDARY = update(entities).where(_this).values(boundary=bindparam("policy"))
_DELETE = delete(entities).where(_this)


async def create(tx: Transaction, row: Entity) -> bool:
    """Keep the entity; False when its name is taken."""
    rows = await tx.run(
        _INSERT,
        account_id=row.account,
        entity_id=row.id,
        kind=row.kind.value,
        name=row.name,
        name_key=row.name.lower(),
        path=row.path,
        created_at=row.created_at,
        boundary=row.boundary,
    )
    return rows == 1


async def find(tx: Transaction, account: AccountId, kind: EntityKind, name: str) -> Entity | None:
    row = await tx.first(_BY_NAME, account=account, sort=kind.value, key=name.lower())
    return None if row is None else read(*row)


async def find_by_id(tx: Transaction, account: AccountId, entity_id: str) -> Entity | None:
    row = await tx.first(_BY_ID, account=account, id=entity_id)
    return None if row is None else read(*row)


async def page(tx: Transaction, account: AccountId, kind: EntityKind, *, after: str, count: int) -> list[Entity]:
    """List entities of a kind by name, case set aside, after the name ``after``."""
    rows = await tx.all(_PAGE, account=account, sort=kind.value, after=after.lower(), count=count)
    return [read(*row) for row in rows]


async def count_of(tx: Transaction, account: AccountId, kind: EntityKind) -> int:
    row = await tx.first(_COUNT, account=account, sort=kind.value)
    return int(row[0]) if row else 0


async def bounded_by(tx: Transaction, account: AccountId, policy_arn: str) -> list[Entity]:
    """List whose permissions boundary a policy is."""
    return [read(*row) for row in await tx.all(_BOUNDED, account=account, policy=policy_arn)]


async def rename(tx: Transaction, row: Entity, *, name: str, path: str) -> None:
    """Give the entity another name and path, which the caller has seen to be free."""
    await tx.run(_RENAME, account=row.account, id=row.id, title=name, key=name.lower(), place=path)


async def set_boundary(tx: Transaction, row: Entity, policy_arn: str | None) -> None:
    await tx.run(_SET_BOUNDARY, account=row.account, id=row.id, policy=policy_arn)


async def delete_entity(tx: Transaction, row: Entity) -> None:
    await tx.run(_DELETE, account=row.account, id=row.id)


def read(  # noqa: PLR0913, PLR0917 - the columns, in their order
    account: str, entity_id: str, kind: str, name: str, path: str, created_at: int, boundary: str | None
) -> Entity:
    """Read the columns ``COLUMNS``."""
    return Entity(AccountId(account), entity_id, EntityKind(kind), name, path, created_at, boundary)
