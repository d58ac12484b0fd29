"""The Range header of a GET (RFC 9110 section 14): one range of bytes, anything else is passed over.

A range that ends before it begins may be refused or passed over, says the RFC; the OCI suite wants it refused.
"""

import re
from dataclasses import dataclass

# Blanks are never given back: two runs of them side by side would be cut in every possible way.
_RANGE = re.compile(r"bytes=\s*+([0-9]{0,18})\s*+-\s*+([0-9]{0,18})\s*+\Z", re.IGNORECASE)


class RangeUnsatisfiable(Exception):
    """The range lies behind the end of the content, or ends before it begins."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from ``first`` up to and without ``end``."""

    first: int
    end: int


def read_range(header: str | None, size: int) -> ByteRange | None:
    """Find the stretch that is asked for; None for all of it, as for several ranges and for what cannot be read.

    Raises:
        RangeUnsatisfiable

    """
    found = None if header is None else _RANGE.match(header)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        wanted = min(int(found[2]), size)
        if wanted == 0:
            raise RangeUnsatisfiable
        return ByteRange(size - wanted, size)
    first = int(found[1])
    last = int(found[2]) if found[2] else size - 1
    if first >= size or last < first:
        raise RangeUnsatisfiable
    return ByteRange(first, min(last + 1, size))
