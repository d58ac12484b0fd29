"""ECR's view of a manifest: an image with its tags, times and size; and what pushing one came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from msgspec import Struct

from moorage.domain.digest import Digest
from moorage.domain.names import Tag

NAMED_PARENTS: Final = 10  # indexes that a refusal names, however many refer to the image


@dataclass(frozen=True, slots=True)
class Image:
    """One manifest in one repository."""

    digest: Digest
    media_type: str
    artifact_type: str | None
    size: int
    pushed_at: int
    subject: str | None
    pulled_at: int | None
    tags: tuple[str, ...] = ()


class StoredManifest(Struct, frozen=True, gc=False):
    """A manifest as it was pushed, with what one needs to serve it."""

    digest: Digest
    media_type: str
    body: bytes


class Pushed(StrEnum):
    """What a push came to; ``UNCHANGED`` is a success on ``/v2/`` and ImageAlreadyExists in the JSON API."""

    CREATED = "created"
    TAGGED = "tagged"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class ImagePush:
    """The outcome of PutImage."""

    pushed: Pushed
    digest: Digest
    media_type: str
    tag: Tag | None
    subject: Digest | None


@dataclass(frozen=True, slots=True)
class ImageId:
    """What a caller named: a digest, a tag, both or (wrongly) neither, as text that nobody has judged yet."""

    digest: str | None = None
    tag: str | None = None


class ImageFailureCode(StrEnum):
    """Why one of several images could not be had (spec/ecr/errors.md section 1.4)."""

    INVALID_DIGEST = "InvalidImageDigest"
    INVALID_TAG = "InvalidImageTag"
    MISMATCH = "ImageTagDoesNotMatchDigest"
    NOT_FOUND = "ImageNotFound"
    MISSING = "MissingDigestAndTag"
    REFERENCED = "ImageReferencedByManifestList"


@dataclass(frozen=True, slots=True)
class ImageFailure:
    """One image of a batch that failed; the others are not affected."""

    asked: ImageId
    code: ImageFailureCode
    reason: str
    parents: tuple[str, ...] = ()  # indexes that refer to the image, where that is why: those to name, and one


def listed_parents(parents: Sequence[str]) -> str:
    """Name the first indexes that refer to an image, in ECR's form, and tell when there are more."""
    more = ", and more" if len(parents) > NAMED_PARENTS else ""
    return f"[{', '.join(parents[:NAMED_PARENTS])}{more}]"
