"""Conditional reads (RFC 9110 section 13): content has its digest for an entity tag, and never changes under one.

There is no date of change, so conditions on dates are passed over, as the RFC has it.
"""

import re

from moorage.edge.http.request import Headers

_TAG = re.compile(r'(W/)?"([^"]*)"')


def etag(digest: str) -> tuple[str, str]:
    return "etag", f'"{digest}"'


def refusal(headers: Headers, digest: str) -> int | None:
    """Give the status that answers a condition instead of the content: 412 or 304."""
    wanted = headers.get_all("if-match")
    if wanted and not _names(wanted, digest, weakly=False):
        return 412
    known = headers.get_all("if-none-match")
    return 304 if known and _names(known, digest, weakly=True) else None


def wanted_range(headers: Headers, digest: str) -> str | None:
    """Give the Range header, unless it holds for other content than there is (If-Range)."""
    asked = headers.get("range")
    if asked is None:
        return None
    only_of = headers.get("if-range")
    return asked if only_of is None or only_of.strip() == f'"{digest}"' else None


def _names(values: list[str], digest: str, *, weakly: bool) -> bool:
    told = ",".join(values)
    if told.strip() == "*":
        return True
    return any(tag == digest and (weakly or not weak) for weak, tag in _TAG.findall(told))
