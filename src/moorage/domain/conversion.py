"""Docker's schema 2 and OCI's image manifest as each other: which of the two a client gets (decision 0035).

Only what both can say is converted: an image with layers that both know, that points at no subject and is no other
kind of artifact. Its blobs stay as they are, so the two forms name the same content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from moorage.domain.digest import Digest
from moorage.domain.errors import ManifestInvalid
from moorage.domain.image import StoredManifest
from moorage.domain.manifest import Descriptor, Manifest
from moorage.domain.media import MediaType

LONGEST = 64 * 1024  # bytes: no image that both forms can say is longer, and a read must not take long to answer
_CONFIGS = frozenset({"application/vnd.docker.container.image.v1+json", "application/vnd.oci.image.config.v1+json"})
_DOCKER_TO_OCI: Mapping[str, str] = {
    "application/vnd.docker.container.image.v1+json": "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.foreign.diff.tar": "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": (
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
    ),
}
_NAMES: Mapping[MediaType, Mapping[str, str]] = {
    MediaType.DOCKER_MANIFEST: _DOCKER_TO_OCI,
    MediaType.OCI_MANIFEST: {oci: docker for docker, oci in _DOCKER_TO_OCI.items()},
}
_OTHER: Mapping[str, MediaType] = {
    MediaType.DOCKER_MANIFEST: MediaType.OCI_MANIFEST,
    MediaType.OCI_MANIFEST: MediaType.DOCKER_MANIFEST,
}


@dataclass(frozen=True, slots=True)
class Accepts:
    """The media types a client takes; ``everything`` is what a client takes that names none."""

    everything: bool = True
    named: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def takes(self, media_type: str) -> bool:
        return media_type in self.named or (self.everything and media_type not in self.refused)


EVERYTHING = Accepts()


def form_for(stored: StoredManifest, accepts: Accepts) -> StoredManifest:
    """Give the stored form, unless it is not taken and the other form is."""
    other = _OTHER.get(stored.media_type)
    if other is None or accepts.takes(stored.media_type) or not accepts.takes(other):
        return stored
    return convert(stored) or stored


def convert(stored: StoredManifest) -> StoredManifest | None:
    """Write what is stored in its other form; None where there is none, or where it is too long to be read for it."""
    if len(stored.body) > LONGEST:
        return None
    try:
        return other_form(Manifest.parse(stored.body, stored.media_type))
    except ManifestInvalid:  # it was kept before there was a rule that it breaks
        return None


def other_form(manifest: Manifest) -> StoredManifest | None:
    """Write the manifest in its other form; None where there is none.

    The same manifest is written as the same bytes each time: clients come back with their digest.
    """
    names = _NAMES.get(manifest.media_type)
    if names is None or manifest.subject is not None or len(manifest.body) > LONGEST:
        return None
    config, *layers = manifest.needs
    if config.media_type not in _CONFIGS & names.keys() or manifest.artifact_type != config.media_type:
        return None
    if any(layer.media_type not in names for layer in layers):
        return None
    other = _OTHER[manifest.media_type]
    document = {
        "schemaVersion": 2,
        "mediaType": other.value,
        "config": _descriptor(config, names),
        "layers": [_descriptor(layer, names) for layer in layers],
    }
    body = json.dumps(document, separators=(",", ":")).encode()
    return StoredManifest(Digest.of(body), other.value, body)


def _descriptor(need: Descriptor, names: Mapping[str, str]) -> dict[str, object]:
    urls = {"urls": list(need.urls)} if need.urls else {}
    return {"mediaType": names[need.media_type], "digest": need.digest, "size": need.size} | urls
