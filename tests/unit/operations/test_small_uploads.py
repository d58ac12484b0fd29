"""Small uploads and blobs lie in the metadata, each whole, each account's its own."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from moorage.domain.digest import Digest
from moorage.domain.errors import (
    UploadOutOfOrder,
)
from moorage.domain.layer import PART_MINIMUM, Completed
from moorage.operations.drafts import Part
from moorage.operations.env import Env
from moorage.operations.uploads import receive_part
from moorage.store.blobs import contents
from moorage.store.uploads import uploads as upload_rows
from support.env import OTHER
from unit.operations.tenant import REPOSITORY, Tenant, files_in, pieces, root_of
from unit.operations.uploaded import content_of

CONTENT = b"some content"
DIGEST = Digest.of(CONTENT)


@pytest.fixture
def tenant(env: Env) -> Tenant:
    tenant = root_of(env)
    tenant.create()
    return tenant


def test_few_bytes_leave_no_file(tenant: Tenant, tmp_path: Path) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    tenant.finish(upload, DIGEST)
    tenant.upload(b"others")
    assert (files_in(tmp_path, "blobs", "drafts"), content_of(tenant, DIGEST)) == ([], CONTENT)


def test_accounts_share_no_small_blobs(tenant: Tenant) -> None:
    other = root_of(tenant.env, OTHER)
    other.create()
    for somebody in (tenant, other):
        somebody.upload(CONTENT)
    assert tenant.rows(contents, "account_id", "digest") == [(tenant.account, DIGEST), (OTHER, DIGEST)]


def test_the_same_few_bytes_are_kept_once_in_an_account(tenant: Tenant) -> None:
    tenant.create("team/other")
    tenant.upload(CONTENT)
    assert tenant.upload(CONTENT, "team/other") is Completed.LINKED
    assert (tenant.rows(contents, "digest"), content_of(tenant, DIGEST, "team/other")) == ([(DIGEST,)], CONTENT)


def test_of_two_small_parts_at_once_each_is_kept_whole(tenant: Tenant) -> None:
    upload, granted = tenant.start(), tenant.granted(REPOSITORY)

    async def slow() -> AsyncIterator[bytes]:
        yield b"so"
        await receive_part(tenant.env, granted, upload, Part(pieces(b"some")))
        yield b"me"

    asyncio.run(receive_part(tenant.env, granted, upload, Part(slow())))
    ((small,),) = tenant.rows(upload_rows, "small")
    assert small == b"somesome"


def test_of_two_small_parts_for_one_place_one_is_refused(tenant: Tenant) -> None:
    upload, granted = tenant.start(), tenant.granted(REPOSITORY)

    async def slow() -> AsyncIterator[bytes]:
        yield b"xxxx"
        await receive_part(tenant.env, granted, upload, Part(pieces(CONTENT), first=0))

    with pytest.raises(UploadOutOfOrder):
        asyncio.run(receive_part(tenant.env, granted, upload, Part(slow(), first=0)))
    assert tenant.finish(upload, DIGEST) is Completed.LINKED


def test_a_small_upload_that_grows_becomes_a_file(tenant: Tenant, tmp_path: Path) -> None:
    upload, big = tenant.start(), bytes(PART_MINIMUM)
    tenant.send(upload, big)
    tenant.send(upload, CONTENT)
    tenant.finish(upload, Digest.of(big + CONTENT))
    assert (len(files_in(tmp_path, "blobs")), files_in(tmp_path, "drafts")) == (1, [])
    assert content_of(tenant, Digest.of(big + CONTENT)) == big + CONTENT
