"""Spans of time as people write them."""

import re
from typing import Final

from moorage.cli.refused import Refused

_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_LONGEST: Final = 9  # digits


def read_seconds(text: str, longest: str) -> int:
    """Read ``90s``, ``15m`` or ``12h``.

    Raises:
        Refused: it is none; ``longest`` is the example of a long one

    """
    found = re.fullmatch(r"([0-9]+)([smh]?)", text.strip())
    if found is None or len(found[1]) > _LONGEST:
        raise Refused(f"--ttl {text} is no time: write 90s, 15m or {longest}")
    return int(found[1]) * _UNITS[found[2]]
