"""Who a request says signed it, and what the signature covers; nothing here is believed before ``verify``."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from moorage.sigv4.canonical import TERMINATOR
from moorage.sigv4.errors import SignatureIncomplete, SignatureMissing, WrongScope
from moorage.sigv4.form import Written, find_parameters, read_header, read_query
from moorage.sigv4.head import Head
from moorage.sigv4.moment import basic

# A second one of these would let two readers of one request disagree about it.
_ONCE = frozenset(
    {"authorization", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target"}
)
_MOST_SIGNED = 100
_LONGEST_TOKEN = 8192
_CREDENTIAL = re.compile(
    r"([A-Za-z0-9_]{1,128})/([0-9]{1,8})/([A-Za-z0-9-]{1,64})/([A-Za-z0-9-]{1,64})/([a-z0-9_]{1,32})"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature that can be read; its scope's day is the day of ``amz_date``."""

    head: Head
    access_key_id: str
    date: str  # YYYYMMDD
    region: str
    service: str
    signed_headers: tuple[str, ...]  # sorted, each once, all of them in the head
    signature: str = field(repr=False)
    amz_date: datetime
    session_token: str | None = field(repr=False)
    presigned_expires: int | None  # seconds; None when the signature is in a header
    declared_sha256: str | None  # what x-amz-content-sha256 says of the body


def parse(head: Head) -> Claim:
    """Read the one signature of a request.

    Raises:
        SignatureMissing, SignatureIncomplete, WrongScope

    """
    headers = _read_once(head)
    written = _read_form(headers, find_parameters(head.query))
    if written.session_token is not None and len(written.session_token) > _LONGEST_TOKEN:
        raise SignatureIncomplete("The security token is too long.")
    access_key_id, date, region, service = _read_credential(written)
    return Claim(
        head=head,
        access_key_id=access_key_id,
        date=date,
        region=region,
        service=service,
        signed_headers=_read_signed(written.signed_headers, headers),
        signature=written.signature,
        amz_date=written.at,
        session_token=written.session_token,
        presigned_expires=written.expires,
        declared_sha256=_read_declared(headers.get("x-amz-content-sha256")),
    )


def _read_once(head: Head) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in head.headers:
        if name in _ONCE and name in headers:
            raise SignatureIncomplete(f"The request has more than one '{name}' header.")
        headers[name] = value
    return headers


def _read_form(headers: Mapping[str, str], parameters: Mapping[str, str]) -> Written:
    if not parameters:
        if not headers.get("authorization"):
            raise SignatureMissing
        return read_header(headers)
    # Whichever form a reader prefers, a request with both would mean something else to another reader.
    for name in ("authorization", "x-amz-date", "x-amz-security-token"):
        if name in headers:
            raise SignatureIncomplete(f"A request signed in its query string may have no '{name}' header.")
    return read_query(parameters)


def _read_credential(written: Written) -> tuple[str, str, str, str]:
    found = _CREDENTIAL.fullmatch(written.credential)
    if found is None:
        raise SignatureIncomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
        )
    access_key_id, date, region, service, terminator = found.groups()
    wrong: list[str] = []
    if terminator != TERMINATOR:
        wrong.append(f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'.")
    at = basic(written.at)
    if date != at[:8]:
        wrong.append(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{date}' != '{at[:8]}', from '{at}'."
        )
    if wrong:
        raise WrongScope(wrong)
    return access_key_id, date, region, service


def _read_signed(text: str, headers: Collection[str]) -> tuple[str, ...]:
    names = tuple(text.split(";"))
    if len(names) > _MOST_SIGNED or names != tuple(sorted(set(names))):
        raise SignatureIncomplete(f"'SignedHeaders' must be sorted, each named once, at most {_MOST_SIGNED}.")
    if "host" not in names:
        raise SignatureIncomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    for name in names:
        if name not in headers:
            raise SignatureIncomplete(f"'SignedHeaders' names '{name}', which the request does not have.")
    for name in headers:
        if name.startswith("x-amz-") and name not in names:
            raise SignatureIncomplete(f"'{name}' must be a 'SignedHeader' in the AWS Authorization.")
    return names


def _read_declared(text: str | None) -> str | None:
    """Take the hash of a whole body only: unsigned and chunked payloads are S3's."""
    if text is not None and _SHA256.fullmatch(text) is None:
        raise SignatureIncomplete("'x-amz-content-sha256' must be the SHA-256 of the body, in lower-case hex.")
    return text
