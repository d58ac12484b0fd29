"""All that is attached to a repository and to its registry, as far as a decision looks at it, in one statement."""

from dataclasses import dataclass

from sqlalchemy import select

from moorage.domain.caller import Registry
from moorage.store import registry_policies, repository_policies, resource_tags
from moorage.store.transaction import Transaction

_FIND = select(
    repository_policies.deciding.scalar_subquery().label("own"),
    registry_policies.deciding.scalar_subquery().label("registry"),
    resource_tags.of_repository.scalar_subquery().label("tags"),
)


@dataclass(frozen=True, slots=True)
class AttachedRow:
    """The policies to decide by, and the tags as JSON; None for each that there is not."""

    own: str | None
    registry: str | None
    tags: str | None


async def find(tx: Transaction, registry: Registry, repository_id: str) -> AttachedRow:
    row = await tx.first(_FIND, account=registry.account, home=registry.region, repository=repository_id)
    return AttachedRow(*row) if row else AttachedRow(None, None, None)
