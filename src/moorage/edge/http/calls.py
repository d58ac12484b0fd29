"""From a request and its credential to a call, and what is known of it for its log line."""

from dataclasses import dataclass

from moorage.domain.names import AccountId, Region
from moorage.edge.http.request import Request
from moorage.operations.authenticate import Signed
from moorage.operations.env import Call


@dataclass(slots=True)
class Trace:
    """What is known of a request so far, for its log line."""

    caller: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Credential:
    """With what a request comes: an access key, or a token made with one."""

    account: AccountId
    access_key_id: str
    key_mark: str | None = None


def call_of(request: Request, credential: Credential, region: Region, *, at: int) -> Call:
    return Call(
        request_id=request.id,
        at=at,
        account=credential.account,
        access_key_id=credential.access_key_id,
        region=region,
        secure=request.origin.secure,
        user_agent=request.headers.get("user-agent") or "",
        port=request.origin.port if request.origin.trusted else None,
        key_mark=credential.key_mark,
    )


def signed_call(request: Request, signed: Signed, *, at: int) -> Call:
    """Make the call of a signed request: its region is the signature's scope."""
    credential = Credential(signed.principal.caller.account, signed.principal.access_key_id)
    return call_of(request, credential, Region(signed.claim.region), at=at)
