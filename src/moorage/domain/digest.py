"""The content address of some bytes."""

import hashlib
import re
from enum import StrEnum
from typing import Self

from moorage.domain.errors import InvalidDigest
from moorage.domain.names import Tag

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z|sha512:[0-9a-f]{128}\Z")


class Algorithm(StrEnum):
    """The registered digest algorithms (OCI image specification 1.1 "descriptor.md")."""

    SHA256 = "sha256"
    SHA512 = "sha512"


class Digest(str):
    """A content address such as ``sha256:9f86d0…``; ECR makes and takes SHA-256 only."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if _DIGEST.match(text) is None:
            raise InvalidDigest(text)
        return cls(text)

    @classmethod
    def parse_canonical(cls, text: str) -> Self:
        """Read a digest of the one algorithm that ECR knows.

        Raises:
            InvalidDigest

        """
        found = cls.parse(text)
        if found.algorithm is not Algorithm.SHA256:
            raise InvalidDigest(text)
        return found

    @classmethod
    def of(cls, content: bytes, algorithm: Algorithm = Algorithm.SHA256) -> Self:
        return cls(f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}")

    @property
    def algorithm(self) -> Algorithm:
        return Algorithm(self.partition(":")[0])

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
