"""The content address of some bytes."""

import re
from hashlib import sha256
from typing import Self

from moorage.domain.errors import InvalidDigest
from moorage.domain.names import Tag

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


class Digest(str):
    """A content address such as ``sha256:9f86d0…``; ECR knows SHA-256 only."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if _DIGEST.match(text) is None:
            raise InvalidDigest(text)
        return cls(text)

    @classmethod
    def of(cls, content: bytes) -> Self:
        return cls(f"sha256:{sha256(content).hexdigest()}")

    @property
    def hex(self) -> str:
        return self.partition(":")[2]


Reference = Tag | Digest


def parse_reference(text: str) -> Reference:
    """Tell a digest from a tag: only a digest has a colon.

    Raises:
        InvalidDigest, InvalidTag

    """
    return Digest.parse(text) if ":" in text else Tag.parse(text)
