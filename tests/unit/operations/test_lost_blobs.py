"""Blobs whose files were lost behind our back: told as missing to whoever pushes, and put back by a push."""

from dataclasses import replace
from pathlib import Path

import pytest

from moorage.blobs.port import BlobLost
from moorage.domain.digest import Digest
from moorage.domain.errors import LayerNotFound
from moorage.domain.layer import Completed
from moorage.operations.drafts import Part
from moorage.operations.layers import check_availability, find_blob
from moorage.operations.mounts import Mount, mount_blob
from moorage.store.blobs import blobs, contents
from support.env import SMALL
from unit.operations.tenant import REPOSITORY, Tenant, files_in, pieces
from unit.operations.uploaded import content_of

pytestmark = pytest.mark.usefixtures("repository")
CONTENT = b"some content"
DIGEST = Digest.of(CONTENT)


@pytest.fixture
def small_blobs() -> int:
    return 0


@pytest.fixture(params=["gone", "cut short"])
def lost(request: pytest.FixtureRequest, tenant: Tenant, repository: str, tmp_path: Path) -> None:
    """Lose a blob that was pushed."""
    tenant.upload(CONTENT, repository)
    (file,) = (file for file in (tmp_path / "blobs").rglob("*") if file.is_file())
    if request.param == "gone":
        file.unlink()
    else:
        file.write_bytes(CONTENT[:-1])


@pytest.mark.usefixtures("lost")
class TestLost:
    """What is told of a blob before anybody has pushed it again."""

    def test_it_is_not_found(self, tenant: Tenant) -> None:
        with pytest.raises(LayerNotFound):
            tenant.run(find_blob, REPOSITORY, DIGEST)

    def test_it_is_not_available(self, tenant: Tenant) -> None:
        (state,), _ = tenant.run(check_availability, REPOSITORY, [DIGEST])
        assert state.blob is None

    def test_it_is_not_mounted(self, tenant: Tenant) -> None:
        tenant.create("team/other")
        assert not tenant.run(mount_blob, "team/other", Mount(DIGEST, REPOSITORY, unreferenced=True))

    def test_who_wants_it_is_not_told_that_it_never_was(self, tenant: Tenant) -> None:
        with pytest.raises(BlobLost):
            content_of(tenant, DIGEST)


@pytest.mark.usefixtures("lost")
class TestPut:
    """Pushing it once more puts it back."""

    @staticmethod
    def expect_back(tenant: Tenant) -> None:
        assert content_of(tenant, DIGEST) == CONTENT
        assert tenant.run(find_blob, REPOSITORY, DIGEST).size == len(CONTENT)
        assert tenant.upload(CONTENT) is Completed.EXISTED
        assert content_of(tenant, DIGEST) == CONTENT

    def test_whole(self, tenant: Tenant) -> None:
        assert tenant.upload(CONTENT) is Completed.LINKED
        self.expect_back(tenant)

    def test_in_parts(self, tenant: Tenant) -> None:
        upload = tenant.start()
        tenant.send(upload, CONTENT)
        assert tenant.finish(upload, DIGEST) is Completed.LINKED
        self.expect_back(tenant)

    def test_with_the_end(self, tenant: Tenant) -> None:
        assert tenant.finish(tenant.start(), DIGEST, last=Part(pieces(CONTENT))) is Completed.LINKED
        self.expect_back(tenant)

    def test_to_another_repository(self, tenant: Tenant) -> None:
        tenant.create("team/other")
        tenant.upload(CONTENT, "team/other")
        self.expect_back(tenant)

    def test_into_the_metadata(self, tenant: Tenant) -> None:
        now = replace(tenant, env=replace(tenant.env, small_blobs=SMALL))
        assert now.upload(CONTENT) is Completed.LINKED
        assert (now.rows(blobs, "storage_key", "format"), now.rows(contents, "body")) == ([("", 1)], [(CONTENT,)])
        self.expect_back(now)
        self.expect_back(tenant)


def test_of_a_blob_that_is_there_the_first_copy_stays(tenant: Tenant, tmp_path: Path) -> None:
    tenant.upload(CONTENT)
    (before,) = files_in(tmp_path, "blobs")
    assert tenant.upload(CONTENT) is Completed.EXISTED
    assert files_in(tmp_path, "blobs") == [before]


def test_a_blob_in_the_metadata_is_never_taken_for_lost(tenant: Tenant, tmp_path: Path) -> None:
    before = replace(tenant, env=replace(tenant.env, small_blobs=SMALL))
    before.upload(CONTENT)
    assert tenant.run(find_blob, REPOSITORY, DIGEST).size == len(CONTENT)
    assert tenant.upload(CONTENT) is Completed.EXISTED
    assert (content_of(tenant, DIGEST), files_in(tmp_path, "blobs")) == (CONTENT, [])
