"""Who belongs to whom: users to groups, and the one role of an instance profile to it."""

from sqlalchemy import Index, Table, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.entities import Entity
from moorage.domain.names import AccountId
from moorage.store.entities import COLUMNS, entities, read
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

members = Table(
    "members",
    METADATA,
    account_key(),
    text_key("holder_id"),
    text_key("member_id"),
    sqlite_with_rowid=False,
)
Index("members_by_member", members.c.account_id, members.c.member_id)

_held = (members.c.account_id == bindparam("account")) & (members.c.holder_id == bindparam("holder"))
_belongs = (members.c.account_id == bindparam("account")) & (members.c.member_id == bindparam("member"))
_same_account = entities.c.account_id == members.c.account_id
_INSERT = insert(members).on_conflict_do_nothing()
_OF_HOLDER = (
    select(*COLUMNS)
    .select_from(members.join(entities, _same_account & (entities.c.entity_id == members.c.member_id)))
    .where(_held)
    .order_by(entities.c.name_key)
)
_OF_MEMBER = (
    select(*COLUMNS)
    .select_from(members.join(entities, _same_account & (entities.c.entity_id == members.c.holder_id)))
    .where(_belongs)
    .order_by(entities.c.name_key)
)
_DELETE = delete(members).where(_held, members.c.member_id == bindparam("member"))


async def add(tx: Transaction, account: AccountId, holder_id: str, member_id: str) -> None:
    """Add the member, who may be one already."""
    await tx.run(_INSERT, account_id=account, holder_id=holder_id, member_id=member_id)


async def of_holder(tx: Transaction, account: AccountId, holder_id: str) -> list[Entity]:
    """List the users of a group, or the role of an instance profile."""
    return [read(*row) for row in await tx.all(_OF_HOLDER, account=account, holder=holder_id)]


async def of_member(tx: Transaction, account: AccountId, member_id: str) -> list[Entity]:
    """List the groups of a user, or the instance profiles of a role."""
    return [read(*row) for row in await tx.all(_OF_MEMBER, account=account, member=member_id)]


async def remove(tx: Transaction, account: AccountId, holder_id: str, member_id: str) -> bool:
    return await tx.run(_DELETE, account=account, holder=holder_id, member=member_id) == 1
