"""A repository: a name that owns manifests, tags, blob links and settings."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from msgspec import Struct

from moorage.domain.errors import InvalidParameter, Place
from moorage.domain.names import AccountId, Region, RepositoryName, Tag
from moorage.domain.wildcard import glob


class TagMutability(StrEnum):
    """Whether a tag may move (spec/ecr/policies.md section 2)."""

    MUTABLE = "MUTABLE"
    IMMUTABLE = "IMMUTABLE"
    MUTABLE_WITH_EXCLUSION = "MUTABLE_WITH_EXCLUSION"
    IMMUTABLE_WITH_EXCLUSION = "IMMUTABLE_WITH_EXCLUSION"


_WITH_EXCLUSION = frozenset({TagMutability.MUTABLE_WITH_EXCLUSION, TagMutability.IMMUTABLE_WITH_EXCLUSION})
_IMMUTABLE = frozenset({TagMutability.IMMUTABLE, TagMutability.IMMUTABLE_WITH_EXCLUSION})


@dataclass(frozen=True, slots=True)
class MutabilityRule:
    """A mutability with the wildcard filters whose tags are the exception."""

    mutability: TagMutability = TagMutability.MUTABLE
    exclusions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, mutability: TagMutability, exclusions: tuple[str, ...] | None) -> Self:
        """Judge the pair: filters and a ``…_WITH_EXCLUSION`` value come together or not at all.

        Raises:
            InvalidParameter

        """
        if mutability in _WITH_EXCLUSION and not exclusions:
            sentence = (
                f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mutability}"
            )
            raise InvalidParameter("imageTagMutabilityExclusionFilters", sentence)
        if exclusions and mutability not in _WITH_EXCLUSION:
            sentence = f"ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as {mutability}"
            raise InvalidParameter("imageTagMutabilityExclusionFilters", sentence)
        return cls(mutability, exclusions or ())

    def may_move(self, tag: Tag) -> bool:
        excepted = any(glob(pattern)(tag) for pattern in self.exclusions)
        return (self.mutability not in _IMMUTABLE) != excepted


class EncryptionType(StrEnum):
    """How blobs lie on the disk; what is not AES256 is refused until it is built."""

    AES256 = "AES256"
    KMS = "KMS"
    KMS_DSSE = "KMS_DSSE"


class RepositoryKey(Struct, frozen=True):
    """A repository by its registry and id alone: enough to look for what it holds."""

    account: AccountId
    region: Region
    id: str


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository; ``id`` is never used again, so a name deleted and made anew inherits nothing."""

    account: AccountId
    region: Region
    id: str
    name: RepositoryName
    created_at: int
    rule: MutabilityRule
    scan_on_push: bool
    encryption: EncryptionType = EncryptionType.AES256
    key_id: str = ""

    @property
    def key(self) -> RepositoryKey:
        return RepositoryKey(self.account, self.region, self.id)

    @property
    def place(self) -> Place:
        return Place(self.name, self.account)
