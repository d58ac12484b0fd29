"""What tests of images ask again and again."""

from moorage.domain.digest import Digest
from moorage.domain.image import ImageId
from moorage.domain.names import Tag
from moorage.operations.imagedeletes import Deleted, delete_images
from moorage.operations.images import get_manifest
from unit.domain.documents import dump, image, index
from unit.operations.tenant import REPOSITORY, Tenant


def named(tenant: Tenant, tag: str) -> Digest:
    return tenant.run(get_manifest, REPOSITORY, Tag(tag)).digest


def delete(tenant: Tenant, *ids: ImageId) -> Deleted:
    return tenant.run(delete_images, REPOSITORY, list(ids))


def push_index(tenant: Tenant, tag: str | None, *layers: bytes) -> Digest:
    """Push an index of images that have one layer each."""
    for layer in layers:
        tenant.push(None, layer)
    return tenant.put(index(*(dump(image(layers=[layer])) for layer in layers)), tag).digest
