"""Who signed a request: the key's owner, judged before a body is read; and whether the body is the one signed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from moorage.domain.caller import CallerKind
from moorage.domain.errors import CredentialUnknown
from moorage.domain.identityfacts import SessionExpired
from moorage.domain.sessions import SessionKind
from moorage.operations.env import Env
from moorage.operations.keyring import Purpose, SealBroken, from_text, to_text
from moorage.operations.keyuses import Use, Used
from moorage.operations.principals import Principal
from moorage.sigv4.check import check_scope, check_time
from moorage.sigv4.claim import Claim, parse
from moorage.sigv4.head import Head
from moorage.sigv4.verify import verify


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose key, date and scope are good; its signature is not verified yet."""

    claim: Claim
    principal: Principal
    at: int


async def identify(
    env: Env, head: Head, *, services: Collection[str], at: int, regions: Collection[str] | None = None
) -> Signed:
    """Judge everything about a signed request that needs no body; ``regions`` are those served unless told.

    Raises:
        SignatureRefused: in its kinds
        CredentialUnknown: nobody's key, an inactive one, or one whose session token is missing or another's
        SessionExpired

    """
    claim = parse(head)
    check_scope(claim, regions=env.regions if regions is None else regions, services=services)
    check_time(claim, datetime.fromtimestamp(at / 1_000_000, UTC))
    principal = await env.principals.find_now(claim.access_key_id)
    if principal is None or not _has_its_token(env, principal, claim.session_token):
        raise CredentialUnknown
    if principal.session is not None and at >= principal.session.expires_at:
        raise SessionExpired
    return Signed(claim, principal, at)


def _note_use(env: Env, principal: Principal, claim: Claim, at: int) -> None:
    caller = principal.caller
    if caller.kind is CallerKind.ROLE:
        used = Used(caller.account, caller.unique_id.partition(":")[0], is_role=True)
    else:
        used = Used(caller.account, principal.access_key_id, is_role=False)
    env.key_uses.note(used, Use(at, claim.region, claim.service))


def session_token(env: Env, access_key_id: str) -> str:
    """Make the token that comes with temporary credentials: without it their key is nobody's."""
    nonce = env.ids.nonce()
    return to_text(env.keyring.seal(Purpose.SESSION_TOKEN, access_key_id.encode(), nonce=nonce))


def _has_its_token(env: Env, principal: Principal, token: str | None) -> bool:
    if principal.session is None:
        return token is None
    if token is None or principal.session.kind is SessionKind.TOKEN:
        return False
    try:
        opened = env.keyring.open(Purpose.SESSION_TOKEN, from_text(token))
    except SealBroken:
        return False
    return opened == principal.access_key_id.encode()


def verify_body(env: Env, signed: Signed, body_sha256: str) -> None:
    """Check the signature against what was received; only then is the key a used one.

    Raises:
        SignatureMismatch

    """
    verify(signed.claim, secret=signed.principal.secret, body_sha256=body_sha256, keys=env.signing_keys)
    _note_use(env, signed.principal, signed.claim, signed.at)
