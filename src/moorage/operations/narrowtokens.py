"""Narrow tokens: docker passwords that may do less than whoever makes them, and can be listed and taken back.

ECR has no such thing. A token speaks for its maker: at each request the maker's policies are asked, as they are at that
moment, and then whether the action and the repository are among those that the token was made for. It ends at its
time, when it is revoked, and with the key or the session that it was made with. It opens ``/v2/`` alone: a signed call
needs a secret, and a token's is known to nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from moorage.domain.actions import OPERATIONS
from moorage.domain.arns import repository_arn
from moorage.domain.caller import Registry
from moorage.domain.errors import AccessDenied, EntityNotFound, InvalidParameter, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.domain.names import REPOSITORY_NAME_LENGTHS, AccountId, may_fit
from moorage.domain.sessions import Narrow, SessionFacts, SessionKind
from moorage.operations.accounts import NewKey, Vault
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.machineends import expect_standing
from moorage.operations.principals import mark_of
from moorage.operations.record import record
from moorage.operations.tokens import Token, sealed_text
from moorage.store import accounts, sessions
from moorage.store.sessions import SessionRow
from moorage.store.transaction import Transaction

SHORTEST, DEFAULT, LONGEST = 60, 900, 43_200  # seconds
LIMIT = 50  # open tokens of one user, root or session
_MOST_REPOSITORIES = 20
_SECOND = 1_000_000

# What a client does under each word; ``push`` does not read, and most clients look before they push.
WORDS: Mapping[str, tuple[str, ...]] = {
    "pull": ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    "push": (
        "ecr:BatchCheckLayerAvailability",
        "ecr:CompleteLayerUpload",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ),
    "delete": ("ecr:BatchDeleteImage",),
    "list": ("ecr:ListImages",),
    "create": ("ecr:CreateRepository",),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token is to be good for: words such as ``pull``, names or patterns of repositories, seconds.

    ``account`` is whose repositories they are, the caller's own unless told.
    """

    actions: Sequence[str]
    repositories: Sequence[str]
    seconds: int = DEFAULT
    account: AccountId | None = None


@dataclass(frozen=True, slots=True)
class NarrowToken:
    """A token as its maker may see it, without the password; times in microseconds."""

    id: str
    maker: str
    actions: tuple[str, ...]
    repositories: tuple[str, ...]
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Made:
    """A new token with its password, for the one time it is shown."""

    token: NarrowToken
    password: str = field(repr=False)


async def create_token(env: Env, granted: Granted, wanted: Wanted) -> Made:
    """Make a password of the caller's that is good for less.

    Raises:
        InvalidParameter, QuotaExceeded
        AccessDenied: the caller is a token itself
        CredentialUnknown: the machine that the caller's session comes from was revoked meanwhile

    """
    narrow = _narrow(granted.registry, wanted)
    key = NewKey(env.ids.token_key(), env.ids.secret_key())
    row = _row(env, granted, wanted, narrow, key)

    async def unit(tx: Transaction) -> None:
        await expect_standing(tx, row.machine)
        if await sessions.count_of(tx, row.account, row.kind, row.entity_id, now=granted.call.at) >= LIMIT:
            raise QuotaExceeded("TokensPerPrincipal", LIMIT)
        await sessions.create(tx, row)
        facts = {"token": row.id, "actions": " ".join(narrow.actions), "resources": " ".join(narrow.resources)}
        await record(tx, env, granted, EventKind.TOKEN_CREATED, **facts)

    await env.store.write(unit)
    mark = mark_of(key.secret, key.access_key_id)
    token = Token(str(row.account), row.id, str(granted.registry.region), row.expires_at, mark)
    return Made(_shown(row), sealed_text(env, token))


def _row(env: Env, granted: Granted, wanted: Wanted, narrow: Narrow, key: NewKey) -> SessionRow:
    if not SHORTEST <= wanted.seconds <= LONGEST:
        raise InvalidParameter("ttl", f"Member must have value between {SHORTEST} and {LONGEST}")
    call, principal, session = granted.call, granted.principal, granted.principal.session
    if session is not None and session.kind is SessionKind.TOKEN:
        raise AccessDenied("A token cannot make tokens")
    expires_at = call.at + wanted.seconds * _SECOND
    return SessionRow(
        id=key.access_key_id,
        account=principal.caller.account,
        kind=SessionKind.TOKEN.value,
        entity_id=principal.caller.unique_id,
        parent=principal.access_key_id,
        name="",
        secret=Vault(env.store, env.keyring, env.ids).seal(key),
        facts=msgspec.json.encode(SessionFacts(narrow=narrow, maker=principal.caller.arn)).decode(),
        created_at=call.at,
        expires_at=expires_at if session is None else min(expires_at, session.expires_at),
        machine=None if session is None else session.machine,
    )


def _narrow(registry: Registry, wanted: Wanted) -> Narrow:
    if not wanted.actions:
        raise InvalidParameter("actions", "Member must have length greater than or equal to 1")
    for word in wanted.actions:
        if word not in WORDS:
            raise InvalidParameter("actions", f"Member must satisfy enum value set: [{', '.join(WORDS)}]")
    if not 1 <= len(wanted.repositories) <= _MOST_REPOSITORIES:
        raise InvalidParameter("repositories", f"Member must have length between 1 and {_MOST_REPOSITORIES}")
    actions = dict.fromkeys(action for word in wanted.actions for action in WORDS[word])
    owner = wanted.account or registry.account
    names = dict.fromkeys(map(_pattern, wanted.repositories))
    return Narrow(tuple(actions), tuple(repository_arn(owner, registry.region, name) for name in names))


def _pattern(text: str) -> str:
    """Judge a repository's name, or a pattern in which ``*`` is any run of characters."""
    if len(text) >= REPOSITORY_NAME_LENGTHS.stop or not may_fit(text):
        raise InvalidParameter("repositories", "Member must be a repository's name, or a pattern with * that fits one")
    return text


async def list_own(env: Env, granted: Granted) -> Sequence[NarrowToken]:
    """List the caller's own tokens that are still good."""
    caller, now = granted.caller, granted.call.at
    rows = await sessions.of_entity(env.store.now, caller.account, SessionKind.TOKEN, caller.unique_id, now=now)
    return [_shown(row) for row in rows]


async def list_all(env: Env, granted: Granted, paging: Paging) -> Page[NarrowToken]:
    """List everybody's tokens of the account, by maker.

    Raises:
        AccessDenied

    """
    leave = await authorise(env, granted.call, OPERATIONS["moorage.ListTokens of all"], granted.registry)
    listing = Listing(env, leave, "ListTokens")
    entity, _, key = listing.after(paging).partition(" ")
    rows = await sessions.page(
        env.store.now,
        granted.registry.account,
        SessionKind.TOKEN,
        after=(entity, key),
        count=paging.size + 1,
        now=granted.call.at,
    )
    return listing.page(paging, rows, lambda row: f"{row.entity_id} {row.id}").map(_shown)


async def revoke_token(env: Env, granted: Granted, token_id: str) -> None:
    """End a token: the caller's own, or with leave another's of the account.

    Raises:
        EntityNotFound
        AccessDenied: it is not the caller's own, whether it is there or not

    """
    caller = granted.caller
    if not _is_of(await sessions.find(env.store.now, token_id), caller.account, caller.unique_id):
        await authorise(env, granted.call, OPERATIONS["moorage.RevokeToken of others"], granted.registry)

    async def unit(tx: Transaction) -> None:
        row = await sessions.find(tx, token_id)
        if row is None or row.account != caller.account or row.kind != SessionKind.TOKEN:
            raise EntityNotFound("token", token_id, by="id")
        await sessions.delete_session(tx, row.id)
        await accounts.bump(tx, row.account)
        await record(tx, env, granted, EventKind.TOKEN_REVOKED, token=row.id)

    await env.store.write(unit)


def _is_of(row: SessionRow | None, account: AccountId, unique_id: str) -> bool:
    return row is not None and row.kind == SessionKind.TOKEN and row.account == account and row.entity_id == unique_id


def _shown(row: SessionRow) -> NarrowToken:
    facts = msgspec.json.decode(row.facts, type=SessionFacts)
    narrow = facts.narrow or Narrow((), ())
    return NarrowToken(row.id, facts.maker, narrow.actions, narrow.resources, row.created_at, row.expires_at)
