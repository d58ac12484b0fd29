"""A blob on its way out: its size, and where its bytes are, for an edge that knows no blob store."""

from msgspec import Struct


class Content(Struct, frozen=True):
    """``size`` bytes that lie in the file ``path``, or are here."""

    size: int
    path: str = ""
    body: bytes | None = None
