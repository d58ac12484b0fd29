"""The Accept header of a request (RFC 9110 section 12.5.1), as far as manifests need it: which types are taken."""

from collections.abc import Sequence
from functools import lru_cache

from moorage.domain.conversion import EVERYTHING, Accepts

_ALL = frozenset({"*/*", "application/*"})


def read_accept(values: Sequence[str]) -> Accepts:
    """Read the header; whoever sends none, or nothing readable, takes everything."""
    return _read(", ".join(values)) if values else EVERYTHING


@lru_cache(maxsize=64)  # clients of one kind all send the same
def _read(header: str) -> Accepts:
    named: set[str] = set()
    refused: set[str] = set()
    for item in header.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        if media_type:
            (refused if any(_is_none(parameter) for parameter in parameters) else named).add(media_type)
    return Accepts(bool(named & _ALL) or not named, frozenset(named), frozenset(refused))


def _is_none(parameter: str) -> bool:
    """Whether this is the weight nought."""
    name, _, weight = parameter.partition("=")
    return name.strip() == "q" and weight.strip() in {"0", "0.", "0.0", "0.00", "0.000"}
