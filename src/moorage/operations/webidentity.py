"""AssumeRoleWithWebIdentity: whoever brings a token of a provider that the account trusts becomes a role for a while.

Nobody has signed the call: the token alone says who it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from moorage.domain.entities import provider_arn, session_arn
from moorage.domain.errors import ValidationFailed
from moorage.domain.identityfacts import IdentityRejected, IdentityTokenExpired, IdentityTokenInvalid
from moorage.domain.names import AccountId
from moorage.domain.sessions import SessionFacts, SessionKind
from moorage.operations import jwt
from moorage.operations.assumerole import Target, find_target, parse_role, request_facts, untrusted
from moorage.operations.context import CallContext
from moorage.operations.env import Call, Env
from moorage.operations.oidcproviders import address_of
from moorage.operations.providerkeys import is_same_issuer
from moorage.operations.sessions import (
    Limits,
    Opened,
    Opening,
    judge_duration,
    judge_limits,
    judge_source,
    judge_tags,
    open_session,
    see_policies,
    spelled,
)
from moorage.policy.decide import NO_POLICIES, Decision
from moorage.policy.request import Request, Requester, RequesterType, Value, bounded
from moorage.policy.trust import decide_trust
from moorage.store import oidc_providers
from moorage.store.oidc_providers import ProviderRow

_SECOND = 1_000_000
_LEEWAY = 60  # seconds that a provider's clock may be ahead
_TAGS = "https://aws.amazon.com/tags"
_SOURCE = "https://aws.amazon.com/source_identity"


@dataclass(frozen=True, slots=True)
class Bringing:
    """What somebody with a token asks for."""

    role_arn: str
    name: str
    token: str
    seconds: int | None
    limits: Limits


@dataclass(frozen=True, slots=True)
class Recognised:
    """A token that is good: whose it is, for whom, and from which provider."""

    provider: ProviderRow
    subject: str
    audience: str
    claims: jwt.Json

    @property
    def arn(self) -> str:
        return provider_arn(self.provider.account, self.provider.address)


@dataclass(frozen=True, slots=True)
class AssumedByToken:
    """The session of a role, and what the token said."""

    opened: Opened
    role_id: str
    arn: str
    source_identity: str | None
    recognised: Recognised


async def assume_with_token(env: Env, call: Call, asked: Bringing) -> AssumedByToken:
    """Open a session of a role for whoever the token is about.

    Raises:
        IdentityTokenInvalid, IdentityTokenExpired, IdentityRejected, ProviderUnreachable
        AccessDenied: whether the role is there or not
        ValidationFailed, MalformedPolicy, PackedPolicyTooLarge

    """
    account, _ = parse_role(asked.role_arn)
    judge_limits(asked.limits)
    recognised = await recognise(env, account, asked.token, at=call.at)
    facts, tags = _facts_of(recognised, asked)
    target = await find_target(env, asked.role_arn)
    refused = _refused(call, target, recognised, asked, facts, tags)
    if refused is not None:
        sentence = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
        raise untrusted(call, sentence, NO_POLICIES, *refused, target)
    await see_policies(env.store.now, account, asked.limits)
    arn = session_arn(account, target.row.name, asked.name)
    opening = Opening(
        kind=SessionKind.WEB_IDENTITY,
        account=account,
        entity_id=target.row.id,
        name=asked.name,
        facts=facts,
        seconds=judge_duration(asked.seconds, target.own.longest, chained=False),
        at=call.at,
        by=f"{recognised.arn}/{recognised.subject}",
        request_id=call.request_id,
    )
    opened = await open_session(env, opening)
    return AssumedByToken(opened, target.row.id, arn, facts.source_identity, recognised)


async def recognise(env: Env, account: AccountId, text: str, *, at: int) -> Recognised:
    """See that a token is from a provider that the account trusts, whole, for us, and of this time.

    Raises:
        IdentityTokenInvalid, IdentityTokenExpired, IdentityRejected, ProviderUnreachable

    """
    token = jwt.read(text)
    issuer = token.claims.get("iss")
    if not isinstance(issuer, str):
        raise IdentityTokenInvalid("Missing a required claim: iss")
    provider = await oidc_providers.find(env.store.now, account, address_of(issuer))
    if provider is None or not is_same_issuer(issuer, provider.url):
        raise IdentityTokenInvalid(f"No OpenIDConnect provider found in your account for {issuer}")
    if not await env.provider_keys.vouch(provider.url, partial(jwt.is_signed, token)):
        raise IdentityTokenInvalid("The ID Token provided is not signed by its provider.")
    _check_times(token.claims, at // _SECOND)
    subject = token.claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise IdentityRejected("Missing a required claim: sub")
    return Recognised(provider, subject, _audience(token.claims, provider), token.claims)


def _check_times(claims: jwt.Json, now: int) -> None:
    ends, begins, made = (_moment(claims, name) for name in ("exp", "nbf", "iat"))
    if ends is None:
        raise IdentityTokenInvalid("Missing a required claim: exp")
    if now >= ends:
        raise IdentityTokenExpired(
            f"Token expired: current date/time {now} must be before the expiration date/time {ends}"
        )
    if max(begins or 0, made or 0) > now + _LEEWAY:
        raise IdentityTokenInvalid("The ID Token is from the future.")


def _moment(claims: jwt.Json, name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1 << 53:
        raise IdentityTokenInvalid(f"The claim {name} is no time.")
    return int(value)


def _audience(claims: jwt.Json, provider: ProviderRow) -> str:
    named = claims.get("aud")
    audiences = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    party = claims.get("azp")
    if len(audiences) > 1 and isinstance(party, str):
        audiences = [party]  # of several, the one that the token was made for
    for audience in audiences:
        if isinstance(audience, str) and audience in provider.audiences:
            return audience
    raise IdentityTokenInvalid("Incorrect token audience")


def _facts_of(recognised: Recognised, asked: Bringing) -> tuple[SessionFacts, Sequence[tuple[str, str]]]:
    tags, transitive = _tags(recognised.claims)
    source = recognised.claims.get(_SOURCE)
    if source is not None and not isinstance(source, str):
        raise IdentityRejected("The source identity in the ID Token cannot be taken.")
    try:
        judge_tags(dict(tags), len(tags), transitive)
        if source is not None:
            judge_source(source)
    except ValidationFailed as error:
        raise IdentityRejected(str(error)) from None
    facts = SessionFacts(
        policies=() if asked.limits.policy is None else (asked.limits.policy,),
        policy_arns=tuple(asked.limits.policy_arns),
        tags=dict(tags),
        transitive=spelled(transitive, dict(tags)),
        source_identity=source,
        keys={"aws:federatedprovider": recognised.arn},
    )
    return facts, tags


def _tags(claims: jwt.Json) -> tuple[Sequence[tuple[str, str]], Sequence[str]]:
    """Read the session tags that a provider puts into its tokens."""
    given = claims.get(_TAGS)
    if given is None:
        return (), ()
    named = given.get("principal_tags", {}) if isinstance(given, dict) else None
    transitive = given.get("transitive_tag_keys", []) if isinstance(given, dict) else None
    if not isinstance(named, dict) or not isinstance(transitive, list):
        raise IdentityRejected("The session tags in the ID Token cannot be read.")
    tags = []
    for name, value in named.items():
        text = value[0] if isinstance(value, list) and len(value) == 1 else value
        if not isinstance(text, str):
            raise IdentityRejected("The session tags in the ID Token cannot be read.")
        tags.append((name, text))
    if not all(isinstance(name, str) for name in transitive):
        raise IdentityRejected("The session tags in the ID Token cannot be read.")
    return tags, transitive


def _refused(  # noqa: PLR0913, PLR0917 - what a trust policy may ask about
    call: Call,
    target: Target,
    recognised: Recognised,
    asked: Bringing,
    facts: SessionFacts,
    tags: Sequence[tuple[str, str]],
) -> tuple[Request, Decision] | None:
    """Ask the role's trust policy, which must name the provider: a token is nobody of the account."""
    wanted = ["sts:AssumeRoleWithWebIdentity"]
    if tags:
        wanted.append("sts:TagSession")
    if facts.source_identity is not None:
        wanted.append("sts:SetSourceIdentity")
    known = {**target.facts(), **_claims(recognised), **request_facts(tags, facts.transitive)}
    known |= {"sts:rolesessionname": asked.name, "aws:federatedprovider": recognised.arn}
    if facts.source_identity is not None:
        known["sts:sourceidentity"] = facts.source_identity
    requester = Requester(
        target.row.account, recognised.arn, recognised.subject, RequesterType.WEB_IDENTITY, facts=known
    )
    context = CallContext(call, known, target.row.account)
    for action in wanted:
        request = Request(requester, action, target.row.arn, target.row.account, context)
        decision = decide_trust(request, NO_POLICIES, target.trust)
        if not decision.allowed:
            return request, decision
    return None


def _claims(recognised: Recognised) -> dict[str, Value]:
    """Tell the token's claims as condition keys: ``<issuer>:sub`` and the like."""
    found: dict[str, Value] = {}
    prefix = recognised.provider.address.lower()
    for name, value in recognised.claims.items():
        texts = [_text(one) for one in (value if isinstance(value, list) else [value])]
        plain = tuple(one for one in texts if one is not None)
        if plain and len(plain) == len(texts):
            found[f"{prefix}:{name.lower()}"] = plain if isinstance(value, list) else plain[0]
    found[f"{prefix}:aud"] = recognised.audience
    found[f"{prefix}:sub"] = recognised.subject
    return {key: bounded(value) for key, value in found.items()}


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None
