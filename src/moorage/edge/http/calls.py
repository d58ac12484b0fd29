"""From a request and its credential to a call."""

from hashlib import sha256

from moorage.domain.names import AccountId, Region
from moorage.edge.http.request import Request
from moorage.operations.authenticate import Signed, verify_body
from moorage.operations.env import Call, Env
from moorage.operations.machinecredentials import SignedByMachine, verify_machine
from moorage.sigv4.errors import SignatureMismatch


def call_of(  # noqa: PLR0913 - what a credential is made of
    request: Request, account: AccountId, access_key_id: str, region: Region, *, at: int, key_mark: str | None = None
) -> Call:
    """Make the call of a request that came with an access key, or with a token made with one."""
    origin = request.origin
    return Call(
        request_id=request.id,
        at=at,
        account=account,
        access_key_id=access_key_id,
        region=region,
        secure=origin.secure,
        user_agent=request.headers.get("user-agent") or "",
        port=origin.port if origin.trusted else None,
        key_mark=key_mark,
        client=origin.client,
    )


def signed_call(request: Request, signed: Signed, *, at: int) -> Call:
    """Make the call of a signed request: its region is the signature's scope."""
    principal = signed.principal
    return call_of(request, principal.caller.account, principal.access_key_id, Region(signed.claim.region), at=at)


def verify_sent(env: Env, request: Request, signed: Signed, body: bytes) -> None:
    """Check the signature against the body that came, and note where a forged one came from.

    Raises:
        SignatureMismatch

    """
    try:
        verify_body(env, signed, sha256(body).hexdigest())
    except SignatureMismatch:
        request.blame()
        raise


def verify_machine_sent(env: Env, request: Request, signed: SignedByMachine, body: bytes) -> None:
    """Check a machine's signature as anybody's.

    Raises:
        SignatureMismatch

    """
    try:
        verify_machine(env, signed, sha256(body).hexdigest())
    except SignatureMismatch:
        request.blame()
        raise
