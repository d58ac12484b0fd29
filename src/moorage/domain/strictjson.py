"""JSON that means one thing only: no duplicate keys, no NaN, no bytes after the end.

Two readers of one document must never disagree about it (CVE-2021-41190 and its kin), so what another parser might
read differently is refused.
"""

import json
import re
from collections.abc import Iterable, Sequence

from moorage.domain.errors import RegistryError

DEEPEST = 64
MOST = 131_072  # parts of one document: each costs far more than its two bytes
# Text that does not end is text too: without that, each quotation mark in it would be read from to the end.
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


class NotStrictJson(RegistryError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotStrictJson("a key stands twice in one object")
    return found


def _constant(name: str) -> object:
    raise NotStrictJson(f"{name} is not JSON")


def loads(content: bytes) -> object:
    """Parse UTF-8 JSON strictly, at most ``DEEPEST`` levels and ``MOST`` parts of it.

    Raises:
        NotStrictJson: with the reason in one lower-case sentence

    """
    if _parts(content) > MOST and _parts(_TEXT.sub(b"", content)) > MOST:
        raise NotStrictJson("it has too many parts")
    try:
        text = content.decode("utf-8")
        found: object = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except UnicodeDecodeError:
        raise NotStrictJson("it is not UTF-8") from None
    except RecursionError:
        raise NotStrictJson("it is nested too deeply") from None
    except ValueError:
        raise NotStrictJson("it is not JSON") from None
    # Only many brackets nest deep: nearly no document is walked.
    if content.count(b"[") + content.count(b"{") > DEEPEST and _depth(found) > DEEPEST:
        raise NotStrictJson("it is nested too deeply")
    if b"\\u" in content and _has_lone_surrogate(found):
        raise NotStrictJson("it holds half of a surrogate pair")
    return found


def _parts(content: bytes) -> int:
    """Count objects, lists and what stands in them, nearly."""
    return sum(map(content.count, (b"[", b"{", b",")))


def _depth(document: object) -> int:
    depth, level = 0, [document]
    while level := [child for value in level for child in _children(value)]:
        depth += 1
    return depth


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _has_lone_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
