"""Manifests as a client would push them, whole or with something changed."""

import json
from collections.abc import Mapping, Sequence

from moorage.domain.digest import Digest
from moorage.domain.media import MediaType

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"

Document = dict[str, object]


def descriptor(content: bytes, media_type: str = LAYER, **changed: object) -> Document:
    return {"mediaType": media_type, "digest": Digest.of(content), "size": len(content)} | changed


def image(
    config: bytes = b"{}", layers: Sequence[bytes] = (b"layer",), *, config_type: str = CONFIG, **changed: object
) -> Document:
    """Write an OCI image manifest; a member that is changed to None stays, as null."""
    return {
        "schemaVersion": 2,
        "mediaType": MediaType.OCI_MANIFEST.value,
        "config": descriptor(config, config_type),
        "layers": [descriptor(layer) for layer in layers],
    } | changed


def index(*children: bytes, **changed: object) -> Document:
    """Write an OCI index of whole child manifests."""
    return {
        "schemaVersion": 2,
        "mediaType": MediaType.OCI_INDEX.value,
        "manifests": [descriptor(child, MediaType.OCI_MANIFEST.value) for child in children],
    } | changed


def without(document: Mapping[str, object], *names: str) -> Document:
    return {name: value for name, value in document.items() if name not in names}


def dump(document: object) -> bytes:
    return json.dumps(document).encode()
