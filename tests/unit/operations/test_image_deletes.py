"""Deleting images: what goes with a tag, a digest, the last of them, and what stays."""

import pytest

from moorage.domain.digest import Digest
from moorage.domain.errors import (
    ImageNotFound,
)
from moorage.domain.image import ImageFailureCode, ImageId
from moorage.domain.repository import MutabilityRule, TagMutability
from moorage.operations.imagelists import describe_images
from moorage.operations.images import get_manifest
from moorage.store.manifests import manifests
from support.env import OTHER, FrozenClock
from unit.domain.documents import dump, image, index
from unit.operations.imagecalls import delete, named, push_index
from unit.operations.tenant import REPOSITORY, Tenant, root_of

pytestmark = pytest.mark.usefixtures("repository")
IMMUTABLE = MutabilityRule(TagMutability.IMMUTABLE)
OTHER_TEAM = "team/other"


def test_deleting_a_digest_takes_all_its_tags(tenant: Tenant) -> None:
    digest = tenant.push("v1").digest
    tenant.put(image(), "v2")
    assert delete(tenant, ImageId(digest)).ids == [ImageId(digest, "v1"), ImageId(digest, "v2")]


def test_deleting_a_tag_leaves_the_image_to_its_others(tenant: Tenant) -> None:
    digest = tenant.push("v1").digest
    tenant.put(image(), "v2")
    assert (delete(tenant, ImageId(tag="v1")).ids, named(tenant, "v2")) == ([ImageId(digest, "v1")], digest)


def test_deleting_the_last_tag_deletes_the_image(tenant: Tenant) -> None:
    digest = tenant.push("v1").digest
    delete(tenant, ImageId(tag="v1"))
    with pytest.raises(ImageNotFound):
        tenant.run(get_manifest, REPOSITORY, digest)


def test_what_cannot_be_deleted_does_not_stop_the_rest(tenant: Tenant) -> None:
    digest = tenant.push("v1").digest
    deleted = delete(tenant, ImageId(tag="missing"), ImageId(), ImageId(tag="v1"))
    assert (deleted.ids, [failure.code for failure in deleted.failures]) == (
        [ImageId(digest, "v1")],
        [ImageFailureCode.NOT_FOUND, ImageFailureCode.MISSING],
    )


def test_a_child_of_an_index_is_not_deleted_alone(tenant: Tenant) -> None:
    parent = push_index(tenant, "v1", b"a")
    (failure,) = delete(tenant, ImageId(Digest.of(dump(image(layers=[b"a"]))))).failures
    assert (failure.code, failure.parents) == (ImageFailureCode.REFERENCED, (parent,))


@pytest.mark.parametrize(("indexes", "more"), [(10, ""), (11, ", and more"), (25, ", and more")])
def test_a_refusal_names_ten_indexes_at_most(tenant: Tenant, indexes: int, more: str) -> None:
    tenant.push()
    child = dump(image())
    parents = sorted(tenant.put(index(child, annotations={"n": str(number)})).digest for number in range(indexes))
    (failure,) = delete(tenant, ImageId(Digest.of(child))).failures
    assert failure.reason == f"Requested image referenced by manifest list: [{', '.join(parents[:10])}{more}]"
    assert len(failure.parents) == min(indexes, 11)


@pytest.mark.parametrize("turned", [False, True])
def test_an_index_and_its_children_go_in_one_call_in_any_order(tenant: Tenant, turned: bool) -> None:  # noqa: FBT001 - a column of the table
    ids = [ImageId(push_index(tenant, "v1", b"a")), ImageId(Digest.of(dump(image(layers=[b"a"]))))]
    assert delete(tenant, *(reversed(ids) if turned else ids)).failures == []


def test_a_manifest_is_stored_once_in_an_account(tenant: Tenant) -> None:
    tenant.create(OTHER_TEAM)
    for name in (REPOSITORY, OTHER_TEAM):
        tenant.push("v1", name=name)
    assert len(tenant.rows(manifests, "digest")) == 1


def test_a_manifest_is_stored_in_each_account(tenant: Tenant) -> None:
    other = root_of(tenant.env, OTHER)
    other.create()
    for somebody in (tenant, other):
        somebody.push("v1")
    assert len(tenant.rows(manifests, "digest")) == 2


def test_a_manifest_that_another_repository_holds_is_kept(tenant: Tenant) -> None:
    tenant.create(OTHER_TEAM)
    digest = tenant.push("v1", name=OTHER_TEAM).digest
    tenant.push("v1")
    delete(tenant, ImageId(tag="v1"))
    assert tenant.run(get_manifest, OTHER_TEAM, digest).body == dump(image())


def test_a_manifest_goes_with_its_last_image(tenant: Tenant) -> None:
    tenant.push("v1")
    delete(tenant, ImageId(tag="v1"))
    assert tenant.rows(manifests, "digest") == []


def test_an_image_pushed_again_after_it_was_deleted_is_new(tenant: Tenant, clock: FrozenClock) -> None:
    tenant.push("v1")
    delete(tenant, ImageId(tag="v1"))
    clock.move(60)
    digest = tenant.put(image(), "v1").digest
    (described,) = tenant.run(describe_images, REPOSITORY, [ImageId(digest)])
    assert described.pushed_at == clock()
