"""The two forms in which a request may carry its signature: the Authorization header, and the query string."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from moorage.sigv4.canonical import ALGORITHM, SIGNATURE_PARAMETER, query_pairs
from moorage.sigv4.errors import SignatureIncomplete
from moorage.sigv4.moment import find_basic, find_http

# In a presigned address, what is not one of these belongs to the operation.
_PARAMETERS = {
    name.encode(): name
    for name in (
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Security-Token",
        "X-Amz-SignedHeaders",
        SIGNATURE_PARAMETER,
    )
}
_FIELDS = ("Credential", "Signature", "SignedHeaders")
_LONGEST_AUTHORIZATION = 8192
_LONGEST_QUERY = 32768
_LONGEST_PRESIGNED = 604800  # seconds: a week
_ALGORITHM_NAME = re.compile(r"AWS[A-Z0-9-]{1,40}")


@dataclass(frozen=True, slots=True)
class Written:
    """What either form says, before anybody has asked whether its parts fit together."""

    credential: str
    signed_headers: str
    signature: str = field(repr=False)
    at: datetime
    session_token: str | None = field(repr=False)
    expires: int | None  # seconds; only a presigned address says it


def read_header(headers: Mapping[str, str]) -> Written:
    """Read ``AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…``."""
    authorization = headers["authorization"]
    if len(authorization) > _LONGEST_AUTHORIZATION:
        raise SignatureIncomplete("Authorization header is too long.")
    algorithm, _, rest = authorization.partition(" ")
    _expect_algorithm(algorithm)
    fields = _split_fields(rest)
    date = headers.get("x-amz-date", headers.get("date"))
    missing = [f"Authorization header requires '{name}' parameter." for name in _FIELDS if not fields.get(name)]
    if date is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing or date is None:
        raise SignatureIncomplete(" ".join([*missing, f"Authorization={ALGORITHM}"]))
    return Written(
        credential=fields["Credential"],
        signed_headers=fields["SignedHeaders"],
        signature=fields["Signature"],
        at=_read_date(date, http_form="x-amz-date" not in headers),
        session_token=headers.get("x-amz-security-token"),
        expires=None,
    )


def find_parameters(query: str) -> dict[str, str]:
    """Collect what a query string says about a signature; none at all if the request is not presigned."""
    if not query:
        return {}
    found: dict[str, str] = {}
    for encoded, value in query_pairs(query):
        name = _PARAMETERS.get(encoded)
        if name is None:
            continue
        if name in found:
            raise SignatureIncomplete(f"AWS query-string parameters must include '{name}' only once.")
        found[name] = value.decode("utf-8", "replace")
    if found and len(query) > _LONGEST_QUERY:
        raise SignatureIncomplete("The query string of a presigned request is too long.")
    return found


def read_query(parameters: Mapping[str, str]) -> Written:
    """Read the parameters of a presigned address."""
    required = [name for name in _PARAMETERS.values() if name != "X-Amz-Security-Token"]
    missing = [f"AWS query-string parameters must include '{name}'." for name in required if not parameters.get(name)]
    if missing:
        raise SignatureIncomplete(" ".join([*missing, "Re-examine the query-string parameters."]))
    _expect_algorithm(parameters["X-Amz-Algorithm"])
    return Written(
        credential=parameters["X-Amz-Credential"],
        signed_headers=parameters["X-Amz-SignedHeaders"],
        signature=parameters[SIGNATURE_PARAMETER],
        at=_read_date(parameters["X-Amz-Date"], http_form=False),
        session_token=parameters.get("X-Amz-Security-Token"),
        expires=read_expires(parameters["X-Amz-Expires"]),
    )


def read_expires(text: str) -> int:
    """Read a presigned address's life in seconds, at most a week."""
    # At most six digits: int() takes quadratic time.
    if re.fullmatch(r"[0-9]{1,6}", text) is None or not 1 <= int(text) <= _LONGEST_PRESIGNED:
        raise SignatureIncomplete(f"X-Amz-Expires must be a number of seconds between 1 and {_LONGEST_PRESIGNED}.")
    return int(text)


def _split_fields(text: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for piece in text.split(",") if text.strip() else ():
        name, equals, value = piece.strip().partition("=")
        if not equals:
            raise SignatureIncomplete("Not a valid key=value pair (missing equal-sign) in Authorization header.")
        if name not in _FIELDS:
            raise SignatureIncomplete(f"Authorization header may have these parameters only: {_listed(_FIELDS)}.")
        if name in fields:
            raise SignatureIncomplete(f"Authorization header has more than one '{name}' parameter.")
        fields[name] = value
    return fields


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _expect_algorithm(algorithm: str) -> None:
    if algorithm == ALGORITHM:
        return
    # Another scheme's first word may be a secret already, so only what looks like an algorithm is repeated.
    shown = f": '{algorithm}'" if _ALGORITHM_NAME.fullmatch(algorithm) else ""
    raise SignatureIncomplete(f"Unsupported AWS 'algorithm'{shown}.")


def _read_date(text: str, *, http_form: bool) -> datetime:
    at = find_basic(text)
    if at is None and http_form:
        at = find_http(text)
    if at is None:
        shown = text[:64]
        raise SignatureIncomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{shown}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    return at
