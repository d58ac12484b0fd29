"""Repositories: made, found, listed and deleted, with everything in them."""

import pytest

from moorage.domain.digest import Digest
from moorage.domain.errors import (
    OperationNotBuilt,
    RepositoryAlreadyExists,
    RepositoryNotEmpty,
    RepositoryNotFound,
    RepositoryPolicyNotFound,
)
from moorage.domain.image import ImageId
from moorage.domain.names import RepositoryName
from moorage.domain.repository import EncryptionType, MutabilityRule, TagMutability
from moorage.operations.env import Env
from moorage.operations.imagedeletes import delete_images
from moorage.operations.layers import find_blob
from moorage.operations.repositories import (
    NewRepository,
    create_repository,
    delete_repository,
    find_repositories,
    list_repositories,
    put_tag_mutability,
)
from moorage.operations.repository_policies import get_policy, set_policy
from moorage.store.blobs import blobs, links
from moorage.store.images import images
from moorage.store.manifests import manifests
from moorage.store.references import references
from moorage.store.tags import tags
from moorage.store.uploads import uploads
from support.env import FURTHER_REGION, OTHER, FrozenClock
from unit.operations.tenant import REPOSITORY, Tenant, allow, root_of


@pytest.fixture
def tenant(env: Env) -> Tenant:
    tenant = root_of(env)
    tenant.create()
    return tenant


def delete(tenant: Tenant, name: str = REPOSITORY, *, force: bool = True) -> None:
    tenant.run(delete_repository, name, force=force)


def unlinked(tenant: Tenant) -> list[object]:
    return [at for (at,) in tenant.rows(blobs, "unlinked_at")]


def test_a_repository_is_found_as_it_was_made(tenant: Tenant) -> None:
    rule = MutabilityRule.parse(TagMutability.IMMUTABLE_WITH_EXCLUSION, ("dev-*", "latest"))
    made = tenant.create("aa", rule)
    assert tenant.run(find_repositories, "", [RepositoryName("aa")]) == [made]


def test_a_name_is_taken_once(tenant: Tenant) -> None:
    with pytest.raises(RepositoryAlreadyExists):
        tenant.create()


def test_accounts_and_regions_have_names_of_their_own(tenant: Tenant) -> None:
    other = root_of(tenant.env, OTHER)
    further = Tenant(tenant.env, tenant.account, tenant.key_id, region=FURTHER_REGION)
    ids = {tenant.granted(REPOSITORY).repository_id, other.create().id, further.create().id}
    assert len(ids) == 3


def test_a_registry_lists_its_own_repositories_alone(tenant: Tenant) -> None:
    page = root_of(tenant.env, OTHER).run(list_repositories, "", "DescribeRepositories", token=None, count=None)
    assert page.repositories == []


def test_encryption_by_a_key_is_refused_until_it_is_built(tenant: Tenant) -> None:
    ask = NewRepository(RepositoryName("aa"), MutabilityRule(), False, EncryptionType.KMS)
    with pytest.raises(OperationNotBuilt):
        tenant.run(create_repository, "aa", ask)


def test_repositories_that_are_named_are_described_all_or_none(tenant: Tenant) -> None:
    with pytest.raises(RepositoryNotFound, match="team/missing"):
        tenant.run(find_repositories, "", [RepositoryName(REPOSITORY), RepositoryName("team/missing")])


def test_a_rule_for_tags_is_replaced(tenant: Tenant) -> None:
    tenant.run(put_tag_mutability, REPOSITORY, MutabilityRule(TagMutability.IMMUTABLE))
    (found,) = tenant.run(find_repositories, "", [RepositoryName(REPOSITORY)])
    assert found.rule == MutabilityRule(TagMutability.IMMUTABLE)


def test_a_repository_that_holds_images_is_deleted_with_force_alone(tenant: Tenant) -> None:
    tenant.push("v1")
    with pytest.raises(RepositoryNotEmpty):
        delete(tenant, force=False)


def test_a_repository_that_holds_layers_alone_counts_as_empty(tenant: Tenant) -> None:
    tenant.upload(b"layer")
    delete(tenant, force=False)
    assert tenant.granted(REPOSITORY).found is None


def test_a_repository_that_is_missing_cannot_be_deleted(tenant: Tenant) -> None:
    with pytest.raises(RepositoryNotFound):
        delete(tenant, "team/missing")


def test_a_deleted_repository_leaves_no_row(tenant: Tenant) -> None:
    tenant.push("v1")
    tenant.start()
    delete(tenant)
    tables = (images, tags, references, manifests, links, uploads)
    assert [tenant.rows(table, next(iter(table.c)).name) for table in tables] == [[]] * len(tables)


def test_another_repository_keeps_what_it_shares_with_a_deleted_one(tenant: Tenant) -> None:
    tenant.create("team/other")
    for name in (REPOSITORY, "team/other"):
        tenant.push("v1", name=name)
    delete(tenant)
    assert tenant.run(find_blob, "team/other", Digest.of(b"layer")).referenced


def test_a_repository_made_anew_inherits_neither_images_nor_uploads(tenant: Tenant) -> None:
    tenant.push("v1")
    tenant.start()
    delete(tenant)
    tenant.create()
    assert (tenant.rows(images, "digest"), tenant.rows(uploads, "upload_id")) == ([], [])


def test_a_repository_made_anew_inherits_no_policy(tenant: Tenant) -> None:
    tenant.run(set_policy, REPOSITORY, allow("ecr:*", principal="*"), force=True)
    delete(tenant)
    tenant.create()
    with pytest.raises(RepositoryPolicyNotFound):
        tenant.run(get_policy, REPOSITORY)


def test_a_repository_made_anew_is_another_one(tenant: Tenant) -> None:
    before = tenant.granted(REPOSITORY)
    delete(tenant)
    assert tenant.create().id != before.repository_id


def test_a_blob_carries_the_time_of_its_last_link(tenant: Tenant, clock: FrozenClock) -> None:
    tenant.upload(b"layer")
    clock.move(60)
    delete(tenant)
    assert unlinked(tenant) == [clock()]


def test_a_blob_that_another_repository_links_to_carries_none(tenant: Tenant) -> None:
    tenant.create("team/other")
    for name in (REPOSITORY, "team/other"):
        tenant.upload(b"layer", name)
    delete(tenant)
    assert unlinked(tenant) == [None]


def test_a_blob_that_only_another_account_links_to_carries_the_time(tenant: Tenant, clock: FrozenClock) -> None:
    other = root_of(tenant.env, OTHER)
    other.create()
    for somebody in (tenant, other):
        somebody.upload(b"layer")
    delete(tenant)
    assert tenant.rows(blobs, "account_id", "unlinked_at") == [(tenant.account, clock()), (OTHER, None)]


def test_a_blob_that_is_linked_again_carries_the_time_no_more(tenant: Tenant) -> None:
    tenant.upload(b"layer")
    delete(tenant)
    tenant.create()
    tenant.upload(b"layer")
    assert unlinked(tenant) == [None]


def test_deleting_an_image_leaves_its_layers_linked(tenant: Tenant) -> None:
    tenant.push("v1")
    tenant.run(delete_images, REPOSITORY, [ImageId(tag="v1")])
    assert unlinked(tenant) == [None, None]
