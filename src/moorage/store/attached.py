"""All that is attached to a repository and to its registry, as far as a decision looks at it, in one statement."""

from dataclasses import dataclass

from sqlalchemy import select

from moorage.domain.account_setting import AccountSetting
from moorage.domain.caller import Registry
from moorage.store import account_settings, registry_policies, repository_policies, resource_tags
from moorage.store.transaction import Transaction

_FIND = select(
    repository_policies.deciding.scalar_subquery().label("own"),
    registry_policies.deciding.scalar_subquery().label("registry"),
    resource_tags.of_repository.scalar_subquery().label("tags"),
    account_settings.chosen.scalar_subquery().label("scope"),
)


@dataclass(frozen=True, slots=True)
class AttachedRow:
    """What decisions look at: the policies, the tags as JSON, and the registry policy's scope, each None if not set."""

    own: str | None
    registry: str | None
    tags: str | None
    scope: str | None


async def find(tx: Transaction, registry: Registry, repository_id: str) -> AttachedRow:
    row = await tx.first(
        _FIND,
        account=registry.account,
        home=registry.region,
        repository=repository_id,
        called=AccountSetting.REGISTRY_POLICY_SCOPE.value,
    )
    return AttachedRow(*row) if row else AttachedRow(None, None, None, None)
