"""What became of uploads: the content of a blob, whether or not an image refers to it."""

import pytest

from moorage.domain.content import Content
from moorage.domain.digest import Digest
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.layers import content_of as content_of_blob
from moorage.store.blobs import open_blob
from support.env import SMALL
from unit.operations.tenant import REPOSITORY, Tenant, read

# What is true of all uploads is tried with those that lie in files and with those that lie in the metadata.
KEPT = [pytest.param(0, id="in files"), pytest.param(SMALL, id="in the metadata"), pytest.param(8, id="mixed")]


def content_of(tenant: Tenant, digest: Digest, name: str = REPOSITORY) -> bytes:
    return read(tenant.run(open_any, name, digest))


async def open_any(env: Env, granted: Granted, digest: Digest) -> Content:
    """Open a blob that no image need refer to."""
    blob = await open_blob(env.store.recall, granted.key, digest)
    assert blob is not None
    return content_of_blob(env, blob)
