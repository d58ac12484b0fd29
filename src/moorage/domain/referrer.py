"""Referrers: manifests that point at a subject, and what lists of them tell (OCI distribution specification 1.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage.domain.digest import Digest
from moorage.domain.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Referrer:
    """The descriptor of a manifest that points at a subject."""

    digest: Digest
    media_type: str
    artifact_type: str | None
    size: int  # of the manifest itself
    annotations: Mapping[str, str]


def referrer_of(manifest: Manifest) -> Referrer:
    """Describe a manifest with a subject."""
    return Referrer(
        manifest.digest,
        manifest.media_type.value,
        manifest.artifact_type,
        len(manifest.body),
        manifest.annotations,
    )
