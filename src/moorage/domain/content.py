"""A blob on its way out: its size, and where its bytes are, for an edge that knows no blob store."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """``size`` bytes that lie in the file ``path``."""

    size: int
    path: str
