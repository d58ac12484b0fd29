"""Who holds an access key, and all that is attached to it: read from the store, on one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from moorage.domain.arns import root_arn
from moorage.domain.caller import Caller, CallerKind
from moorage.domain.entities import Entity, EntityKind, session_arn
from moorage.domain.names import AccountId
from moorage.domain.sessions import Session, SessionFacts, SessionKind
from moorage.operations.documents import find_document
from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies
from moorage.policy.elements import Attached, Source
from moorage.policy.request import Requester, RequesterType, Value
from moorage.store import access_keys, attachments, entities, entity_tags, inline_policies, members, sessions
from moorage.store.sessions import SessionRow
from moorage.store.transaction import Transaction

Texts = list[tuple[Attached, str]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who holds a key, with the secret as it is sealed; ``parent`` is the key that a session ends with."""

    access_key_id: str
    secret: bytes = field(repr=False)
    caller: Caller
    requester: Requester
    policies: CallerPolicies
    session: Session | None = None


async def find_identity(tx: Transaction, access_key_id: str) -> Identity | None:
    """Find who holds a key: nobody where it is unknown or inactive, or its user, role or maker is gone.

    An inactive key takes the same looks as one that nobody has: the time tells neither from the other.
    """
    holder = await access_keys.find(tx, access_key_id)
    if holder is None or not holder.key.active:
        row = await sessions.find(tx, access_key_id)
        return None if row is None else await _of_session(tx, row)
    key = holder.key
    if key.user_id == access_keys.ROOT:
        caller = Caller(key.account, CallerKind.ROOT, key.account, root_arn(key.account))
        return Identity(key.id, key.secret, caller, _requester(caller, {}), CallerPolicies(Compiled.of(())))
    user = await entities.find_by_id(tx, key.account, key.user_id)
    if user is None:
        return None
    caller = _caller(user)
    requester, policies = await entity_identity(tx, user)
    return Identity(key.id, key.secret, caller, requester, policies)


def _caller(user: Entity) -> Caller:
    return Caller(user.account, CallerKind.USER, user.id, user.arn, user.name)


def root_identity(account: AccountId) -> tuple[Requester, CallerPolicies]:
    """Tell what policies know an account's root by."""
    caller = Caller(account, CallerKind.ROOT, account, root_arn(account))
    return _requester(caller, {}), CallerPolicies(Compiled.of(()))


async def entity_identity(tx: Transaction, row: Entity, session: str = "") -> tuple[Requester, CallerPolicies]:
    """Tell what policies know a user by, or a role in a plain session, and what is attached to it."""
    tags = _tag_facts(await entity_tags.of_entity(tx, row.account, row.id))
    if row.kind is EntityKind.USER:
        return _requester(_caller(row), tags), await _policies(tx, row)
    arn = session_arn(row.account, row.name, session or "session")
    caller = Caller(row.account, CallerKind.ROLE, f"{row.id}:{session or 'session'}", arn, row.name)
    known = {**tags, "aws:principalarn": row.arn}
    return _requester(caller, known, row.arn), await _policies(tx, row)


async def _of_session(tx: Transaction, row: SessionRow) -> Identity | None:
    facts = msgspec.json.decode(row.facts, type=SessionFacts)
    session = Session(SessionKind(row.kind), facts, row.created_at, row.expires_at, row.machine)
    if row.parent is not None and session.kind is not SessionKind.MACHINE:  # whose parent is nobody's access key
        return await _of_parent(tx, row, row.parent, session)
    role = await entities.find_by_id(tx, row.account, row.entity_id)
    if role is None:
        return None
    arn = session_arn(role.account, role.name, row.name)
    caller = Caller(role.account, CallerKind.ROLE, f"{role.id}:{row.name}", arn, role.name)
    tags = {**await entity_tags.of_entity(tx, role.account, role.id), **facts.tags}
    known = {**_tag_facts(tags), **_session_facts(session), "aws:principalarn": role.arn}
    policies = await _policies(tx, role, await _limits(tx, role.account, facts))
    return Identity(row.id, row.secret, caller, _requester(caller, known, role.arn), policies, session)


async def _of_parent(tx: Transaction, row: SessionRow, parent: str, session: Session) -> Identity | None:
    """Find a session that speaks for whoever holds another key, as long as that one may speak."""
    found = await find_identity(tx, parent)
    if found is None or found.caller.account != row.account:
        return None
    if session.kind is SessionKind.TOKEN:
        return Identity(row.id, row.secret, found.caller, found.requester, found.policies, session)
    known = {**found.requester.facts, **_session_facts(session)}
    return Identity(row.id, row.secret, found.caller, _requester(found.caller, known), found.policies, session)


async def _policies(tx: Transaction, row: Entity, session: Compiled | None = None) -> CallerPolicies:
    bounds = await boundary_texts(tx, row)
    boundary = None if bounds is None else Compiled.stored(bounds)
    return CallerPolicies(Compiled.stored(await identity_texts(tx, row)), boundary, session)


async def identity_texts(tx: Transaction, row: Entity) -> Texts:
    """Give the documents of a user, with those of its groups, of a role or of a group."""
    texts = await _own_policies(tx, row, Source.INLINE, Source.MANAGED)
    if row.kind is EntityKind.USER:
        for group in await members.of_member(tx, row.account, row.id):
            texts += await _own_policies(tx, group, Source.GROUP_INLINE, Source.GROUP_MANAGED)
    return texts


async def boundary_texts(tx: Transaction, row: Entity) -> Texts | None:
    """Give the documents that bound somebody, none where the policy is gone; None where nothing bounds them."""
    if row.boundary is None:
        return None
    return await _limiting(tx, row.account, [row.boundary], Source.BOUNDARY, _holder(row))


async def _own_policies(tx: Transaction, row: Entity, inline: Source, managed: Source) -> Texts:
    holder = _holder(row)
    kept = await inline_policies.of_entity(tx, row.account, row.id)
    texts: Texts = [(Attached(inline, name, holder), text) for name, text in kept]
    for arn in await attachments.of_entity(tx, row.account, row.id):
        texts += await _managed(tx, row.account, arn, Attached(managed, arn, holder))
    return texts


async def _managed(tx: Transaction, account: AccountId, arn: str, attached: Attached) -> Texts:
    document = await find_document(tx, account, arn)
    return [] if document is None else [(attached, document)]


async def _limiting(  # noqa: PLR0913, PLR0917 - where the policies stand, and which
    tx: Transaction, account: AccountId, arns: Sequence[str], source: Source, holder: str, texts: Sequence[str] = ()
) -> Texts:
    """Gather what says what somebody may at most: a policy that is gone allows nothing."""
    found: Texts = [(Attached(source, "inline", holder), text) for text in texts]
    for arn in arns:
        found += await _managed(tx, account, arn, Attached(source, arn, holder))
    return found


async def _limits(tx: Transaction, account: AccountId, facts: SessionFacts) -> Compiled | None:
    if not facts.policies and not facts.policy_arns:
        return None
    return Compiled.stored(await _limiting(tx, account, facts.policy_arns, Source.SESSION, "session", facts.policies))


def _holder(row: Entity) -> str:
    return f"{row.kind.value} {row.name}"


def _tag_facts(tags: dict[str, str]) -> dict[str, Value]:
    return {f"aws:principaltag/{name.lower()}": value for name, value in tags.items()}


def _session_facts(session: Session) -> dict[str, Value]:
    issued = datetime.fromtimestamp(session.issued_at // 1_000_000, UTC)
    facts: dict[str, Value] = {
        **session.facts.keys,
        "aws:tokenissuetime": issued.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:multifactorauthpresent": "false",
    }
    if session.facts.source_identity is not None:
        facts["aws:sourceidentity"] = session.facts.source_identity
    return facts


def _requester(caller: Caller, known: dict[str, Value], role_arn: str = "") -> Requester:
    """Tell what policies may know the caller by."""
    facts: dict[str, Value] = {
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": caller.kind.value,
        "aws:userid": caller.unique_id,
        **known,
    }
    if caller.kind is CallerKind.USER:
        facts["aws:username"] = caller.name
    kind = RequesterType(caller.kind.value)
    return Requester(caller.account, caller.arn, caller.unique_id, kind, role_arn, facts)
