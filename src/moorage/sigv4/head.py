"""What a signature covers of a request besides its body."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Head:
    """A request's first line and headers; what may hold a secret stays out of its ``repr``.

    ``path`` is the path that the signer saw, which is the one on the wire: its percent signs are encoded once more,
    as every service but S3 does. An edge that is only given the decoded path may pass that where no escape can be.
    """

    method: str
    path: str
    query: str = field(repr=False)  # as sent, without the question mark
    headers: tuple[tuple[str, str], ...] = field(repr=False)  # names in lower case, in order, duplicates kept
