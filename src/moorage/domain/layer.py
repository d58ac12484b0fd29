"""Blobs in the role of layers, and the uploads that become blobs."""

from dataclasses import dataclass
from enum import StrEnum

from moorage.domain.digest import Digest

PART_MINIMUM = 5 * 1024 * 1024
PARTS_LIMIT = 4200
LAYER_LIMIT = 52_000 * 1024 * 1024
SUGGESTED_PART = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """Whole bytes that a repository links to: where they lie and how many they are.

    Few bytes lie in the metadata, as ``content`` where it was asked for; they have no storage key then.
    """

    digest: Digest
    storage_key: str
    size: int
    media_type: str | None = None
    referenced: bool = True
    content: bytes | None = None

    @property
    def has_file(self) -> bool:
        return self.storage_key != ""


@dataclass(frozen=True, slots=True)
class Upload:
    """One resumable session: everything another process needs to go on with it.

    ``short_parts`` counts parts under 5 MiB that another part followed. ``small`` are the bytes themselves as long as
    they are few, None when they lie in the draft. An upload that has not ``begun`` has no row yet; one that is
    ``over`` was finished or cancelled.
    """

    id: str
    owner: str
    draft: str
    offset: int = 0
    hash_state: bytes | None = None
    parts: int = 0
    last_part: int = 0
    short_parts: int = 0
    small: bytes | None = None
    over: bool = False
    begun: bool = False


class Completed(StrEnum):
    """What finishing an upload came to; ``EXISTED`` is LayerAlreadyExists in the JSON API, 201 on ``/v2/``."""

    LINKED = "linked"
    EXISTED = "existed"


class LayerFailureCode(StrEnum):
    """Why the availability of one of several layers could not be told."""

    INVALID = "InvalidLayerDigest"
    MISSING = "MissingLayerDigest"


@dataclass(frozen=True, slots=True)
class LayerState:
    """One digest that was asked for; ``blob`` is None where the repository does not hold it."""

    digest: str
    blob: Blob | None


@dataclass(frozen=True, slots=True)
class LayerFailure:
    """One digest of a batch that could not be looked for."""

    asked: str
    code: LayerFailureCode
    reason: str
