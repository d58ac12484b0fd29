"""Opening sessions: temporary credentials for a role, or for a user and the root themselves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from moorage.domain.caller import CallerKind, Registry
from moorage.domain.errors import AccessDenied, ValidationFailed
from moorage.domain.events import Event, EventKind
from moorage.domain.identityfacts import PackedPolicyTooLarge
from moorage.domain.names import AccountId
from moorage.domain.resourcetag import is_tag_key, is_tag_value
from moorage.domain.sessions import SessionFacts, SessionKind
from moorage.operations.accounts import NewKey, Vault
from moorage.operations.authenticate import session_token
from moorage.operations.authorise import Granted
from moorage.operations.documents import find_document
from moorage.operations.env import Env
from moorage.operations.keyring import Purpose
from moorage.operations.machineends import expect_standing
from moorage.policy.document import parse
from moorage.policy.elements import PolicyKind
from moorage.store import access_keys, events, sessions
from moorage.store.sessions import SessionRow
from moorage.store.transaction import Transaction, Unit

DEFAULT, SHORTEST, CHAINED = 3_600, 900, 3_600  # seconds
USERS_DEFAULT, USERS_LONGEST = 43_200, 129_600  # seconds
_PLAIN_LIMIT = 2_048  # characters of an inline session policy
_PACKED_LIMIT = 4_096  # characters of all that a session carries
_POLICIES_LIMIT = 10
_TAGS_LIMIT = 50
_SECOND = 1_000_000
_SOURCE = re.compile(r"[\w+=,.@-]{2,64}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """Session policies as they are asked for."""

    policy: str | None = None
    policy_arns: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """Temporary credentials, as they are shown; ``packed`` is per cent of what a session may carry."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires_at: int
    packed: int | None


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that is about to be opened; ``seconds`` is how long it lasts, ``by`` who opens it."""

    kind: SessionKind
    account: AccountId
    entity_id: str
    name: str
    facts: SessionFacts
    seconds: int
    at: int
    by: str
    request_id: str
    parent: str | None = None
    machine: str | None = None  # the key of the one that the session comes from


def judge_limits(limits: Limits) -> None:
    """Judge session policies by themselves.

    Raises:
        MalformedPolicy, PackedPolicyTooLarge, ValidationFailed

    """
    if len(limits.policy_arns) > _POLICIES_LIMIT:
        raise ValidationFailed(f"A session takes at most {_POLICIES_LIMIT} managed policies.")
    if limits.policy is None:
        return
    if len(limits.policy) > _PLAIN_LIMIT:
        raise PackedPolicyTooLarge(f"The session policy has more than {_PLAIN_LIMIT} characters.")
    parse(limits.policy, PolicyKind.IDENTITY)


async def see_policies(tx: Transaction, account: AccountId, limits: Limits) -> None:
    """See that the managed policies named are there, in the role's account or AWS's.

    Raises:
        ValidationFailed

    """
    for arn in limits.policy_arns:
        if await find_document(tx, account, arn) is None:
            raise ValidationFailed(f"The managed policy {arn} does not exist.")


def judge_source(source: str) -> None:
    """Judge a source identity, which may come in a token as well as in a call.

    Raises:
        ValidationFailed

    """
    if _SOURCE.match(source) is None:
        raise ValidationFailed("A source identity has 2 to 64 letters, digits and _+=,.@- and nothing else.")
    if source.lower().startswith("aws:"):
        raise ValidationFailed("A source identity cannot begin with aws:, which is reserved.")


def judge_tags(tags: Mapping[str, str], count: int, transitive: Sequence[str]) -> None:
    """Judge the tags of a session.

    Raises:
        ValidationFailed

    """
    if len(tags) > _TAGS_LIMIT:
        raise ValidationFailed(f"A session has at most {_TAGS_LIMIT} tags.")
    if len({name.lower() for name in tags}) != count:
        raise ValidationFailed("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(name.lower().startswith("aws:") for name in tags):
        raise ValidationFailed("A session tag cannot begin with aws:, which is reserved.")
    for name, value in tags.items():
        if not is_tag_key(name) or not is_tag_value(value):
            raise ValidationFailed("A session tag has a key or a value that no tag may have.")
    known = {name.lower() for name in tags}
    for name in transitive:
        if name.lower() not in known:
            raise ValidationFailed(f"The specified transitive tag key {name} must be included in the requested tags.")


def spelled(names: Sequence[str], tags: Mapping[str, str]) -> tuple[str, ...]:
    """Give the names that tags have in their own spelling: AWS sets case aside when it looks for one."""
    own = {name.lower(): name for name in tags}
    return tuple(dict.fromkeys(own[name.lower()] for name in names if name.lower() in own))


def pack(facts: SessionFacts) -> int | None:
    """Tell how much of what a session may carry is used, in per cent.

    Raises:
        PackedPolicyTooLarge

    """
    if not (facts.policies or facts.policy_arns or facts.tags):
        return None
    size = sum(map(len, (*facts.policies, *facts.policy_arns, *facts.tags, *facts.tags.values())))
    percent = -(-100 * size // _PACKED_LIMIT)
    if percent > 100:  # noqa: PLR2004 - per cent
        raise PackedPolicyTooLarge(f"Serialized token is too large: {percent}% of what a session may carry.")
    return percent


def judge_duration(asked: int | None, longest: int, *, chained: bool) -> int:
    """Give how long a role's session lasts.

    Raises:
        ValidationFailed

    """
    if asked is None:
        return min(DEFAULT, longest)
    if chained and asked > CHAINED:
        raise ValidationFailed(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
    if asked > longest:
        raise ValidationFailed("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    return asked


async def open_session(env: Env, opening: Opening, instead: Unit[SessionRow | None] | None = None) -> Opened:
    """Keep a session and give its credentials; ``instead`` may find one, in the same transaction, to give in its place.

    Raises:
        CredentialUnknown: the machine that it would come from was revoked meanwhile
        PackedPolicyTooLarge

    """
    packed = pack(opening.facts)
    key = NewKey(env.ids.session_key(), env.ids.secret_key())
    row = SessionRow(
        id=key.access_key_id,
        account=opening.account,
        kind=opening.kind.value,
        entity_id=opening.entity_id,
        parent=opening.parent,
        name=opening.name,
        secret=Vault(env.store, env.keyring, env.ids).seal(key),
        facts=msgspec.json.encode(opening.facts).decode(),
        created_at=opening.at,
        expires_at=opening.at + opening.seconds * _SECOND,
        machine=opening.machine,
    )
    event = Event(
        id=env.ids.event(opening.at),
        registry=Registry(opening.account, env.region),
        at=opening.at,
        kind=EventKind.SESSION_OPENED,
        caller=opening.by,
        request_id=opening.request_id,
        facts={"kind": row.kind, "entity": row.entity_id, "session": row.name, "access_key": row.id},
    )

    async def unit(tx: Transaction) -> SessionRow:
        await expect_standing(tx, row.machine)
        found = None if instead is None else await instead(tx)
        if found is not None:
            return found
        await sessions.create(tx, row)
        await events.append(tx, event)
        return row

    return tell(env, await env.store.write(unit), packed)


def tell(env: Env, row: SessionRow, packed: int | None = None) -> Opened:
    """Give the credentials of a session that is kept."""
    secret = env.keyring.open(Purpose.ACCESS_KEY, row.secret, bound=row.id.encode()).decode()
    return Opened(row.id, secret, session_token(env, row.id), row.expires_at, packed)


async def open_own(env: Env, granted: Granted, seconds: int | None) -> Opened:
    """Open a session of whoever calls with a key of its own: a user, or the root.

    Raises:
        AccessDenied: the caller has temporary credentials

    """
    if granted.principal.session is not None:
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    caller, call = granted.caller, granted.call
    of_root = caller.kind is CallerKind.ROOT
    lasts = min(seconds or USERS_DEFAULT, DEFAULT if of_root else USERS_LONGEST)
    opening = Opening(
        kind=SessionKind.USER,
        account=caller.account,
        entity_id=access_keys.ROOT if of_root else caller.unique_id,
        name=caller.name,
        facts=SessionFacts(),
        seconds=lasts,
        at=call.at,
        by=caller.arn,
        request_id=call.request_id,
        parent=granted.principal.access_key_id,
    )
    return await open_session(env, opening)


async def account_of_key(env: Env, access_key_id: str) -> AccountId:
    """Tell which account a key belongs to.

    Raises:
        ValidationFailed

    """
    holder = await access_keys.find(env.store.now, access_key_id)
    if holder is not None:
        return holder.key.account
    session = await sessions.find(env.store.now, access_key_id)
    if session is None or session.kind == SessionKind.TOKEN:
        raise ValidationFailed(f"The access key id {access_key_id} belongs to no account of this server.")
    return session.account
