"""Names that were judged once: account, region, repository and tag; inside the house they cannot be wrong.

Grammar: spec/ecr/registry-http.md section 1, ECR's service model, and the OCI distribution specification.
"""

import re
from typing import Self

from moorage.domain.errors import InvalidAccountId, InvalidRegion, InvalidRepositoryName, InvalidTag

_ACCOUNT = re.compile(r"[0-9]{12}\Z")
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]+\Z")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*)*\Z")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}\Z")

REPOSITORY_NAME_LENGTHS = range(2, 257)


class AccountId(str):
    """The twelve digits of an account; as ``registry_id`` the name of a registry."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if _ACCOUNT.match(text) is None:
            raise InvalidAccountId(text)
        return cls(text)


class Region(str):
    """A region such as ``us-east-1``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if len(text) > 25 or _REGION.match(text) is None:  # noqa: PLR2004 - the model's own bound
            raise InvalidRegion(text)
        return cls(text)


class RepositoryName(str):
    """A repository's name, with slashes."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if len(text) not in REPOSITORY_NAME_LENGTHS or _REPOSITORY.match(text) is None:
            raise InvalidRepositoryName(text)
        return cls(text)


def may_fit(pattern: str) -> bool:
    """Tell whether a pattern, in which ``*`` is any run of characters, fits any repository's name.

    Whatever can stand inside a name can stand between two letters: a star beside a piece can bring each of them.
    """
    first, *rest = pattern.split("*")
    if not rest:
        return len(pattern) in REPOSITORY_NAME_LENGTHS and _REPOSITORY.match(pattern) is not None
    *middle, last = rest
    pieces = (f"{first}a", *(f"a{piece}a" for piece in middle), f"a{last}")
    shortest = len(pattern) - pattern.count("*")
    return shortest < REPOSITORY_NAME_LENGTHS.stop and all(_REPOSITORY.match(piece) for piece in pieces)


class Tag(str):
    """A movable name for one manifest in one repository."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        if _TAG.match(text) is None:
            raise InvalidTag(text)
        return cls(text)
