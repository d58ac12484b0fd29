"""Sign a request, in a header or as an address that anyone may use for a while."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from hmac import digest

from moorage.sigv4.canonical import (
    ALGORITHM,
    SIGNATURE_PARAMETER,
    TERMINATOR,
    canonical_request,
    encode,
    string_to_sign,
)
from moorage.sigv4.form import read_expires
from moorage.sigv4.head import Head
from moorage.sigv4.key import signing_key
from moorage.sigv4.moment import basic

# Proxies on the way may change these, add them or take them off.
_NEVER_SIGNED = frozenset(
    {
        "authorization",
        "connection",
        "expect",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
    }
)


@dataclass(frozen=True, slots=True)
class Signer:
    """A credential, and the region and service that it signs for."""

    access_key_id: str
    secret: str = field(repr=False)
    region: str
    service: str
    session_token: str | None = field(default=None, repr=False)

    def credential(self, at: datetime) -> str:
        return f"{self.access_key_id}/{basic(at)[:8]}/{self.region}/{self.service}/{TERMINATOR}"


def sign(head: Head, signer: Signer, *, at: datetime, body: bytes) -> tuple[tuple[str, str], ...]:
    """Return the headers that make a request a signed one; ``head`` has its host, and none of these yet."""
    added = [("x-amz-date", basic(at))]
    if signer.session_token is not None:
        added.append(("x-amz-security-token", signer.session_token))
    whole = Head(head.method, head.path, head.query, (*head.headers, *added))
    signed = _names(whole.headers)
    authorization = (
        f"{ALGORITHM} Credential={signer.credential(at)}, SignedHeaders={';'.join(signed)},"
        f" Signature={_signature(whole, signed, signer, at=at, body=body)}"
    )
    return (*added, ("authorization", authorization))


def presign(head: Head, signer: Signer, *, at: datetime, expires: int, body: bytes = b"") -> str:
    """Return the query string that makes a request a signed one for ``expires`` seconds.

    Whoever uses the address must send the headers of ``head``, and this very body.
    """
    signed = _names(head.headers)
    parameters = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": signer.credential(at),
        "X-Amz-Date": basic(at),
        "X-Amz-Expires": str(read_expires(str(expires))),
        "X-Amz-SignedHeaders": ";".join(signed),
    }
    if signer.session_token is not None:
        parameters["X-Amz-Security-Token"] = signer.session_token
    query = "&".join(f"{name}={encode(value)}" for name, value in parameters.items())
    if head.query:
        query = f"{head.query}&{query}"
    whole = Head(head.method, head.path, query, head.headers)
    return f"{query}&{SIGNATURE_PARAMETER}={_signature(whole, signed, signer, at=at, body=body)}"


def _names(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted({name for name, _ in headers} - _NEVER_SIGNED))


def _signature(head: Head, signed: tuple[str, ...], signer: Signer, *, at: datetime, body: bytes) -> str:
    request = canonical_request(head, signed, sha256(body).hexdigest())
    text = string_to_sign(request, at=basic(at), region=signer.region, service=signer.service)
    return digest(signing_key(signer.secret, basic(at)[:8], signer.region, signer.service), text, "sha256").hex()
