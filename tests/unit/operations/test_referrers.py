"""Lists stay short, also of what was kept before artifact types had a limit."""

import asyncio
from dataclasses import replace

import pytest

from moorage.domain.digest import Digest
from moorage.domain.image import ImageId
from moorage.domain.manifest import Manifest
from moorage.domain.referrer import referrer_of
from moorage.operations.imagelists import TagStatus, describe_images, list_images
from moorage.operations.referrers import ReferrerPage, list_referrers
from moorage.operations.repositories import get_repository
from moorage.store import images, referrers
from moorage.store.transaction import Transaction
from unit.domain.documents import descriptor, dump, image
from unit.operations.tenant import REPOSITORY, Tenant

pytestmark = pytest.mark.usefixtures("repository")
SUBJECT = Digest.of(b"something")
LONG = "t" * 1_500_000


def keep(tenant: Tenant, number: int) -> Digest:
    """Keep a manifest as one was kept before, with an artifact type of any length."""
    document = image(subject=descriptor(b"something"), annotations={"n": str(number)})
    manifest = replace(Manifest.parse(dump(document), None), artifact_type=LONG)
    granted = tenant.granted(REPOSITORY)

    async def unit(tx: Transaction) -> None:
        repository = await get_repository(tx, granted)
        await images.create(tx, repository, manifest, size=1, at=1)
        await referrers.put(tx, repository, SUBJECT, referrer_of(manifest))

    asyncio.run(tenant.env.store.write(unit))
    return manifest.digest


def page(tenant: Tenant, token: str | None) -> ReferrerPage:
    return tenant.run(list_referrers, REPOSITORY, SUBJECT, (), token=token, count=1000)


def test_long_artifact_types_that_are_there_make_short_pages(tenant: Tenant) -> None:
    kept = {keep(tenant, number) for number in range(3)}
    found, token = [], None
    for _ in kept:
        given = page(tenant, token)
        found.append([one.digest for one in given.referrers])
        token = given.next_token
    assert ([len(one) for one in found], token) == ([1, 1, 1], None)


def test_an_image_is_described_without_a_type_that_is_too_long(tenant: Tenant) -> None:
    digest = keep(tenant, 1)
    named = tenant.run(describe_images, REPOSITORY, [ImageId(digest)])
    listed = tenant.run(list_images, REPOSITORY, status=TagStatus.ANY, token=None, count=None).images
    assert [one.artifact_type for one in (*named, *listed)] == [None, None]
