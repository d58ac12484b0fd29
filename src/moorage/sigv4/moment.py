"""The two ways a request writes its time: ISO 8601's basic form, and the form of HTTP's ``Date``."""

import re
from datetime import UTC, datetime

_BASIC = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
# RFC 7231 "IMF-fixdate"; mail's spelling of the zone is what some signers write.
_HTTP = re.compile(
    r"[A-Z][a-z]{2}, ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:GMT|UTC|[+-]0000)"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def basic(at: datetime) -> str:
    """Write a time as ``20260101T000000Z``."""
    at = at.astimezone(UTC)
    # Not strftime: it does not pad the years before 1000 on every system.
    return f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}Z"


def find_basic(text: str) -> datetime | None:
    """Read ``20260101T000000Z``; None if that is no time."""
    found = _BASIC.fullmatch(text)
    return None if found is None else _find_time(*map(int, found.groups()))


def find_http(text: str) -> datetime | None:
    """Read ``Thu, 01 Jan 2026 00:00:00 GMT``; None if that is no time."""
    found = _HTTP.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        return None
    day, year, *clock = (int(found[group]) for group in (1, 3, 4, 5, 6))
    return _find_time(year, _MONTHS.index(found[2]) + 1, day, *clock)


def _find_time(*parts: int) -> datetime | None:
    year, month, day, hour, minute, second = parts
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
