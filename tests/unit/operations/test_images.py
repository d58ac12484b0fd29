"""Pushing and pulling images: what a tag names, when it moves, and the other form of an image."""

import pytest

from moorage.domain.conversion import Accepts
from moorage.domain.digest import Digest
from moorage.domain.errors import (
    ImageDigestMismatch,
    ImageNotFound,
    ManifestInvalid,
    RepositoryNotFound,
    TagImmutable,
)
from moorage.domain.image import ImageFailureCode, ImageId, Pushed
from moorage.domain.media import MediaType
from moorage.domain.names import Tag
from moorage.domain.repository import MutabilityRule, TagMutability
from moorage.operations.imagelists import batch_get, describe_images
from moorage.operations.images import PutImage, get_manifest, put_image
from moorage.operations.repositories import put_tag_mutability
from moorage.store.events import events
from unit.domain.documents import dump, image
from unit.operations.imagecalls import delete, named
from unit.operations.tenant import REPOSITORY, Tenant

pytestmark = pytest.mark.usefixtures("repository")
DOCKER_ALONE = Accepts(everything=False, named=frozenset({MediaType.DOCKER_MANIFEST.value}))
IMMUTABLE = MutabilityRule(TagMutability.IMMUTABLE)
OTHER_TEAM = "team/other"


def test_a_manifest_is_pulled_as_it_was_pushed(tenant: Tenant) -> None:
    pushed = tenant.push("v1")
    stored = tenant.run(get_manifest, REPOSITORY, pushed.digest)
    assert (stored.body, stored.media_type) == (dump(image()), pushed.media_type)


def test_a_new_manifest_is_created(tenant: Tenant) -> None:
    assert tenant.push("v1").pushed is Pushed.CREATED


def test_a_known_manifest_under_a_new_tag_is_tagged(tenant: Tenant) -> None:
    tenant.push("v1")
    assert tenant.put(image(), "v2").pushed is Pushed.TAGGED


@pytest.mark.parametrize("tag", ["v1", None])
def test_the_same_push_again_changes_nothing(tenant: Tenant, tag: str | None) -> None:
    tenant.push(tag)
    before = len(tenant.rows(events, "event_id"))
    assert (tenant.put(image(), tag).pushed, len(tenant.rows(events, "event_id"))) == (Pushed.UNCHANGED, before)


def test_a_tag_moves_to_what_is_pushed_last(tenant: Tenant) -> None:
    tenant.push("v1", b"a")
    second = tenant.push("v1", b"b")
    assert named(tenant, "v1") == second.digest


def test_an_image_whose_tag_moved_away_stays(tenant: Tenant) -> None:
    first = tenant.push("v1", b"a")
    tenant.push("v1", b"b")
    (described,) = tenant.run(describe_images, REPOSITORY, [ImageId(first.digest)])
    assert described.tags == ()


def test_every_push_that_changes_something_is_recorded(tenant: Tenant) -> None:
    tenant.push("v1")
    tenant.put(image(), "v2")
    kinds = [kind for (kind,) in tenant.rows(events, "kind")]
    assert kinds.count("ImagePushed") == 2


@pytest.mark.parametrize("layer", [b"a", b"b"])
def test_an_immutable_tag_does_not_move_not_even_to_itself(tenant: Tenant, layer: bytes) -> None:
    tenant.run(put_tag_mutability, REPOSITORY, IMMUTABLE)
    tenant.push("v1", b"a")
    with pytest.raises(TagImmutable):
        tenant.push("v1", layer)


def test_a_tag_that_was_there_before_the_rule_does_not_move_any_more(tenant: Tenant) -> None:
    tenant.push("v1", b"a")
    tenant.run(put_tag_mutability, REPOSITORY, IMMUTABLE)
    with pytest.raises(TagImmutable):
        tenant.push("v1", b"b")


def test_a_new_tag_is_put_where_tags_are_immutable(tenant: Tenant) -> None:
    tenant.run(put_tag_mutability, REPOSITORY, IMMUTABLE)
    tenant.push("v1")
    assert tenant.put(image(), "v2").pushed is Pushed.TAGGED


def test_an_immutable_tag_can_be_pushed_again_once_it_was_deleted(tenant: Tenant) -> None:
    tenant.run(put_tag_mutability, REPOSITORY, IMMUTABLE)
    tenant.push("v1", b"a")
    delete(tenant, ImageId(tag="v1"))
    assert tenant.push("v1", b"b").pushed is Pushed.CREATED


def test_a_tag_that_the_rule_excludes_moves(tenant: Tenant) -> None:
    rule = MutabilityRule.parse(TagMutability.IMMUTABLE_WITH_EXCLUSION, ("dev-*",))
    tenant.run(put_tag_mutability, REPOSITORY, rule)
    tenant.push("dev-1", b"a")
    second = tenant.push("dev-1", b"b")
    assert named(tenant, "dev-1") == second.digest


def test_an_image_is_found_by_the_digest_of_its_other_form(tenant: Tenant) -> None:
    pushed = tenant.push("v1")
    form = tenant.run(get_manifest, REPOSITORY, Tag("v1"), DOCKER_ALONE)
    assert (form.digest != pushed.digest, form.media_type) == (True, MediaType.DOCKER_MANIFEST)
    assert tenant.run(get_manifest, REPOSITORY, form.digest) == form


def test_by_digest_nothing_is_converted(tenant: Tenant) -> None:
    pushed = tenant.push("v1")
    assert tenant.run(get_manifest, REPOSITORY, pushed.digest, DOCKER_ALONE).body == dump(image())


def test_the_other_form_goes_with_its_image(tenant: Tenant) -> None:
    tenant.push("v1")
    form = tenant.run(get_manifest, REPOSITORY, Tag("v1"), DOCKER_ALONE)
    delete(tenant, ImageId(tag="v1"))
    with pytest.raises(ImageNotFound):
        tenant.run(get_manifest, REPOSITORY, form.digest)


def test_the_other_form_is_no_image_of_another_repository(tenant: Tenant) -> None:
    tenant.push("v1")
    form = tenant.run(get_manifest, REPOSITORY, Tag("v1"), DOCKER_ALONE)
    tenant.create(OTHER_TEAM)
    with pytest.raises(ImageNotFound):
        tenant.run(get_manifest, OTHER_TEAM, form.digest)


def test_a_pull_of_the_other_form_is_one_of_the_image(tenant: Tenant) -> None:
    pushed = tenant.push("v1")
    form = tenant.run(get_manifest, REPOSITORY, Tag("v1"), DOCKER_ALONE, counts=False)
    tenant.run(get_manifest, REPOSITORY, form.digest)
    assert [pulled.digest for pulled in tenant.env.pull_times.take()] == [pushed.digest]


def test_a_manifest_that_is_not_what_it_is_said_to_be_is_refused(tenant: Tenant) -> None:
    with pytest.raises(ImageDigestMismatch):
        tenant.put(image(), digest=Digest.of(b"other"))


def test_a_broken_manifest_is_refused(tenant: Tenant) -> None:
    with pytest.raises(ManifestInvalid):
        tenant.put([], "v1")


def test_a_missing_repository_is_told_before_a_broken_manifest(tenant: Tenant) -> None:
    with pytest.raises(RepositoryNotFound):
        tenant.run(put_image, "team/missing", PutImage(b"", None, None))


@pytest.mark.parametrize("reference", [Tag("missing"), Digest.of(b"missing")])
def test_an_image_that_is_missing_is_not_found(tenant: Tenant, reference: Tag | Digest) -> None:
    with pytest.raises(ImageNotFound):
        tenant.run(get_manifest, REPOSITORY, reference)


def test_an_image_of_another_repository_is_not_found_by_its_digest(tenant: Tenant) -> None:
    tenant.create(OTHER_TEAM)
    with pytest.raises(ImageNotFound):
        tenant.run(get_manifest, OTHER_TEAM, tenant.push("v1").digest)


def test_images_are_got_and_missed_side_by_side(tenant: Tenant) -> None:
    digest = tenant.push("v1").digest
    other = Digest.of(b"other")
    asked = [ImageId(tag="v1"), ImageId(other), ImageId(), ImageId("x:y"), ImageId(tag="a b"), ImageId(other, "v1")]
    found, failures = tenant.run(batch_get, REPOSITORY, asked)
    assert ([one for one, _ in found], [failure.code for failure in failures]) == (
        [ImageId(digest, "v1")],
        [
            ImageFailureCode.NOT_FOUND,
            ImageFailureCode.MISSING,
            ImageFailureCode.INVALID_DIGEST,
            ImageFailureCode.INVALID_TAG,
            ImageFailureCode.MISMATCH,
        ],
    )
