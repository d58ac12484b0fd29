"""Media types of manifests and configs (OCI image specification 1.1, Docker image manifest version 2)."""

from enum import StrEnum


class MediaType(StrEnum):
    """The manifest media types that are kept."""

    DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
    DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
    OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
    OCI_INDEX = "application/vnd.oci.image.index.v1+json"


IMAGE_TYPES = frozenset({MediaType.DOCKER_MANIFEST, MediaType.OCI_MANIFEST})
INDEX_TYPES = frozenset({MediaType.DOCKER_LIST, MediaType.OCI_INDEX})

SCHEMA_1 = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
