"""What a repository holds, in memory and by the simplest means: what both faces have to say of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from protocol.registry import described
from support.images import DOCKER, OCI, MediaTypes
from support.layers import digest_of

# The third is a file, the others lie in the metadata: the server keeps at most 65,536 bytes there.
CONTENTS = (b"{}", b"a layer", b"another layer" * 5_100, b"a third", b"")
TAGS = ("v1", "v2", "stable")
SBOM = "application/vnd.example.sbom"
PART_MINIMUM = 5 * 1024 * 1024


class Outcome(Enum):
    """What a change came to; the two faces have their own codes for each."""

    DONE = auto()
    SAME = auto()  # nothing changed: a success over /v2/
    MISSING = auto()
    IMMUTABLE = auto()
    NO_IMAGE = auto()
    REFERENCED = auto()
    NO_UPLOAD = auto()
    WRONG_BYTES = auto()
    SMALL_PART = auto()
    OUT_OF_ORDER = auto()
    EMPTY = auto()
    MOVED = auto()  # of a pull: what the tag names since it was moved


@dataclass(frozen=True, slots=True)
class Pushed:
    """A manifest that may be pushed: its bytes, and what has to be there before."""

    body: bytes
    blobs: tuple[bytes, ...] = ()
    children: tuple["Pushed", ...] = ()

    @property
    def digest(self) -> str:
        return digest_of(self.body)

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def media_type(self) -> str:
        return str(self.document["mediaType"])

    @property
    def artifact_type(self) -> str | None:
        """Tell what kind of thing it is; an image that does not say so is of its config's kind."""
        told = self.document.get("artifactType") or self.document.get("config", {}).get("mediaType")
        return None if told is None else str(told)

    @property
    def subject(self) -> str | None:
        """Give the digest of what it points at."""
        subject = self.document.get("subject")
        return None if subject is None else str(subject["digest"])

    @property
    def descriptor(self) -> dict[str, object]:
        """Describe it as a list of referrers does."""
        told = {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body)}
        more = {"artifactType": self.artifact_type, "annotations": self.document.get("annotations")}
        return told | {name: value for name, value in more.items() if value is not None}

    @property
    def size(self) -> int:
        return sum(map(len, self.blobs)) or max((child.size for child in self.children), default=0)


def _image(layer: bytes, types: MediaTypes, **members: object) -> Pushed:
    document = {
        "schemaVersion": 2,
        "mediaType": types.manifest,
        "config": described(CONTENTS[0], types.config),
        "layers": [described(layer, types.layer)],
    }
    return Pushed(json.dumps(document | members).encode(), (CONTENTS[0], layer))


def _index(*children: Pushed, **members: object) -> Pushed:
    manifests = [described(child.body, child.media_type) for child in children]
    document = {"schemaVersion": 2, "mediaType": OCI.index, "manifests": manifests}
    return Pushed(json.dumps(document | members).encode(), children=children)


_IMAGES = (
    _image(CONTENTS[1], OCI),
    _image(CONTENTS[1], OCI, annotations={"a": "b"}),
    _image(CONTENTS[2], DOCKER),
    _image(CONTENTS[3], OCI, artifactType=SBOM, subject=described(b"elsewhere")),
)
_INDEXES = (_index(_IMAGES[0]), _index(_IMAGES[0], _IMAGES[2]), _index())
_SUBJECTS = (_IMAGES[0], _INDEXES[1])  # of what is pushed, these are pointed at
_TO_IMAGE, _TO_INDEX = (described(each.body, each.media_type) for each in _SUBJECTS)
_REFERRERS = (
    _image(CONTENTS[1], OCI, artifactType=SBOM, subject=_TO_IMAGE, annotations={"number": "1"}),
    _image(CONTENTS[2], OCI, subject=_TO_IMAGE),
    _image(CONTENTS[3], DOCKER, subject=_TO_INDEX),
    _index(_IMAGES[0], artifactType=SBOM, subject=_TO_IMAGE),
    _index(subject=_TO_INDEX, annotations={"number": "2"}),
)
MANIFESTS: Sequence[Pushed] = (*_IMAGES, *_INDEXES, _index(_INDEXES[0], _IMAGES[3]), *_REFERRERS)
BY_DIGEST: Mapping[str, Pushed] = {manifest.digest: manifest for manifest in MANIFESTS}
SUBJECTS = (*(each.digest for each in _SUBJECTS), digest_of(b"elsewhere"), _REFERRERS[0].digest)  # the last of nothing


@dataclass(slots=True)
class Held:
    """One repository."""

    images: dict[str, Pushed] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)
    uploads: dict[str, list[bytes]] = field(default_factory=dict)
    mutability: str = "MUTABLE"
    excluded: str | None = None  # a tag that the mutability does not hold for
    shared: bool = False  # whether its policy lets the other account pull

    def put(self, manifest: Pushed, tag: str | None) -> Outcome:
        if not {digest_of(blob) for blob in manifest.blobs} <= self.blobs:
            return Outcome.MISSING
        if not {child.digest for child in manifest.children} <= self.images.keys():
            return Outcome.MISSING
        if tag in self.tags and not self._may_move(tag):
            return Outcome.IMMUTABLE
        if tag is not None and self.tags.get(tag) == manifest.digest:
            return Outcome.SAME
        is_new = manifest.digest not in self.images
        self.images[manifest.digest] = manifest
        if tag is not None:
            self.tags[tag] = manifest.digest
        return Outcome.DONE if is_new or tag is not None else Outcome.SAME

    def delete(self, reference: str) -> Outcome:
        """Delete a tag, with its last one the image, or an image by its digest."""
        digest = self.tags.get(reference, reference)
        if digest not in self.images:
            return Outcome.NO_IMAGE
        if reference in self.tags and len(self.tags_of(digest)) > 1:
            del self.tags[reference]
            return Outcome.DONE
        if any(child.digest == digest for image in self.images.values() for child in image.children):
            return Outcome.REFERENCED
        del self.images[digest]
        self.tags = {tag: named for tag, named in self.tags.items() if named != digest}
        return Outcome.DONE

    def send(self, upload: str, first: int, part: bytes) -> Outcome:
        if upload not in self.uploads:
            return Outcome.NO_UPLOAD
        if first != len(b"".join(self.uploads[upload])):
            return Outcome.OUT_OF_ORDER
        self.uploads[upload].append(part)
        return Outcome.DONE

    def finish(self, upload: str, digest: str, *, empty: bool) -> Outcome:
        """Make a blob of an upload; ``empty`` when one without bytes is taken."""
        if upload not in self.uploads:
            return Outcome.NO_UPLOAD
        parts = self.uploads[upload]
        if not parts and not empty:
            return Outcome.EMPTY
        if len(parts) > 1:
            return Outcome.SMALL_PART
        if digest_of(b"".join(parts)) != digest:
            return Outcome.WRONG_BYTES
        del self.uploads[upload]
        return self.keep(digest)

    def keep(self, digest: str) -> Outcome:
        there = digest in self.blobs
        self.blobs.add(digest)
        return Outcome.SAME if there else Outcome.DONE

    def cancel(self, upload: str) -> Outcome:
        return Outcome.NO_UPLOAD if self.uploads.pop(upload, None) is None else Outcome.DONE

    def tags_of(self, digest: str) -> list[str]:
        return sorted(tag for tag, named in self.tags.items() if named == digest)

    def referrers_of(self, subject: str, artifact_type: str | None = None) -> list[dict[str, object]]:
        """Describe what points at a subject, by digest, whether or not the subject is here."""
        pointing = [image for _, image in sorted(self.images.items()) if image.subject == subject]
        return [image.descriptor for image in pointing if artifact_type in {None, image.artifact_type}]

    def names(self, digest: str) -> bool:
        """Tell whether an image needs the blob."""
        return any(digest == digest_of(blob) for image in self.images.values() for blob in image.blobs)

    def _may_move(self, tag: str | None) -> bool:
        return self.mutability.startswith("MUTABLE") != (tag == self.excluded)
