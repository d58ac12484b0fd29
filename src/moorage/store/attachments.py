"""Which managed policies are attached to which users, groups and roles; AWS's own policies among them, by ARN."""

from sqlalchemy import Index, Table, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.entities import Entity
from moorage.domain.names import AccountId
from moorage.store.entities import COLUMNS, entities, read
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

attachments = Table(
    "attachments",
    METADATA,
    account_key(),
    text_key("entity_id"),
    text_key("policy_arn"),
    sqlite_with_rowid=False,
)
Index("attachments_by_policy", attachments.c.account_id, attachments.c.policy_arn)

_owned = (attachments.c.account_id == bindparam("account")) & (attachments.c.entity_id == bindparam("entity"))
_with_policy = (attachments.c.account_id == bindparam("account")) & (attachments.c.policy_arn == bindparam("policy"))
_INSERT = insert(attachments).on_conflict_do_nothing()
_OF_ENTITY = select(attachments.c.policy_arn).where(_owned).order_by(attachments.c.policy_arn)
_HOLDERS = (
    select(*COLUMNS)
    .select_from(
        attachments.join(
            entities,
            (entities.c.account_id == attachments.c.account_id) & (entities.c.entity_id == attachments.c.entity_id),
        )
    )
    .where(_with_policy)
    .order_by(entities.c.kind, entities.c.name_key)
)
_COUNT = select(func.count()).select_from(attachments).where(_with_policy)
_DELETE = delete(attachments).where(_owned, attachments.c.policy_arn == bindparam("policy"))


async def attach(tx: Transaction, account: AccountId, entity_id: str, policy_arn: str) -> bool:
    """Attach the policy; False when it was attached already."""
    return await tx.run(_INSERT, account_id=account, entity_id=entity_id, policy_arn=policy_arn) == 1


async def of_entity(tx: Transaction, account: AccountId, entity_id: str) -> list[str]:
    return [row[0] for row in await tx.all(_OF_ENTITY, account=account, entity=entity_id)]


async def holders(tx: Transaction, account: AccountId, policy_arn: str) -> list[Entity]:
    """List to whom a policy is attached."""
    return [read(*row) for row in await tx.all(_HOLDERS, account=account, policy=policy_arn)]


async def count_of(tx: Transaction, account: AccountId, policy_arn: str) -> int:
    row = await tx.first(_COUNT, account=account, policy=policy_arn)
    return int(row[0]) if row else 0


async def detach(tx: Transaction, account: AccountId, entity_id: str, policy_arn: str) -> bool:
    return await tx.run(_DELETE, account=account, entity=entity_id, policy=policy_arn) == 1
