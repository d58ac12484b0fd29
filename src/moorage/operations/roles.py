"""IAM roles: create, get, list, update, delete; their trust policies and service-linked ones."""

from dataclasses import dataclass, replace

from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import DeleteConflict
from moorage.domain.events import EventKind
from moorage.domain.identityfacts import Unmodifiable
from moorage.domain.wildcard import glob
from moorage.operations import boundaries, machineends
from moorage.operations.authorise import Granted
from moorage.operations.entities import (
    SERVICE_PATH,
    Tags,
    add,
    changed,
    forget,
    get_changeable,
    get_row,
    list_rows,
    new_row,
)
from moorage.operations.env import Env
from moorage.operations.inlinepolicies import size_of
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.namedprincipals import PrincipalMissingError, resolve, with_ids
from moorage.policy.document import PolicyDocument, parse
from moorage.policy.elements import PolicyKind
from moorage.policy.errors import MalformedPolicy
from moorage.store import attachments, entity_tags, inline_policies, members, roles
from moorage.store.roles import RoleRow
from moorage.store.transaction import Transaction

SHORTEST, LONGEST = 3_600, 43_200  # seconds that the sessions of a role may be allowed to last
TRUST_LIMIT = 4_096  # characters of a trust policy, white space not counted

# What a trust policy may name of STS (IAM User Guide, "Actions, resources, and condition keys for AWS STS").
_ACTIONS = (
    "assumerole",
    "assumerolewithsaml",
    "assumerolewithwebidentity",
    "setcontext",
    "setsourceidentity",
    "tagsession",
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role as it is shown."""

    row: Entity
    own: RoleRow
    tags: Tags


@dataclass(frozen=True, slots=True)
class NewRole:
    """What a role is born with."""

    name: str
    path: str
    trust: str
    description: str | None = None
    longest: int = SHORTEST
    boundary: str | None = None
    tags: Tags | None = None
    policies: tuple[str, ...] = ()  # ARNs, attached from the first


async def create_role(env: Env, granted: Granted, new: NewRole) -> Role:
    """Make a role that may do nothing yet.

    Raises:
        EntityAlreadyExists
        EntityNotFound: the boundary
        MalformedPolicy: the trust policy

    """
    document = read_trust(new.trust)
    if new.path.startswith(SERVICE_PATH):
        raise Unmodifiable(f"The path {new.path} is reserved for service-linked roles.")
    return await keep_role(env, granted, new, document)


async def keep_role(env: Env, granted: Granted, new: NewRole, document: PolicyDocument) -> Role:
    """Keep a role whose trust policy has been judged.

    Raises:
        EntityAlreadyExists
        EntityNotFound: the boundary
        MalformedPolicy: the trust policy names somebody who is not there

    """
    row = new_row(env, granted, EntityKind.ROLE, new.name, new.path)
    tags = new.tags or {}

    async def unit(tx: Transaction) -> Role:
        await add(tx, row, tags)
        bounded = await boundaries.begin_with(tx, row, new.boundary)
        own = RoleRow(new.trust, await _resolved(tx, new.trust, document), new.description, new.longest)
        await roles.create(tx, row.account, row.id, own)
        for arn in new.policies:
            await attachments.attach(tx, row.account, row.id, arn)
        await changed(tx, env, granted, EventKind.ROLE_CREATED, role=new.name, path=new.path, role_id=row.id)
        return Role(bounded, own, tags)

    return await env.store.write(unit)


def read_trust(text: str) -> PolicyDocument:
    """Judge a trust policy that is to be stored.

    Raises:
        MalformedPolicy

    """
    document = parse(text, PolicyKind.TRUST)
    if not all(_opens_sessions(action) for statement in document.statements for action in statement.actions.texts):
        raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")
    if size_of(text) > TRUST_LIMIT:
        raise MalformedPolicy(f"Cannot exceed quota for ACLSizePerRole: {TRUST_LIMIT}")
    return document


def _opens_sessions(action: str) -> bool:
    """Whether a pattern covers an action that a trust policy is asked about.

    It is judged when it is stored; what was stored before is decided on as it stands, and allows no more.
    """
    vendor, _, name = action.lower().partition(":")
    return vendor == "sts" and any(map(glob(name), _ACTIONS))


async def _resolved(tx: Transaction, text: str, document: PolicyDocument) -> str:
    try:
        return with_ids(text, await resolve(tx, document.principals_named))
    except PrincipalMissingError as missing:
        raise MalformedPolicy(f'Invalid principal in policy: "AWS":"{missing.name}"') from None


async def get_role(env: Env, granted: Granted) -> Role:
    """Describe a role.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> Role:
        row = await get_row(tx, granted, EntityKind.ROLE)
        return Role(row, await own_of(tx, row), await entity_tags.of_entity(tx, row.account, row.id))

    return await env.store.read(unit)


async def own_of(tx: Transaction, row: Entity) -> RoleRow:
    """Give what only roles have."""
    own = await roles.find(tx, row.account, row.id)
    if own is None:
        sentence = f"role {row.id} lacks its row"
        raise RuntimeError(sentence)
    return own


async def list_roles(env: Env, granted: Granted, prefix: str, paging: Paging) -> Page[Role]:
    """List roles by name, those whose path begins with ``prefix``, without tags and boundaries."""
    page = await list_rows(Listing(env, granted, "ListRoles", prefix), EntityKind.ROLE, prefix, paging)
    return Page([await shown(env.store.now, row) for row in page.items], page.marker)


async def shown(tx: Transaction, row: Entity) -> Role:
    """Show a role as lists do."""
    return Role(replace(row, boundary=None), await own_of(tx, row), {})


async def update_role(env: Env, granted: Granted, description: str | None, longest: int | None) -> Role:
    """Change what a role is said to be, and how long its sessions may last.

    Raises:
        EntityNotFound, Unmodifiable

    """

    async def unit(tx: Transaction) -> Role:
        row = await get_changeable(tx, granted, EntityKind.ROLE)
        own = await own_of(tx, row)
        own = replace(
            own,
            description=own.description if description is None else description,
            longest=own.longest if longest is None else longest,
        )
        await roles.describe(tx, row.account, row.id, description=own.description, longest=own.longest)
        await changed(tx, env, granted, EventKind.ROLE_UPDATED, role=row.name, longest=own.longest)
        return Role(row, own, await entity_tags.of_entity(tx, row.account, row.id))

    return await env.store.write(unit)


async def update_trust(env: Env, granted: Granted, text: str) -> None:
    """Replace a role's trust policy; sessions that are open stay so.

    Raises:
        EntityNotFound, Unmodifiable, MalformedPolicy

    """
    await get_changeable(env.store.now, granted, EntityKind.ROLE)
    document = read_trust(text)

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, EntityKind.ROLE)
        resolved = await _resolved(tx, text, document)
        await roles.set_trust(tx, row.account, row.id, trust=text, resolved=resolved)
        await changed(tx, env, granted, EventKind.TRUST_POLICY_UPDATED, role=row.name)

    await env.store.write(unit)


async def delete_role(env: Env, granted: Granted) -> None:
    """Delete a role with neither policies nor instance profiles left; its sessions and machines end.

    Raises:
        EntityNotFound, Unmodifiable, DeleteConflict

    """

    async def unit(tx: Transaction) -> None:
        row = await get_changeable(tx, granted, EntityKind.ROLE)
        if await inline_policies.of_entity(tx, row.account, row.id):
            raise DeleteConflict("delete policies")
        if await attachments.of_entity(tx, row.account, row.id):
            raise DeleteConflict("detach all policies")
        if await members.of_member(tx, row.account, row.id):
            raise DeleteConflict("remove roles from instance profile")
        await remove(tx, env, granted, row)

    await env.store.write(unit)


async def remove(tx: Transaction, env: Env, granted: Granted, row: Entity) -> None:
    """Forget a role that nothing hangs on any more."""
    await machineends.revoke_of_role(tx, env, granted, row)
    await roles.delete_role(tx, row.account, row.id)
    await forget(tx, row)
    await changed(tx, env, granted, EventKind.ROLE_DELETED, role=row.name, path=row.path, role_id=row.id)
