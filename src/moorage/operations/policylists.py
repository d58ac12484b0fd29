"""Which managed policies there are, and whom each is attached to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from moorage.domain.entities import Entity, EntityKind
from moorage.operations.authorise import Granted
from moorage.operations.documents import get_policy_row
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.managedpolicies import Policy, describe, describe_managed
from moorage.policy.managed import MANAGED
from moorage.store import attachments, entities
from moorage.store.transaction import Transaction

_ALL = 1_000_000  # an account has at most a few thousand policies


class Keeper(StrEnum):
    """Whose policies a list is about."""

    ALL = "All"
    AWS = "AWS"
    LOCAL = "Local"


class Usage(StrEnum):
    """What a policy may be used as."""

    PERMISSIONS = "PermissionsPolicy"
    BOUNDARY = "PermissionsBoundary"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which policies, or whose attachments, a list is about."""

    keeper: Keeper = Keeper.ALL
    only_attached: bool = False
    prefix: str = "/"
    usage: Usage | None = None


async def list_policies(env: Env, granted: Granted, wanted: Wanted, paging: Paging) -> Page[Policy]:
    """List policies by name, without their tags."""
    found = [one for one in await env.store.read(lambda tx: all_policies(tx, granted)) if _fits(one, wanted)]
    where = f"{wanted.keeper}{wanted.only_attached}{wanted.usage}{wanted.prefix}"
    return Listing(env, granted, "ListPolicies", where).cut(paging, found, lambda one: f"{one.name.lower()} {one.arn}")


async def all_policies(tx: Transaction, granted: Granted) -> Sequence[Policy]:
    """Give the account's policies and AWS's."""
    account = granted.registry.account
    rows = await entities.page(tx, account, EntityKind.POLICY, after="", count=_ALL)
    own = [await describe(tx, row) for row in rows]
    managed = [await describe_managed(tx, account, policy) for policy in MANAGED.values()]
    return sorted((*own, *managed), key=lambda one: f"{one.name.lower()} {one.arn}")


def _fits(policy: Policy, wanted: Wanted) -> bool:
    used = {
        None: policy.attached + policy.bounds,
        Usage.PERMISSIONS: policy.attached,
        Usage.BOUNDARY: policy.bounds,
    }[wanted.usage]
    keepers = {Keeper.ALL, Keeper.AWS if policy.arn in MANAGED else Keeper.LOCAL}
    attached = used > 0 or not (wanted.only_attached or wanted.usage)
    return wanted.keeper in keepers and attached and policy.path.startswith(wanted.prefix)


async def list_entities(  # noqa: PLR0913, PLR0917 - whose, which, and how many
    env: Env, granted: Granted, arn: str, kind: EntityKind | None, wanted: Wanted, paging: Paging
) -> Page[Entity]:
    """List whom a policy is attached to, or whom it bounds.

    Raises:
        PolicyNotFound

    """
    account = granted.registry.account

    async def unit(tx: Transaction) -> Sequence[Entity]:
        if arn not in MANAGED:
            await get_policy_row(tx, account, arn)
        if wanted.usage is Usage.BOUNDARY:
            return await entities.bounded_by(tx, account, arn)
        return await attachments.holders(tx, account, arn)

    found = [
        row for row in await env.store.read(unit) if kind in {None, row.kind} and row.path.startswith(wanted.prefix)
    ]
    found.sort(key=_mark)
    where = f"{arn}{kind}{wanted.usage}{wanted.prefix}"
    return Listing(env, granted, "ListEntitiesForPolicy", where).cut(paging, found, _mark)


def _mark(row: Entity) -> str:
    return f"{row.kind.value} {row.name.lower()}"
