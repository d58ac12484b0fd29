"""All tables together: importing this module fills the metadata."""

from moorage.store import (
    access_keys,
    accounts,
    blobs,
    events,
    images,
    manifests,
    references,
    registry_policies,
    repositories,
    repository_policies,
    resource_tags,
    tags,
    uploads,
    user_policies,
    users,
)
from moorage.store.metadata import METADATA

TABLES = (
    accounts.accounts,
    accounts.generations,
    users.users,
    access_keys.access_keys,
    user_policies.user_policies,
    repositories.repositories,
    repository_policies.repository_policies,
    registry_policies.registry_policies,
    resource_tags.resource_tags,
    blobs.blobs,
    blobs.links,
    blobs.contents,
    uploads.uploads,
    manifests.manifests,
    images.images,
    tags.tags,
    references.references,
    events.events,
)

SCHEMA = METADATA
