"""What an account holds of IAM: numbers, everything in detail, and its alias."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import EntityAlreadyExists, EntityNotFound
from moorage.domain.events import EventKind
from moorage.operations import accesskeys, attachments, groups, inlinepolicies, managedpolicies
from moorage.operations.attachments import Attachment
from moorage.operations.authorise import Granted
from moorage.operations.entities import Tags, changed
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.managedpolicies import Policy, Version
from moorage.operations.policylists import all_policies
from moorage.operations.profiles import Profile
from moorage.operations.profiles import describe as describe_profile
from moorage.operations.roles import Role, own_of
from moorage.policy.managed import MANAGED
from moorage.store import access_keys, aliases, entities, entity_tags, inline_policies, members, oidc_providers
from moorage.store import attachments as attached
from moorage.store.access_keys import ROOT
from moorage.store.transaction import Transaction

_ALL = 1_000_000
LOCAL, AWS_MANAGED = "LocalManagedPolicy", "AWSManagedPolicy"
_ORDER = (EntityKind.USER, EntityKind.GROUP, EntityKind.ROLE)


@dataclass(frozen=True, slots=True)
class Detail:
    """A user, group or role with all that hangs on it."""

    row: Entity
    inline: Sequence[tuple[str, str]]
    attached: Sequence[Attachment]
    tags: Tags
    groups: Sequence[str] = ()
    role: Role | None = None
    profiles: Sequence[Profile] = ()


@dataclass(frozen=True, slots=True)
class PolicyDetail:
    """A managed policy with its versions."""

    policy: Policy
    versions: Sequence[Version] = field(default_factory=tuple)


async def summarise(env: Env, granted: Granted) -> Mapping[str, int]:
    """Count what there is, and tell the limits."""
    account = granted.registry.account

    async def unit(tx: Transaction) -> Mapping[str, int]:
        counts = {kind: await entities.count_of(tx, account, kind) for kind in EntityKind}
        return {
            "Users": counts[EntityKind.USER],
            "Groups": counts[EntityKind.GROUP],
            "Roles": counts[EntityKind.ROLE],
            "Policies": counts[EntityKind.POLICY],
            "InstanceProfiles": counts[EntityKind.PROFILE],
            "Providers": len(await oidc_providers.of_account(tx, account)),
            "AccountAccessKeysPresent": int(bool(await access_keys.of_user(tx, account, ROOT))),
            "AccountMFAEnabled": 0,
            "AccountSigningCertificatesPresent": 0,
            "MFADevices": 0,
            "MFADevicesInUse": 0,
            "ServerCertificates": 0,
            **_LIMITS,
        }

    return await env.store.read(unit)


_LIMITS = {
    "AccessKeysPerUserQuota": accesskeys.KEYS_LIMIT,
    "AttachedPoliciesPerGroupQuota": attachments.LIMIT,
    "AttachedPoliciesPerRoleQuota": attachments.LIMIT,
    "AttachedPoliciesPerUserQuota": attachments.LIMIT,
    "GroupPolicySizeQuota": inlinepolicies.LIMITS[EntityKind.GROUP],
    "GroupsPerUserQuota": groups.GROUPS_LIMIT,
    "PolicySizeQuota": managedpolicies.SIZE_LIMIT,
    "RolePolicySizeQuota": inlinepolicies.LIMITS[EntityKind.ROLE],
    "UserPolicySizeQuota": inlinepolicies.LIMITS[EntityKind.USER],
    "VersionsPerPolicyQuota": managedpolicies.VERSIONS_LIMIT,
}


async def detail(env: Env, granted: Granted, kinds: frozenset[str], paging: Paging) -> Page[Detail | PolicyDetail]:
    """Give everything there is; ``kinds`` in IAM's words, none of them means all."""
    where = ",".join(sorted(kinds))
    found = await env.store.read(lambda tx: _everything(tx, granted, kinds))
    return Listing(env, granted, "GetAccountAuthorizationDetails", where).cut(paging, found, _mark)


async def _everything(tx: Transaction, granted: Granted, kinds: frozenset[str]) -> Sequence[Detail | PolicyDetail]:
    account = granted.registry.account
    found: list[Detail | PolicyDetail] = []
    for kind in _ORDER:
        if not kinds or kind.value.capitalize() in kinds:
            rows = await entities.page(tx, account, kind, after="", count=_ALL)
            found += [await _detail(tx, row) for row in rows]
    for policy in await all_policies(tx, granted):
        managed = policy.arn in MANAGED
        # Of AWS's policies those alone that somebody has.
        if (managed and not policy.attached) or (kinds and (AWS_MANAGED if managed else LOCAL) not in kinds):
            continue
        found.append(PolicyDetail(policy, await _versions(tx, granted, policy)))
    return sorted(found, key=_mark)


def _mark(one: Detail | PolicyDetail) -> str:
    if isinstance(one, PolicyDetail):
        return f"{len(_ORDER)} {one.policy.name.lower()} {one.policy.arn}"
    return f"{_ORDER.index(one.row.kind)} {one.row.name.lower()}"


async def _versions(tx: Transaction, granted: Granted, policy: Policy) -> Sequence[Version]:
    if policy.arn in MANAGED:
        managed = MANAGED[policy.arn]
        return (Version(managed.version, managed.document, True, managed.created_at),)
    row = await entities.find(tx, granted.registry.account, EntityKind.POLICY, policy.name)
    return () if row is None else await managedpolicies.versions_of(tx, row)


async def _detail(tx: Transaction, row: Entity) -> Detail:
    account = row.account
    belongs = await members.of_member(tx, account, row.id)
    is_role = row.kind is EntityKind.ROLE
    tags = await entity_tags.of_entity(tx, account, row.id)
    return Detail(
        row,
        await inline_policies.of_entity(tx, account, row.id),
        [Attachment(arn) for arn in await attached.of_entity(tx, account, row.id)],
        tags,
        groups=[group.name for group in belongs] if row.kind is EntityKind.USER else (),
        role=Role(row, await own_of(tx, row), tags) if is_role else None,
        profiles=[await describe_profile(tx, profile) for profile in belongs] if is_role else (),
    )


async def create_alias(env: Env, granted: Granted, alias: str) -> None:
    """Give the account an alias, in place of the one it has.

    Raises:
        EntityAlreadyExists

    """
    account = granted.registry.account

    async def unit(tx: Transaction) -> None:
        await aliases.delete_alias(tx, account)
        if not await aliases.create(tx, account, alias):
            raise EntityAlreadyExists("account alias", alias)
        await changed(tx, env, granted, EventKind.ALIAS_CREATED, alias=alias)

    await env.store.write(unit)


async def find_alias(env: Env, granted: Granted) -> str | None:
    return await aliases.find(env.store.now, granted.registry.account)


async def delete_alias(env: Env, granted: Granted, alias: str) -> None:
    """Take the alias away.

    Raises:
        EntityNotFound

    """
    account = granted.registry.account

    async def unit(tx: Transaction) -> None:
        if await aliases.find(tx, account) != alias:
            raise EntityNotFound("Account alias", alias)
        await aliases.delete_alias(tx, account)
        await changed(tx, env, granted, EventKind.ALIAS_DELETED, alias=alias)

    await env.store.write(unit)
