"""The one text that a signer and a verifier must both arrive at ("Create a canonical request", IAM User Guide)."""

import re
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import quote, unquote_to_bytes

from moorage.sigv4.head import Head

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
SIGNATURE_PARAMETER = "X-Amz-Signature"

_BLANKS = re.compile(r"\s+", re.ASCII)


def encode(text: str | bytes, *, safe: str = "") -> str:
    """Percent-encode everything but RFC 3986's unreserved characters."""
    # A lone surrogate has no UTF-8, yet no text may make this fail or look like another text.
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return quote(content, safe=safe + "-_.~")


def canonical_uri(path: str) -> str:
    """Normalise a path (RFC 3986 section 5.2.4, and no empty segments), then encode it."""
    if path in {"", "/"}:
        return "/"
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return f"/{encode('/'.join(kept), safe='/')}{end}"


def query_pairs(query: str) -> list[tuple[bytes, bytes]]:
    """Decode a query string as the edges do: a plus sign is a space, and there may be names without values.

    Bytes, since two different sequences that are no UTF-8 must stay different.
    """
    if not query:
        return []
    pairs = (piece.replace("+", " ").partition("=") for piece in query.split("&"))
    return [(unquote_to_bytes(name), unquote_to_bytes(value)) for name, _, value in pairs]


def canonical_query(query: str) -> str:
    """Sort by encoded name, then by encoded value; the signature itself is left out."""
    if not query:
        return ""
    encoded = sorted((encode(name), encode(value)) for name, value in query_pairs(query))
    return "&".join(f"{name}={value}" for name, value in encoded if name != SIGNATURE_PARAMETER)


def trim(value: str) -> str:
    """Drop blanks around a header's value and make inner runs of them one space."""
    # str.split is five times faster, but would also split at characters beyond ASCII.
    return " ".join(value.split()) if value.isascii() else _BLANKS.sub(" ", value).strip(" ")


def canonical_headers(head: Head, signed: Sequence[str]) -> str:
    """One line for each signed name, in the order given; repeated headers are joined by commas."""
    values: dict[str, str] = {}
    names = frozenset(signed)
    for name, value in head.headers:
        if name in names:
            before = values.get(name)
            values[name] = trim(value) if before is None else f"{before},{trim(value)}"
    return "".join([f"{name}:{values.get(name, '')}\n" for name in signed])


def canonical_request(head: Head, signed: Sequence[str], body_sha256: str) -> str:
    return (
        f"{head.method}\n{canonical_uri(head.path)}\n{canonical_query(head.query)}\n"
        f"{canonical_headers(head, signed)}\n{';'.join(signed)}\n{body_sha256}"
    )


def string_to_sign(request: str, *, at: str, region: str, service: str) -> bytes:
    """Bind a canonical request to its time, written in ISO 8601's basic form, and to its scope."""
    digest = sha256(request.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{ALGORITHM}\n{at}\n{at[:8]}/{region}/{service}/{TERMINATOR}\n{digest}".encode()
