"""Who signed a request: the key's owner, judged before a body is read; and whether the body is the one signed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from moorage.domain.errors import CredentialUnknown
from moorage.operations.env import Env
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


async def identify(
    env: Env, head: Head, *, services: Collection[str], at: int, regions: Collection[str] | None = None
) -> Signed:
    """Judge everything about a signed request that needs no body; ``regions`` are those served unless told.

    Raises:
        SignatureRefused: in its kinds
        CredentialUnknown: nobody's key, an inactive one, or a session that we never opened

    """
    claim = parse(head)
    check_scope(claim, regions=env.regions if regions is None else regions, services=services)
    check_time(claim, datetime.fromtimestamp(at / 1_000_000, UTC))
    principal = await env.principals.find_now(claim.access_key_id)
    if principal is None or claim.session_token is not None:
        # Sessions come with STS: until then no token was ever handed out, so none can be good.
        raise CredentialUnknown
    return Signed(claim, principal)


def verify_body(env: Env, signed: Signed, body_sha256: str) -> None:
    """Check the signature against what was received.

    Raises:
        SignatureMismatch

    """
    verify(signed.claim, secret=signed.principal.secret, body_sha256=body_sha256, keys=env.signing_keys)
