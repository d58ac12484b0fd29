"""Uploads: who may go on with one, in which repository, and for how long."""

import pytest

from moorage.domain.digest import Digest
from moorage.domain.errors import (
    RepositoryNotFound,
    UploadNotFound,
)
from moorage.operations.drafts import Part
from moorage.operations.repositories import delete_repository
from moorage.operations.uploads import cancel_upload, get_upload
from moorage.store.uploads import uploads as upload_rows
from support.env import FrozenClock
from unit.operations.tenant import REPOSITORY, Tenant, pieces
from unit.operations.uploaded import KEPT

pytestmark = pytest.mark.usefixtures("repository")
CONTENT = b"some content"
DIGEST = Digest.of(CONTENT)


@pytest.fixture(params=KEPT)
def small_blobs(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_an_upload_of_somebody_else_is_not_found(tenant: Tenant) -> None:
    upload = tenant.start()
    with pytest.raises(UploadNotFound):
        tenant.new_user("ada").send(upload, CONTENT)


def test_a_user_goes_on_with_an_upload_with_another_key(tenant: Tenant) -> None:
    ada = tenant.new_user("ada")
    upload = ada.start()
    assert tenant.another_key(ada).send(upload, b"abc") == 3


def test_an_upload_belongs_to_its_repository(tenant: Tenant) -> None:
    tenant.create("team/other")
    with pytest.raises(UploadNotFound):
        tenant.send(tenant.start(), CONTENT, "team/other")


def test_no_upload_begins_in_a_repository_that_is_missing(tenant: Tenant) -> None:
    with pytest.raises(RepositoryNotFound):
        tenant.start("team/missing")


def test_an_upload_that_was_not_opened_here_is_not_found(tenant: Tenant) -> None:
    upload = tenant.start()
    forged = upload[:-1] + ("0" if upload[-1] != "0" else "1")
    for wrong in (forged, "", "x", upload.upper() + "0", f"{upload[:-2]}zz", upload.replace("-", ""), "0" * 36):
        with pytest.raises(UploadNotFound):
            tenant.send(wrong, CONTENT)


@pytest.mark.parametrize("letters", ["upper", *" \t\n\r\x0b\x0c"], ids=ascii)
def test_an_upload_goes_by_the_one_spelling_that_was_given(tenant: Tenant, letters: str) -> None:
    upload = tenant.start()
    spelled = upload.upper() if letters == "upper" else upload.replace("-", letters)
    assert spelled != upload  # of sixteen bytes, some have a letter
    for operation in (get_upload, cancel_upload):
        with pytest.raises(UploadNotFound):
            tenant.run(operation, REPOSITORY, spelled)
    with pytest.raises(UploadNotFound):
        tenant.send(spelled, CONTENT)
    with pytest.raises(UploadNotFound):
        tenant.finish(spelled, DIGEST, last=Part(pieces(CONTENT)))


def test_the_dashes_of_an_upload_stand_where_they_were_given(tenant: Tenant) -> None:
    upload = tenant.start()
    for spelled in (upload.replace("-", "") + "----", f"-{upload[:8]}{upload[9:]}"):
        with pytest.raises(UploadNotFound):
            tenant.run(get_upload, REPOSITORY, spelled)


def test_opening_an_upload_writes_nothing(tenant: Tenant) -> None:
    tenant.start()
    assert tenant.rows(upload_rows, "upload_id") == []


def test_an_upload_can_be_begun_for_a_day(tenant: Tenant, clock: FrozenClock) -> None:
    upload = tenant.start()
    clock.move(24 * 3600 + 1)
    with pytest.raises(UploadNotFound):
        tenant.send(upload, CONTENT)


def test_an_upload_of_a_repository_that_was_made_anew_is_not_found(tenant: Tenant) -> None:
    upload = tenant.start()
    tenant.run(delete_repository, REPOSITORY, force=True)
    tenant.create()
    with pytest.raises(UploadNotFound):
        tenant.send(upload, CONTENT)
