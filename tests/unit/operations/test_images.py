"""Pushing, pulling and deleting images: what a tag names, what an image needs, what goes with the last of them."""

import threading

import pytest

from moorage.domain import strictjson
from moorage.domain.conversion import Accepts
from moorage.domain.digest import Digest
from moorage.domain.errors import (
    ImageDigestMismatch,
    ImageNotFound,
    LayersNotFound,
    ManifestInvalid,
    ReferencedImagesNotFound,
    RepositoryNotFound,
    TagImmutable,
)
from moorage.domain.image import ImageFailureCode, ImageId, ImagePush, Pushed
from moorage.domain.media import MediaType
from moorage.domain.names import Tag
from moorage.domain.repository import MutabilityRule, TagMutability
from moorage.operations.env import Env
from moorage.operations.imagedeletes import Deleted, delete_images
from moorage.operations.imagelists import batch_get, describe_images
from moorage.operations.images import PutImage, get_manifest, put_image
from moorage.operations.repositories import put_tag_mutability
from moorage.store.events import events
from moorage.store.manifests import manifests
from support.env import OTHER, FrozenClock
from unit.domain.documents import descriptor, dump, image, index, without
from unit.operations.tenant import REPOSITORY, Tenant, root_of

DOCKER_ALONE = Accepts(everything=False, named=frozenset({MediaType.DOCKER_MANIFEST.value}))
IMMUTABLE = MutabilityRule(TagMutability.IMMUTABLE)
OTHER_TEAM = "team/other"
OCI, DOCKER = MediaType.OCI_MANIFEST, MediaType.DOCKER_MANIFEST


@pytest.fixture
def tenant(env: Env) -> Tenant:
    tenant = root_of(env)
    tenant.create()
    return tenant


def named(tenant: Tenant, tag: str) -> Digest:
    return tenant.run(get_manifest, REPOSITORY, Tag(tag)).digest


def delete(tenant: Tenant, *ids: ImageId) -> Deleted:
    return tenant.run(delete_images, REPOSITORY, list(ids))


def push_index(tenant: Tenant, tag: str | None, *layers: bytes) -> Digest:
    """Push an index of images that have one layer each."""
    for layer in layers:
        tenant.push(None, layer)
    return tenant.put(index(*(dump(image(layers=[layer])) for layer in layers)), tag).digest


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


def test_an_image_whose_layers_are_missing_is_refused(tenant: Tenant) -> None:
    tenant.upload(b"{}")
    with pytest.raises(LayersNotFound) as refused:
        tenant.put(image(layers=[b"a", b"b", b"a"]), "v1")
    assert refused.value.digests == (Digest.of(b"a"), Digest.of(b"b"))


def test_a_layer_of_another_repository_does_not_count(tenant: Tenant) -> None:
    tenant.create(OTHER_TEAM)
    tenant.push("v1", name=OTHER_TEAM)
    with pytest.raises(LayersNotFound):
        tenant.put(image(), "v1")


def test_a_layer_that_is_fetched_from_elsewhere_need_not_be_there(tenant: Tenant) -> None:
    tenant.upload(b"{}")
    layers = [descriptor(b"elsewhere", urls=["https://example.com/layer"])]
    assert tenant.put(image() | {"layers": layers}).pushed is Pushed.CREATED


def test_an_index_whose_children_are_missing_is_refused(tenant: Tenant) -> None:
    with pytest.raises(ReferencedImagesNotFound) as refused:
        tenant.put(index(b"child"), "v1")
    assert refused.value.digests == (Digest.of(b"child"),)


def test_an_index_is_as_large_as_its_largest_child(tenant: Tenant) -> None:
    digest = push_index(tenant, "v1", b"small", b"much larger")
    (described,) = tenant.run(describe_images, REPOSITORY, [ImageId(digest)])
    assert described.size == len(b"{}") + len(b"much larger")


def test_an_image_is_as_large_as_its_blobs_whatever_its_manifest_says(tenant: Tenant) -> None:
    for blob in (b"{}", b"layer"):
        tenant.upload(blob)
    pushed = tenant.put(image(layers=[]) | {"layers": [descriptor(b"layer", size=10**15)]})
    (described,) = tenant.run(describe_images, REPOSITORY, [ImageId(digest=pushed.digest)])
    assert described.size == len(b"{}") + len(b"layer")


@pytest.mark.parametrize("said", [MediaType.DOCKER_MANIFEST, MediaType.OCI_INDEX])
def test_a_child_is_of_the_kind_that_its_index_says(tenant: Tenant, said: MediaType) -> None:
    tenant.push()
    with pytest.raises(ManifestInvalid, match="another mediaType than its image"):
        tenant.put(index(manifests=[descriptor(dump(image()), said.value)]))


def put_sparse(tenant: Tenant, document: object) -> ImagePush:
    return tenant.run(put_image, REPOSITORY, PutImage(dump(document), None, None, sparse=True))


@pytest.mark.parametrize("kinds", [(OCI, DOCKER), (DOCKER, OCI)])
def test_one_manifest_has_one_media_type(tenant: Tenant, kinds: tuple[MediaType, MediaType]) -> None:
    tenant.push()
    body = dump(without(image(), "mediaType"))
    first, second = (PutImage(body, kind, Tag(kind.name)) for kind in kinds)
    kept = tenant.run(put_image, REPOSITORY, first)
    with pytest.raises(ManifestInvalid, match="another media type"):
        tenant.run(put_image, REPOSITORY, second)
    with pytest.raises(ImageNotFound):
        named(tenant, kinds[1].name)
    delete(tenant, ImageId(kept.digest))
    assert tenant.run(put_image, REPOSITORY, second).pushed is Pushed.CREATED


@pytest.mark.parametrize("said", [OCI, DOCKER])
def test_a_child_that_comes_after_its_index_is_what_that_says(tenant: Tenant, said: MediaType) -> None:
    tenant.push()
    child = dump(without(image(), "mediaType"))
    put_sparse(tenant, index() | {"manifests": [descriptor(child, said.value)]})
    push = PutImage(child, OCI, Tag("v1"))
    if said is OCI:
        assert tenant.run(put_image, REPOSITORY, push).pushed is Pushed.CREATED
    else:
        with pytest.raises(ManifestInvalid, match="an index"):
            tenant.run(put_image, REPOSITORY, push)


def test_an_index_grows_with_the_children_that_come_after_it(tenant: Tenant) -> None:
    children = [dump(image(layers=[bytes(size)])) for size in (30, 10)]
    inner = index(*children)
    outer = index() | {"manifests": [descriptor(dump(inner), MediaType.OCI_INDEX.value)]}
    unlike = index(dump(image(layers=[b"another"])))
    digests = [put_sparse(tenant, document).digest for document in (outer, inner, unlike)]
    sizes = []
    for size in (10, 30):
        tenant.push(None, bytes(size))
        described = tenant.run(describe_images, REPOSITORY, [ImageId(digest) for digest in digests])
        sizes.append([one.size for one in described])
    assert sizes == [[12, 12, 0], [32, 32, 0]]


def test_a_push_reads_its_manifest_once(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bool] = []
    loads = strictjson.loads

    def counted(content: bytes) -> object:
        read.append(threading.current_thread() is threading.main_thread())
        return loads(content)

    monkeypatch.setattr(strictjson, "loads", counted)
    for blob in (b"{}", b"layer"):
        tenant.upload(blob)
    tenant.put(image(subject=descriptor(b"something"), annotations={"a": "b"}))
    assert read == [True]
    tenant.put(image(subject=descriptor(b"something"), annotations={"a": "b" * 65_536}))
    assert read == [True, False]


def test_an_index_cannot_hold_itself(tenant: Tenant) -> None:
    """A circle needs a manifest that is not there yet, so that none ever begins."""
    coming = index(manifests=[descriptor(b"an index that will name this one", MediaType.OCI_INDEX.value)])
    with pytest.raises(ReferencedImagesNotFound):
        tenant.put(coming)


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
