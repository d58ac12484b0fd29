"""Uploads: where they go on, who may go on, and when their bytes become a blob."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import pytest
from msgspec.structs import replace

from moorage.domain.digest import Digest
from moorage.domain.errors import (
    LayerDigestMismatch,
    LayerPartsExceeded,
    LayerPartTooSmall,
    LayerTooLarge,
    MalformedRequest,
    RepositoryNotFound,
    StorageFull,
    UploadBusy,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
)
from moorage.domain.layer import PART_MINIMUM, Completed
from moorage.operations import drafts, hashing, uploads
from moorage.operations.authorise import Granted
from moorage.operations.drafts import Finish, Part
from moorage.operations.repositories import delete_repository
from moorage.operations.uploads import cancel_upload, get_upload, receive_part, upload_whole
from moorage.store.blobs import blobs
from moorage.store.sqlite import SqliteStore
from moorage.store.uploads import uploads as upload_rows
from support.env import OTHER
from unit.operations.tenant import REPOSITORY, Tenant, files_in, pieces, root_of
from unit.operations.uploaded import KEPT, content_of

pytestmark = pytest.mark.usefixtures("repository")
CONTENT = b"some content"
DIGEST = Digest.of(CONTENT)


IN_FILES = pytest.mark.parametrize("small_blobs", KEPT[:1])
SMALL_ONES = pytest.mark.parametrize("small_blobs", KEPT[1:2])


@pytest.fixture(params=KEPT)
def small_blobs(request: pytest.FixtureRequest) -> int:
    return int(request.param)


async def broken_off(content: bytes) -> AsyncIterator[bytes]:
    yield content
    raise MalformedRequest("the body was cut short")


def test_what_was_sent_in_parts_is_one_blob(tenant: Tenant) -> None:
    upload = tenant.start()
    big = bytes(PART_MINIMUM)
    tenant.send(upload, big)
    tenant.send(upload, b"end")
    digest = Digest.of(big + b"end")
    assert (tenant.finish(upload, digest), content_of(tenant, digest)) == (Completed.LINKED, big + b"end")


def test_each_part_tells_how_far_the_upload_is(tenant: Tenant) -> None:
    upload = tenant.start()
    assert [tenant.send(upload, b"abc"), tenant.send(upload, b"de")] == [3, 5]


def test_a_last_part_may_come_with_the_end(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.finish(upload, DIGEST, last=Part(pieces(b"some ", b"content"), first=0, length=12))
    assert content_of(tenant, DIGEST) == CONTENT


@pytest.mark.parametrize("resumable", [pytest.param(True, id="state"), pytest.param(False, id="read again")])
def test_an_upload_goes_on_with_and_without_an_exported_hash(
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    resumable: bool,  # noqa: FBT001 - a column of the table
) -> None:
    monkeypatch.setattr(hashing, "RESUMABLE", resumable and hashing.RESUMABLE)
    upload = tenant.start()
    big = b"x" * PART_MINIMUM
    tenant.send(upload, big)
    tenant.send(upload, b"end")
    assert tenant.finish(upload, Digest.of(big + b"end")) is Completed.LINKED


@IN_FILES
def test_a_hash_that_was_not_exported_is_taken_up_by_a_process_that_could(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = tenant.start()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(hashing, "RESUMABLE", False)
        tenant.send(upload, CONTENT)
    assert tenant.finish(upload, DIGEST) is Completed.LINKED


@pytest.mark.parametrize("first", [0, 2, 4])
def test_a_part_that_does_not_begin_at_the_end_is_refused(tenant: Tenant, first: int) -> None:
    upload = tenant.start()
    tenant.send(upload, b"abc")
    with pytest.raises(UploadOutOfOrder) as refused:
        tenant.send(upload, b"xyz", first=first)
    assert (refused.value.got, refused.value.expected) == (first, 3)


def test_a_last_part_that_does_not_begin_at_the_end_is_refused(tenant: Tenant) -> None:
    upload = tenant.start()
    with pytest.raises(UploadOutOfOrder):
        tenant.finish(upload, DIGEST, last=Part(pieces(CONTENT), first=1))


def test_a_part_that_was_cut_short_is_sent_again(tenant: Tenant) -> None:
    upload = tenant.start()
    with pytest.raises(MalformedRequest):
        tenant.run(receive_part, REPOSITORY, upload, Part(broken_off(b"some other")))
    tenant.send(upload, CONTENT, first=0)
    assert tenant.finish(upload, DIGEST) is Completed.LINKED


def test_a_part_of_another_length_than_it_says_is_refused_and_not_kept(tenant: Tenant) -> None:
    upload = tenant.start()
    with pytest.raises(MalformedRequest):
        tenant.send(upload, CONTENT, first=0, length=5)
    assert tenant.run(get_upload, REPOSITORY, upload).offset == 0


@IN_FILES
def test_bytes_behind_the_acknowledged_ones_are_forgotten(tenant: Tenant, tmp_path: Path) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    (draft,) = (tmp_path / "drafts").iterdir()
    draft.write_bytes(CONTENT + b" that nobody heard of")  # as after a power cut
    assert tenant.finish(upload, DIGEST) is Completed.LINKED


@IN_FILES
def test_an_upload_whose_acknowledged_bytes_are_lost_is_not_found(tenant: Tenant, tmp_path: Path) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    (draft,) = (tmp_path / "drafts").iterdir()
    draft.write_bytes(b"some")
    with pytest.raises(UploadNotFound):
        tenant.finish(upload, DIGEST)


@IN_FILES
def test_an_upload_to_which_another_request_writes_is_busy(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, b"some")
    ((draft,),) = tenant.rows(upload_rows, "draft")
    held = tenant.env.blobs.hold(draft)
    with pytest.raises(UploadBusy):
        tenant.send(upload, CONTENT)
    held.close()


@IN_FILES
def test_the_first_of_two_requests_that_write_at_once_is_not_disturbed(tenant: Tenant) -> None:
    upload, granted = tenant.start(), tenant.granted(REPOSITORY)

    async def slow() -> AsyncIterator[bytes]:
        yield b"some "
        with pytest.raises(UploadBusy):
            await receive_part(tenant.env, granted, upload, Part(pieces(b"xxxxxxxxx")))
        yield b"content"

    asyncio.run(receive_part(tenant.env, granted, upload, Part(slow())))
    assert tenant.finish(upload, DIGEST) is Completed.LINKED


def test_an_upload_that_was_cancelled_under_a_part_does_not_come_back(tenant: Tenant) -> None:
    upload, granted = tenant.start(), tenant.granted(REPOSITORY)

    async def slow() -> AsyncIterator[bytes]:
        yield CONTENT
        await asyncio.to_thread(tenant.run, delete_repository, REPOSITORY, force=True)

    with pytest.raises(UploadNotFound):
        asyncio.run(receive_part(tenant.env, granted, upload, Part(slow())))


def test_a_cancelled_upload_leaves_nothing(tenant: Tenant, tmp_path: Path) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    tenant.run(cancel_upload, REPOSITORY, upload)
    assert (tenant.rows(upload_rows, "over", "small"), files_in(tmp_path, "drafts", "blobs")) == ([(1, None)], [])


def test_a_cancelled_upload_is_not_found(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.run(cancel_upload, REPOSITORY, upload)
    with pytest.raises(UploadNotFound):
        tenant.send(upload, CONTENT)


def test_an_upload_is_completed_once(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    tenant.finish(upload, DIGEST)
    with pytest.raises(UploadNotFound):
        tenant.finish(upload, DIGEST)


def test_a_wrong_digest_leaves_the_upload_as_it_was(tenant: Tenant) -> None:
    upload = tenant.start()
    with pytest.raises(LayerDigestMismatch):
        tenant.finish(upload, Digest.of(b"other"), last=Part(pieces(CONTENT)))
    assert tenant.run(get_upload, REPOSITORY, upload).offset == 0


def test_an_upload_that_was_said_to_be_something_else_can_still_be_finished(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    with pytest.raises(LayerDigestMismatch):
        tenant.finish(upload, Digest.of(b"other"))
    assert tenant.finish(upload, DIGEST) is Completed.LINKED


def test_a_full_disk_at_the_end_leaves_the_upload_to_be_finished_later(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, CONTENT)
    with patch.object(SqliteStore, "write", side_effect=StorageFull), pytest.raises(StorageFull):
        tenant.finish(upload, DIGEST)
    assert tenant.finish(upload, DIGEST) is Completed.LINKED


def test_an_upload_without_bytes_is_empty(tenant: Tenant) -> None:
    with pytest.raises(UploadEmpty):
        tenant.finish(tenant.start(), Digest.of(b""))


def test_a_blob_without_bytes_is_kept_where_that_is_allowed(tenant: Tenant) -> None:
    assert tenant.finish(tenant.start(), Digest.of(b""), may_be_empty=True) is Completed.LINKED


def test_only_the_last_part_may_be_short(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, b"some ")
    tenant.send(upload, b"content")
    with pytest.raises(LayerPartTooSmall):
        tenant.finish(upload, DIGEST)


def test_a_short_part_before_one_that_comes_with_the_end_is_refused(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, b"some ")
    with pytest.raises(LayerPartTooSmall):
        tenant.finish(upload, DIGEST, last=Part(pieces(b"content")))


def test_an_upload_has_so_many_parts_and_no_more(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "PARTS_LIMIT", 2)
    upload = tenant.start()
    tenant.send(upload, b"1")
    tenant.send(upload, b"2")
    with pytest.raises(LayerPartsExceeded):
        tenant.send(upload, b"3")


@IN_FILES
def test_a_layer_has_so_many_bytes_and_no_more(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "LAYER_LIMIT", 4)
    upload = tenant.start()
    tenant.send(upload, b"1234")
    with pytest.raises(LayerTooLarge):
        tenant.send(upload, b"5")


@IN_FILES
def test_the_same_bytes_are_one_file_in_an_account(tenant: Tenant, tmp_path: Path) -> None:
    tenant.create("team/other")
    tenant.upload(CONTENT)
    assert tenant.upload(CONTENT, "team/other") is Completed.LINKED
    assert len(files_in(tmp_path, "blobs", "drafts")) == 1


def test_a_layer_that_the_repository_has_is_told_to_exist(tenant: Tenant) -> None:
    tenant.upload(CONTENT)
    assert tenant.upload(CONTENT) is Completed.EXISTED


@IN_FILES
def test_accounts_share_no_bytes(tenant: Tenant, tmp_path: Path) -> None:
    other = root_of(tenant.env, OTHER)
    other.create()
    for somebody in (tenant, other):
        somebody.upload(CONTENT)
    rows = tenant.rows(blobs, "account_id", "digest")
    assert (rows, len(files_in(tmp_path, "blobs"))) == ([(tenant.account, DIGEST), (OTHER, DIGEST)], 2)


def test_the_file_of_a_push_that_lost_its_repository_is_deleted(tenant: Tenant, tmp_path: Path) -> None:
    upload = tenant.start()
    granted = tenant.granted(REPOSITORY)

    async def slow() -> AsyncIterator[bytes]:
        yield CONTENT
        await asyncio.to_thread(tenant.run, delete_repository, REPOSITORY, force=True)

    with pytest.raises(RepositoryNotFound):
        asyncio.run(uploads.complete_upload(tenant.env, granted, upload, Finish(DIGEST, Part(slow()))))
    assert files_in(tmp_path, "blobs") == []


def test_a_blob_comes_whole_in_one_request(tenant: Tenant, tmp_path: Path) -> None:
    tenant.run(upload_whole, REPOSITORY, DIGEST, Part(pieces(CONTENT)))
    assert (content_of(tenant, DIGEST), files_in(tmp_path, "drafts")) == (CONTENT, [])


def test_a_blob_that_comes_whole_and_is_another_leaves_nothing(tenant: Tenant, tmp_path: Path) -> None:
    with pytest.raises(LayerDigestMismatch):
        tenant.run(upload_whole, REPOSITORY, DIGEST, Part(pieces(b"other")))
    assert files_in(tmp_path, "blobs", "drafts") == []


@pytest.mark.parametrize("sent", [b"other", bytes(100_000), None], ids=["few", "many", "cut short"])
def test_what_is_not_what_it_is_said_to_be_settles_nothing(tenant: Tenant, tmp_path: Path, sent: bytes | None) -> None:
    granted = replace(tenant.granted(REPOSITORY), found=None)

    async def settle() -> Granted:
        raise AssertionError

    async def cut() -> AsyncIterator[bytes]:
        yield CONTENT
        raise MalformedRequest("the body was cut short")

    part = Part(cut() if sent is None else pieces(sent))
    with pytest.raises(MalformedRequest if sent is None else LayerDigestMismatch):
        asyncio.run(upload_whole(tenant.env, granted, DIGEST, part, settle))
    assert files_in(tmp_path, "blobs", "drafts") == []


def test_bytes_that_were_few_are_not_lost_when_they_become_many(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.send(upload, b"some")
    big = bytes(100_000)
    tenant.send(upload, big, first=4)
    assert tenant.run(get_upload, REPOSITORY, upload).offset == 100_004
