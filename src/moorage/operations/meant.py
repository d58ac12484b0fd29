"""What a call of IAM means: which entity, and what that one gives to conditions, its tags and its boundary.

It is read before permission is asked, so nothing of it is told: one that is not there has no tags and no boundary.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from moorage.domain.arns import read_principal_arn
from moorage.domain.caller import Caller, CallerKind
from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import ValidationFailed
from moorage.domain.names import AccountId
from moorage.operations.documents import find_policy
from moorage.operations.env import Env
from moorage.operations.oidcproviders import tag_id
from moorage.policy.request import Value
from moorage.store import entities, entity_tags
from moorage.store.transaction import Transaction

# What is asked with the boundary that a user or role has; what sets one, and what creates, with the new one.
BOUNDED = frozenset(
    f"iam:{verb}{noun}{what}"
    for noun in ("User", "Role")
    for verb, what in (
        ("Attach", "Policy"),
        ("Detach", "Policy"),
        ("Put", "Policy"),
        ("Delete", "Policy"),
        ("Delete", "PermissionsBoundary"),
    )
)
# What is asked about something that is not there yet, which has neither tags nor a boundary.
_CREATES = frozenset(
    {
        *(f"iam:Create{noun}" for noun in ("User", "Group", "Role", "Policy", "InstanceProfile")),
        "iam:CreateOpenIDConnectProvider",
        "iam:CreateServiceLinkedRole",
    }
)
_NAMED = frozenset({EntityKind.USER, EntityKind.GROUP, EntityKind.ROLE, EntityKind.PROFILE})


@dataclass(frozen=True, slots=True)
class Meant:
    """The entity's name with its path, ``/team/ada``, its tags, and the policy that bounds it."""

    place: str
    tags: Mapping[str, str] = field(default_factory=dict)
    boundary: str | None = None

    @property
    def facts(self) -> Mapping[str, Value]:
        """The condition keys that the tags make."""
        return tag_facts(self.tags)


async def find_meant(env: Env, account: AccountId, kind: EntityKind, name: str) -> Meant:
    """Find the entity that a call names.

    One that is not there is looked for where most are: nobody learns from the permission that is asked.
    """
    tx = env.store.now
    return await _meant(tx, account, await entities.find(tx, account, kind, name), f"/{name}")


async def find_meant_user(env: Env, caller: Caller, name: str | None) -> Meant:
    """Find the user that a call means: without a name the caller itself, nothing for a root.

    Raises:
        ValidationFailed: the caller is no user

    """
    if name is not None:
        return await find_meant(env, caller.account, EntityKind.USER, name)
    if caller.kind is CallerKind.ROLE:
        raise ValidationFailed("Must specify userName when calling with non-User credentials")
    if caller.kind is CallerKind.ROOT:
        return Meant("")
    tx = env.store.now
    user = await entities.find_by_id(tx, caller.account, caller.unique_id)
    return await _meant(tx, caller.account, user, f"/{caller.name}")


async def tags_of_policy(env: Env, account: AccountId, arn: str) -> Mapping[str, str]:
    """Give the tags of a managed policy."""
    tx = env.store.now
    row = await find_policy(tx, account, arn)
    return await entity_tags.of_entity(tx, account, "" if row is None else row.id)


async def tags_of_provider(env: Env, account: AccountId, address: str) -> Mapping[str, str]:
    """Give the tags of an OIDC provider."""
    return await entity_tags.of_entity(env.store.now, account, tag_id(address))


async def facts_of_principal(env: Env, account: AccountId, arn: str) -> Mapping[str, Value]:
    """Give the condition keys of the user, group or role with that whole ARN, its tags; nothing of anybody else."""
    found = read_principal_arn(arn)
    if found is None or found.account != account:
        return {}
    row = await entities.find(env.store.now, account, EntityKind(found.kind), found.name)
    tags = await entity_tags.of_entity(env.store.now, account, "" if row is None else row.id)
    return {} if row is None or row.arn != arn else tag_facts(tags)


async def facts_of_entity(env: Env, row: Entity) -> Mapping[str, Value]:
    """Give the condition keys of an entity, its tags."""
    return tag_facts(await entity_tags.of_entity(env.store.now, row.account, row.id))


async def facts_of_resource(env: Env, account: AccountId, action: str, arn: str) -> Mapping[str, Value]:
    """Give the condition keys of what IAM keeps under an ARN, as a call of the action would have them."""
    head, _, rest = arn.partition("/")
    kind = head.removeprefix(f"arn:aws:iam::{account}:")
    if kind == head or action in _CREATES:
        return {}
    if kind == EntityKind.POLICY:
        return tag_facts(await tags_of_policy(env, account, arn))
    if kind == "oidc-provider":
        return tag_facts(await tags_of_provider(env, account, rest))
    if kind not in _NAMED:
        return {}
    meant = await find_meant(env, account, EntityKind(kind), rest.rpartition("/")[2])
    if meant.place != f"/{rest}":
        return {}
    bounds: dict[str, Value] = {} if meant.boundary is None else {"iam:permissionsboundary": meant.boundary}
    return {**meant.facts, **(bounds if action in BOUNDED else {})}


async def _meant(tx: Transaction, account: AccountId, row: Entity | None, otherwise: str) -> Meant:
    tags = await entity_tags.of_entity(tx, account, "" if row is None else row.id)
    return Meant(otherwise) if row is None else Meant(row.place, tags, row.boundary)


def tag_facts(tags: Mapping[str, str]) -> dict[str, Value]:
    """Write an entity's tags as condition keys, under both of their names."""
    found: dict[str, Value] = {}
    for name, value in tags.items():
        found[f"aws:resourcetag/{name.lower()}"] = found[f"iam:resourcetag/{name.lower()}"] = value
    return found
