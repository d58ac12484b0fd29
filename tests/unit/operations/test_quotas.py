"""A registry holds as many repositories, images and tags as its quotas say, and no more; what goes makes room."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.domain.errors import RegistryFull, RepositoryAlreadyExists
from moorage.domain.image import ImageId
from moorage.domain.names import Tag
from moorage.domain.quotas import Quotas
from moorage.operations.env import Env
from moorage.operations.imagedeletes import delete_images
from moorage.operations.images import PutImage, put_image
from moorage.operations.repositories import delete_repository
from moorage.store.image_counts import image_counts
from moorage.store.images import images
from moorage.store.tags import tags
from support.env import FrozenClock, close_env, make_env
from unit.domain.documents import dump, image
from unit.operations.tenant import REPOSITORY, Tenant, root_of

LAYERS = [b"one", b"two", b"three", b"four"]


@pytest.fixture
def env(tmp_path: Path, clock: FrozenClock) -> Iterator[Env]:
    env = replace(make_env(tmp_path, clock), quotas=Quotas(repositories=2, images=3, tags=2))
    yield env
    close_env(env)


@pytest.fixture
def tenant(env: Env) -> Tenant:
    tenant = root_of(env)
    tenant.create()
    return tenant


def fill(tenant: Tenant, name: str = REPOSITORY) -> None:
    for layer in LAYERS[:3]:
        tenant.push(None, layer, name)


def counts(tenant: Tenant) -> list[int]:
    return [row[1] for row in tenant.rows(image_counts, "repository_id", "images")]


def test_a_repository_takes_as_many_images_as_its_quota(tenant: Tenant) -> None:
    fill(tenant)
    with pytest.raises(RegistryFull, match="The maximum number of images per repository, 3, has been reached"):
        tenant.push("v4", LAYERS[3])
    assert (len(tenant.rows(images, "digest")), tenant.rows(tags, "name"), counts(tenant)) == (3, [], [3])


def test_an_image_that_is_there_may_be_pushed_and_tagged_in_a_full_repository(tenant: Tenant) -> None:
    fill(tenant)
    tenant.push(None, LAYERS[0])
    tenant.push("v1", LAYERS[0])
    assert (tenant.rows(tags, "name"), counts(tenant)) == ([("v1",)], [3])


def test_a_deleted_image_makes_room(tenant: Tenant) -> None:
    fill(tenant)
    digest = tenant.push(None, LAYERS[0]).digest
    tenant.run(delete_images, REPOSITORY, [ImageId(digest)])
    assert counts(tenant) == [2]
    tenant.push("v4", LAYERS[3])
    assert counts(tenant) == [3]


def test_each_repository_has_its_own_count(tenant: Tenant) -> None:
    tenant.create("team/other")
    fill(tenant)
    fill(tenant, "team/other")
    assert counts(tenant) == [3, 3]


def test_a_repository_made_anew_counts_from_nothing(tenant: Tenant) -> None:
    fill(tenant)
    tenant.run(delete_repository, REPOSITORY, force=True)
    assert counts(tenant) == []
    tenant.create()
    fill(tenant)
    assert counts(tenant) == [3]


def test_an_image_has_as_many_tags_as_its_quota(tenant: Tenant) -> None:
    tenant.push("v1")
    tenant.push("v2")
    with pytest.raises(RegistryFull, match="The maximum number of tags per image, 2, has been reached"):
        tenant.push("v3")
    assert tenant.rows(tags, "name") == [("v1",), ("v2",)]


def test_a_tag_that_moves_away_makes_room(tenant: Tenant) -> None:
    tenant.push("v1")
    tenant.push("v2")
    tenant.push("v1", LAYERS[1])
    tenant.push("v3")
    assert [row[0] for row in tenant.rows(tags, "name")] == ["v1", "v2", "v3"]


def test_a_tag_that_an_image_has_may_be_pushed_again(tenant: Tenant) -> None:
    tenant.push("v1")
    tenant.push("v2")
    tenant.push("v2")
    assert len(tenant.rows(tags, "name")) == 2


def test_a_push_with_more_tags_than_an_image_may_have_changes_nothing(tenant: Tenant) -> None:
    tenant.push("v1", LAYERS[1])
    for blob in (b"{}", b"layer"):
        tenant.upload(blob)
    ask = PutImage(dump(image(layers=[b"layer"])), None, Tag("a"), more_tags=(Tag("b"), Tag("c")))
    with pytest.raises(RegistryFull):
        tenant.run(put_image, REPOSITORY, ask)
    assert (len(tenant.rows(images, "digest")), counts(tenant)) == (1, [1])


def test_a_registry_has_as_many_repositories_as_its_quota(tenant: Tenant) -> None:
    tenant.create("team/second")
    with pytest.raises(RegistryFull, match="The maximum number of repositories per registry, 2, has been reached"):
        tenant.create("team/third")


def test_a_name_that_is_taken_is_told_before_a_quota(tenant: Tenant) -> None:
    tenant.create("team/second")
    with pytest.raises(RepositoryAlreadyExists):
        tenant.create("team/second")


def test_a_deleted_repository_makes_room(tenant: Tenant) -> None:
    tenant.create("team/second")
    tenant.run(delete_repository, "team/second", force=False)
    tenant.create("team/third")
