"""Managed policies: an account's own with their versions, and AWS's, which nobody changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import DeleteConflict, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.domain.identityfacts import InvalidInput, VersionNotFound
from moorage.domain.names import AccountId
from moorage.operations.authorise import Granted
from moorage.operations.documents import get_policy_row, is_of_aws
from moorage.operations.entities import Tags, add, changed, forget, new_row
from moorage.operations.env import Env
from moorage.operations.inlinepolicies import size_of
from moorage.policy.document import parse
from moorage.policy.elements import PolicyKind
from moorage.policy.managed import FOR_SERVICES, MANAGED, ManagedPolicy
from moorage.store import attachments, entities, entity_tags, managed_policies
from moorage.store.managed_policies import ManagedRow, VersionRow
from moorage.store.transaction import Transaction

SIZE_LIMIT = 6_144  # characters of a document, white space not counted
VERSIONS_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """A managed policy as it is shown; times in microseconds."""

    id: str
    name: str
    path: str
    arn: str
    default: int
    attached: int
    bounds: int
    attachable: bool
    description: str | None
    created_at: int
    updated_at: int
    tags: Tags


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a managed policy."""

    number: int
    document: str
    is_default: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class NewPolicy:
    """What a managed policy is born with."""

    name: str
    path: str
    document: str
    description: str | None
    tags: Tags


async def create_policy(env: Env, granted: Granted, new: NewPolicy) -> Policy:
    """Keep a policy that is attached to nobody yet.

    Raises:
        EntityAlreadyExists, MalformedPolicy, QuotaExceeded

    """
    read_document(new.document)
    row = new_row(env, granted, EntityKind.POLICY, new.name, new.path)

    async def unit(tx: Transaction) -> Policy:
        await add(tx, row, new.tags)
        own = ManagedRow(new.description, granted.call.at, 1, 1)
        await managed_policies.create(tx, row.account, row.id, own, new.document)
        await changed(tx, env, granted, EventKind.MANAGED_POLICY_CREATED, policy=row.arn)
        return await describe(tx, row, with_tags=True)

    return await env.store.write(unit)


def read_document(document: str) -> None:
    """Judge the document of a managed policy.

    Raises:
        MalformedPolicy, QuotaExceeded

    """
    parse(document, PolicyKind.IDENTITY)
    if size_of(document) > SIZE_LIMIT:
        raise QuotaExceeded("PolicySize", SIZE_LIMIT)


async def get_policy(env: Env, granted: Granted, arn: str) -> Policy:
    """Describe a policy, the account's or AWS's.

    Raises:
        PolicyNotFound

    """
    account = granted.registry.account

    async def unit(tx: Transaction) -> Policy:
        if arn in MANAGED:
            return await describe_managed(tx, account, MANAGED[arn])
        return await describe(tx, await get_policy_row(tx, account, arn), with_tags=True)

    return await env.store.read(unit)


async def describe(tx: Transaction, row: Entity, *, with_tags: bool = False) -> Policy:
    """Describe a policy of the account."""
    own = await own_of(tx, row)
    return Policy(
        id=row.id,
        name=row.name,
        path=row.path,
        arn=row.arn,
        default=own.default,
        attached=await attachments.count_of(tx, row.account, row.arn),
        bounds=len(await entities.bounded_by(tx, row.account, row.arn)),
        attachable=True,
        description=own.description,
        created_at=row.created_at,
        updated_at=own.updated_at,
        tags=await entity_tags.of_entity(tx, row.account, row.id) if with_tags else {},
    )


async def describe_managed(tx: Transaction, account: AccountId, policy: ManagedPolicy) -> Policy:
    """Describe a policy of AWS as this account uses it."""
    return Policy(
        id=policy.id,
        name=policy.name,
        path=policy.path,
        arn=policy.arn,
        default=policy.version,
        attached=await attachments.count_of(tx, account, policy.arn),
        bounds=len(await entities.bounded_by(tx, account, policy.arn)),
        attachable=policy.path != FOR_SERVICES,
        description=policy.description,
        created_at=policy.created_at,
        updated_at=policy.created_at,
        tags={},
    )


async def own_of(tx: Transaction, row: Entity) -> ManagedRow:
    """Give what only managed policies have."""
    own = await managed_policies.find(tx, row.account, row.id)
    if own is None:
        sentence = f"policy {row.id} lacks its row"
        raise RuntimeError(sentence)
    return own


async def delete_policy(env: Env, granted: Granted, arn: str) -> None:
    """Delete a policy that is attached to nobody and has its default version alone.

    Raises:
        PolicyNotFound, DeleteConflict, InvalidInput

    """

    async def unit(tx: Transaction) -> None:
        row = await _get_own(tx, granted, arn)
        bounded = await entities.bounded_by(tx, row.account, arn)
        if bounded or await attachments.count_of(tx, row.account, arn):
            raise PolicyInUse("Cannot delete a policy attached to entities.")
        if len(await managed_policies.versions(tx, row.account, row.id)) > 1:
            raise PolicyInUse(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        await managed_policies.delete_policy(tx, row.account, row.id)
        await forget(tx, row)
        await changed(tx, env, granted, EventKind.MANAGED_POLICY_DELETED, policy=arn)

    await env.store.write(unit)


class PolicyInUse(DeleteConflict):
    """A policy, or its version, is needed."""

    def __init__(self, sentence: str) -> None:
        super().__init__("detach the policy")
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


async def create_version(env: Env, granted: Granted, arn: str, document: str, *, as_default: bool) -> Version:
    """Keep a further version of a policy.

    Raises:
        PolicyNotFound, MalformedPolicy, QuotaExceeded, InvalidInput

    """
    await _get_own(env.store.now, granted, arn)
    read_document(document)

    async def unit(tx: Transaction) -> Version:
        row = await _get_own(tx, granted, arn)
        own = await own_of(tx, row)
        if len(await managed_policies.versions(tx, row.account, row.id)) >= VERSIONS_LIMIT:
            raise VersionsExceeded
        number, at = own.newest + 1, granted.call.at
        await managed_policies.add_version(tx, row.account, row.id, VersionRow(number, document, at))
        moved = replace(own, newest=number, default=number if as_default else own.default, updated_at=at)
        await managed_policies.move(tx, row.account, row.id, moved)
        await changed(tx, env, granted, EventKind.POLICY_VERSION_CREATED, policy=arn, version=number)
        return Version(number, document, as_default, at)

    return await env.store.write(unit)


class VersionsExceeded(QuotaExceeded):
    """A policy keeps a few versions only."""

    def __init__(self) -> None:
        super().__init__("VersionsPerPolicy", VERSIONS_LIMIT)

    def __str__(self) -> str:
        return (
            f"A managed policy can have up to {VERSIONS_LIMIT} versions. Before you create a new version, you must "
            "delete an existing version."
        )


async def list_versions(env: Env, granted: Granted, arn: str) -> Sequence[Version]:
    """List the versions of a policy, the newest first; of AWS's policies the one that is in force.

    Raises:
        PolicyNotFound

    """

    async def unit(tx: Transaction) -> Sequence[Version]:
        if arn in MANAGED:
            policy = MANAGED[arn]
            return (Version(policy.version, policy.document, True, policy.created_at),)
        return await versions_of(tx, await get_policy_row(tx, granted.registry.account, arn))

    return await env.store.read(unit)


async def versions_of(tx: Transaction, row: Entity) -> Sequence[Version]:
    own = await own_of(tx, row)
    return [
        Version(one.number, one.document, one.number == own.default, one.created_at)
        for one in await managed_policies.versions(tx, row.account, row.id)
    ]


async def get_version(env: Env, granted: Granted, arn: str, version: str) -> Version:
    """Give one version of a policy.

    Raises:
        PolicyNotFound, VersionNotFound

    """
    return _pick(await list_versions(env, granted, arn), arn, version)


async def set_default(env: Env, granted: Granted, arn: str, version: str) -> None:
    """Put a version in force.

    Raises:
        PolicyNotFound, VersionNotFound, InvalidInput

    """

    async def unit(tx: Transaction) -> None:
        row = await _get_own(tx, granted, arn)
        number = _pick(await versions_of(tx, row), arn, version).number
        own = replace(await own_of(tx, row), default=number, updated_at=granted.call.at)
        await managed_policies.move(tx, row.account, row.id, own)
        await changed(tx, env, granted, EventKind.DEFAULT_VERSION_SET, policy=arn, version=number)

    await env.store.write(unit)


async def delete_version(env: Env, granted: Granted, arn: str, version: str) -> None:
    """Delete a version that is not in force.

    Raises:
        PolicyNotFound, VersionNotFound, DeleteConflict, InvalidInput

    """

    async def unit(tx: Transaction) -> None:
        row = await _get_own(tx, granted, arn)
        found = _pick(await versions_of(tx, row), arn, version)
        if found.is_default:
            raise PolicyInUse("Cannot delete the default version of a policy.")
        await managed_policies.delete_version(tx, row.account, row.id, found.number)
        await changed(tx, env, granted, EventKind.POLICY_VERSION_DELETED, policy=arn, version=found.number)

    await env.store.write(unit)


def _pick(versions: Sequence[Version], arn: str, version: str) -> Version:
    for one in versions:
        if f"v{one.number}" == version:
            return one
    raise VersionNotFound(arn, version)


async def _get_own(tx: Transaction, granted: Granted, arn: str) -> Entity:
    if is_of_aws(arn):
        raise InvalidInput(f"Cannot change the policy {arn}: it is managed by AWS.")
    return await get_policy_row(tx, granted.registry.account, arn)
