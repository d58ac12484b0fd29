"""A manifest: the exact bytes as pushed, and what they say.

The bytes are never parsed and dumped again: what was pushed is what is served. Content confusion is refused at the
door (spec/ecr/registry-http.md section 4.3; OCI image specification 1.1 "manifest.md", "image-index.md").
"""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from moorage.domain import strictjson
from moorage.domain.digest import Algorithm, Digest
from moorage.domain.errors import InvalidDigest, ManifestInvalid, ManifestTooLarge
from moorage.domain.media import IMAGE_TYPES, INDEX_TYPES, SCHEMA_1, MediaType

MANIFEST_LIMIT = 4 * 1024 * 1024
_LARGEST_SIZE = 2**63 - 1
_LONGEST_TYPE = 255  # characters (RFC 6838)


def _folded(*names: str) -> Mapping[str, str]:
    return {name.casefold(): name for name in names}


_FIRST_SCHEMA = ("fsLayers", "history", "signatures")  # what Docker's first schema has in place of layers
# Some readers of JSON pass over the case of names: to them ``Layers``, or with a long s ``layer\u017f``, would be a
# second ``layers``.
_MEMBERS = _folded(
    *("schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"),
    *_FIRST_SCHEMA,
)
_DESCRIPTOR_MEMBERS = _folded("mediaType", "digest", "size", "urls", "data", "artifactType", "annotations", "platform")
_PLATFORM_MEMBERS = _folded("architecture", "os", "os.version", "os.features", "variant", "features")


class Role(StrEnum):
    """What a manifest needs another piece of content for."""

    CONFIG = "config"
    LAYER = "layer"
    CHILD = "child"


@dataclass(frozen=True, slots=True)
class Descriptor:
    """How content names content; ``urls`` are the other places that a layer is fetched from."""

    role: Role
    media_type: str
    digest: Digest
    size: int
    urls: tuple[str, ...] = ()

    @property
    def stored(self) -> bool:
        """Whether the content has to be here."""
        return not self.urls


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest, judged."""

    body: bytes
    digest: Digest
    media_type: MediaType
    tells_type: bool  # whether the bytes themselves say the media type
    artifact_type: str | None
    subject: Digest | None
    needs: tuple[Descriptor, ...]
    annotations: Mapping[str, str]  # those that are text: the others are nobody's to read

    @property
    def is_index(self) -> bool:
        return self.media_type in INDEX_TYPES

    def size(self, held: Mapping[str, int]) -> int:
        """Count the bytes of config and layers; of blobs that are ``held`` their true size, whatever the manifest says.

        For an index the operation asks the children instead.
        """
        return sum(held.get(need.digest, need.size) for need in self.needs if need.role is not Role.CHILD)

    @classmethod
    def parse(cls, body: bytes, declared: str | None, algorithm: Algorithm = Algorithm.SHA256) -> Self:
        """Judge ``body``, pushed under the media type ``declared`` (None when the caller named none).

        ``algorithm`` is the one of the digest that it will have.

        Raises:
            ManifestTooLarge, ManifestInvalid

        """
        if len(body) > MANIFEST_LIMIT:
            raise ManifestTooLarge(MANIFEST_LIMIT)
        try:
            document = strictjson.loads(body)
        except strictjson.NotStrictJson:
            raise ManifestInvalid("Invalid JSON syntax") from None
        if not isinstance(document, dict):
            raise ManifestInvalid("Invalid JSON syntax")
        _expect_spelled(document, _MEMBERS, "a member")
        media_type = _media_type(document, declared)
        read = _index if media_type in INDEX_TYPES else _image
        return cls(
            body=body,
            digest=Digest.of(body, algorithm),
            media_type=media_type,
            tells_type=bool(document.get("mediaType")),
            artifact_type=_artifact_type(document, media_type),
            subject=_subject(document),
            needs=read(document),
            annotations=_annotations(document),
        )


def _expect_spelled(found: Mapping[str, object], names: Mapping[str, str], place: str) -> None:
    if any(names.get(key.casefold(), key) != key for key in found):
        raise ManifestInvalid(f"{place}'s name is not spelled as the specification spells it")


def _expect_descriptor_spelled(found: Mapping[str, object], place: str) -> None:
    """Readers choose the child of an index by its platform: there two spellings are two images."""
    _expect_spelled(found, _DESCRIPTOR_MEMBERS, f"a member of {place}")
    platform = found.get("platform")
    if platform is None:
        return
    if not isinstance(platform, dict):
        raise ManifestInvalid(f"the platform of {place} must be an object")
    _expect_spelled(platform, _PLATFORM_MEMBERS, f"a member of the platform of {place}")


def _media_type(document: Mapping[str, object], declared: str | None) -> MediaType:
    inside = document.get("mediaType")
    if inside is not None and not isinstance(inside, str):
        raise ManifestInvalid("mediaType must be a string")
    if document.get("schemaVersion") == 1 or inside in SCHEMA_1 or declared in SCHEMA_1:
        raise ManifestInvalid("Docker image manifest version 2 schema 1 is not supported, push schema 2 or OCI")
    if document.get("schemaVersion") != 2 or not isinstance(document["schemaVersion"], int):  # noqa: PLR2004 - the version
        raise ManifestInvalid("schemaVersion must be 2")
    if inside is not None and declared is not None and inside != declared:
        raise ManifestInvalid("mediaType inside the manifest differs from the media type it was pushed under")
    found = inside or declared
    if not found:
        raise ManifestInvalid("image manifest mediatype not provided in manifest or parameter")
    if found not in IMAGE_TYPES and found not in INDEX_TYPES:
        raise ManifestInvalid("unsupported manifest media type")
    return MediaType(found)


def _image(document: Mapping[str, object]) -> tuple[Descriptor, ...]:
    if "manifests" in document:
        raise ManifestInvalid("an image manifest must not hold 'manifests'")
    _refuse_first_schema(document)
    config = _descriptor(document.get("config"), "config", Role.CONFIG)
    layers = document.get("layers")
    if not isinstance(layers, list):
        raise ManifestInvalid("an image manifest must hold a list 'layers'")
    needs = (config, *(_descriptor(layer, "layers", Role.LAYER) for layer in layers))
    if sum(need.size for need in needs) > _LARGEST_SIZE:
        raise ManifestInvalid("the sizes of config and layers add up to more than can be counted")
    return needs


def _refuse_first_schema(document: Mapping[str, object]) -> None:
    """Refuse members in which a reader of Docker's first schema would see other content."""
    for name in _FIRST_SCHEMA:
        if name in document:
            raise ManifestInvalid(f"'{name}' is of the first schema of manifests, which is not supported")


def _index(document: Mapping[str, object]) -> tuple[Descriptor, ...]:
    if "layers" in document or "config" in document:
        raise ManifestInvalid("an index must not hold 'layers' or 'config'")
    _refuse_first_schema(document)
    children = document.get("manifests")
    if not isinstance(children, list):
        raise ManifestInvalid("an index must hold a list 'manifests'")
    needs = tuple(_descriptor(child, "manifests", Role.CHILD) for child in children)
    if len({(need.digest, need.media_type, need.size) for need in needs}) > len({need.digest for need in needs}):
        raise ManifestInvalid("descriptors of one child in 'manifests' differ in mediaType or size")
    return needs


def _descriptor(found: object, member: str, role: Role) -> Descriptor:
    if not isinstance(found, dict):
        raise ManifestInvalid(f"'{member}' must hold descriptors")
    _expect_descriptor_spelled(found, f"a descriptor in '{member}'")
    media_type, digest, size, urls = (found.get(name) for name in ("mediaType", "digest", "size", "urls"))
    if not isinstance(media_type, str) or not media_type or len(media_type) > _LONGEST_TYPE:
        raise ManifestInvalid(f"a descriptor in '{member}' has no valid mediaType")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_SIZE:
        raise ManifestInvalid(f"a descriptor in '{member}' has no valid size")
    if urls is not None and not (isinstance(urls, list) and all(isinstance(url, str) and url for url in urls)):
        raise ManifestInvalid(f"a descriptor in '{member}' has no valid urls")
    elsewhere = tuple(urls) if urls and role is Role.LAYER else ()
    judged = _digest(digest, member)
    _expect_data(found, judged, member)
    return Descriptor(role, media_type, judged, size, elsewhere)


def _expect_data(found: Mapping[str, object], digest: Digest, member: str) -> None:
    """Judge content that a descriptor carries itself: a reader may take it for what is found under the digest."""
    data = found.get("data")
    if data is None:
        return
    try:
        content = b64decode(data if isinstance(data, str) else "-", validate=True)
    except ValueError:
        raise ManifestInvalid(f"the data of a descriptor in '{member}' is not base64") from None
    if len(content) != found.get("size") or Digest.of(content, digest.algorithm) != digest:
        raise ManifestInvalid(f"the data of a descriptor in '{member}' is not the content that it describes")


def _digest(found: object, member: str) -> Digest:
    try:
        return Digest.parse(found if isinstance(found, str) else "")
    except InvalidDigest:
        raise ManifestInvalid(f"a descriptor in '{member}' has no valid digest") from None


def _artifact_type(document: Mapping[str, object], media_type: MediaType) -> str | None:
    """ECR's ``artifactMediaType``: the artifact type where there is one, else the config's media type."""
    named = document.get("artifactType")
    if named is not None and not isinstance(named, str):
        raise ManifestInvalid("artifactType must be a string")
    if named is not None and len(named) > _LONGEST_TYPE:
        raise ManifestInvalid(f"artifactType must have at most {_LONGEST_TYPE} characters")
    if named or media_type in INDEX_TYPES:
        return named or None
    config = document.get("config")
    kind = config.get("mediaType") if isinstance(config, dict) else None
    return kind if isinstance(kind, str) else None


def _annotations(document: Mapping[str, object]) -> Mapping[str, str]:
    found = document.get("annotations")
    return {name: text for name, text in found.items() if isinstance(text, str)} if isinstance(found, dict) else {}


def _subject(document: Mapping[str, object]) -> Digest | None:
    subject = document.get("subject")
    if subject is None:
        return None
    if not isinstance(subject, dict):
        raise ManifestInvalid("'subject' must be a descriptor")
    _expect_descriptor_spelled(subject, "'subject'")
    digest = _digest(subject.get("digest"), "subject")
    _expect_data(subject, digest, "subject")
    return digest
