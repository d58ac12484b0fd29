"""Managed policies on users, groups and roles: attach, detach, list."""

from dataclasses import dataclass

from moorage.domain.entities import EntityKind
from moorage.domain.errors import EntityNotFound, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.domain.identityfacts import PolicyNotAttachable
from moorage.operations.authorise import Granted
from moorage.operations.documents import get_document
from moorage.operations.entities import changed, get_changeable, get_row
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.policy.managed import FOR_SERVICES, MANAGED
from moorage.store import attachments
from moorage.store.transaction import Transaction

LIMIT = 10  # managed policies on one entity


@dataclass(frozen=True, slots=True)
class Attachment:
    """A managed policy as the list of an entity's policies shows it."""

    arn: str

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def path(self) -> str:
        return "/" + self.arn.partition("/")[2].removesuffix(self.name)


async def attach(env: Env, granted: Granted, kind: EntityKind, policy_arn: str) -> None:
    """Attach a policy; one that is attached stays so.

    Raises:
        EntityNotFound: the entity or the policy
        Unmodifiable, PolicyNotAttachable, QuotaExceeded

    """

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, kind)
        await get_document(tx, row.account, policy_arn)
        if policy_arn in MANAGED and MANAGED[policy_arn].path == FOR_SERVICES:
            raise PolicyNotAttachable(f"Policy {policy_arn} is not attachable.")
        await attachments.attach(tx, row.account, row.id, policy_arn)
        if len(await attachments.of_entity(tx, row.account, row.id)) > LIMIT:
            raise QuotaExceeded(f"PoliciesPer{kind.value.capitalize()}", LIMIT)
        await changed(tx, env, granted, EventKind.POLICY_ATTACHED, policy=policy_arn, **{kind.value: row.name})

    await env.store.write(unit)


async def detach(env: Env, granted: Granted, kind: EntityKind, policy_arn: str) -> None:
    """Detach a policy.

    Raises:
        EntityNotFound: the entity, or the policy on it
        Unmodifiable

    """

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, kind)
        if not await attachments.detach(tx, row.account, row.id, policy_arn):
            raise AttachmentNotFound(policy_arn)
        await changed(tx, env, granted, EventKind.POLICY_DETACHED, policy=policy_arn, **{kind.value: row.name})

    await env.store.write(unit)


async def list_attached(env: Env, granted: Granted, kind: EntityKind, prefix: str, paging: Paging) -> Page[Attachment]:
    """List the managed policies of an entity, those whose path begins with ``prefix``.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> list[str]:
        row = await get_row(tx, granted, kind)
        return await attachments.of_entity(tx, row.account, row.id)

    found = [Attachment(arn) for arn in await env.store.read(unit)]
    listing = Listing(env, granted, f"policies of {kind.word}", prefix)
    return listing.cut(paging, [one for one in found if one.path.startswith(prefix)], lambda one: one.arn)


class AttachmentNotFound(EntityNotFound):
    """A policy that was to be detached is not attached."""

    def __init__(self, arn: str) -> None:
        super().__init__("policy", arn)

    def __str__(self) -> str:
        return f"Policy {self.name} was not found."
