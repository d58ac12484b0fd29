"""The documents of managed policies by ARN, whoever keeps them: the account, or AWS."""

from moorage.domain.entities import AWS, Entity, EntityKind, entity_arn
from moorage.domain.identityfacts import PolicyNotFound
from moorage.domain.names import AccountId
from moorage.policy.managed import MANAGED
from moorage.store import entities, managed_policies
from moorage.store.transaction import Transaction


async def find_policy(tx: Transaction, account: AccountId, arn: str) -> Entity | None:
    """Find a managed policy of the account by its ARN, path and case included."""
    row = await entities.find(tx, account, EntityKind.POLICY, arn.rpartition("/")[2])
    return row if row is not None and row.arn == arn else None


async def get_policy_row(tx: Transaction, account: AccountId, arn: str) -> Entity:
    """Give a managed policy of the account.

    Raises:
        PolicyNotFound

    """
    row = await find_policy(tx, account, arn)
    if row is None:
        raise PolicyNotFound(arn)
    return row


async def get_document(tx: Transaction, account: AccountId, arn: str) -> str:
    """Give the default version of a managed policy, the account's own or AWS's.

    Raises:
        PolicyNotFound

    """
    document = await find_document(tx, account, arn)
    if document is None:
        raise PolicyNotFound(arn)
    return document


async def find_document(tx: Transaction, account: AccountId, arn: str) -> str | None:
    if arn in MANAGED:
        return MANAGED[arn].document
    row = await find_policy(tx, account, arn)
    return None if row is None else await managed_policies.default_document(tx, account, row.id)


def is_of_aws(arn: str) -> bool:
    return arn.startswith(entity_arn(AWS, EntityKind.POLICY, "/", ""))
