"""What an image needs: its layers, its children, and the kinds and sizes that they say."""

import threading

import pytest

from moorage.domain import strictjson
from moorage.domain.digest import Digest
from moorage.domain.errors import (
    ImageNotFound,
    LayersNotFound,
    ManifestInvalid,
    ReferencedImagesNotFound,
)
from moorage.domain.image import ImageId, ImagePush, Pushed
from moorage.domain.media import MediaType
from moorage.domain.names import Tag
from moorage.domain.repository import MutabilityRule, TagMutability
from moorage.operations.imagelists import describe_images
from moorage.operations.images import PutImage, get_manifest, put_image
from unit.domain.documents import descriptor, dump, image, index, without
from unit.operations.imagecalls import delete, named, push_index
from unit.operations.tenant import REPOSITORY, Tenant

pytestmark = pytest.mark.usefixtures("repository")
IMMUTABLE = MutabilityRule(TagMutability.IMMUTABLE)
OTHER_TEAM = "team/other"
OCI, DOCKER = MediaType.OCI_MANIFEST, MediaType.DOCKER_MANIFEST


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
@pytest.mark.parametrize("tags", [("v1", "v2"), ("v1", "v1"), ("v1", None), (None, None)])
def test_one_manifest_has_one_media_type(
    tenant: Tenant, kinds: tuple[MediaType, MediaType], tags: tuple[str | None, str | None]
) -> None:
    tenant.push()
    body = dump(without(image(), "mediaType"))
    first, second = (
        PutImage(body, kind, None if tag is None else Tag(tag)) for kind, tag in zip(kinds, tags, strict=True)
    )
    kept = tenant.run(put_image, REPOSITORY, first)
    with pytest.raises(ManifestInvalid, match="another media type"):
        tenant.run(put_image, REPOSITORY, second)
    assert tenant.run(get_manifest, REPOSITORY, kept.digest).media_type == kinds[0]
    with pytest.raises(ImageNotFound):
        named(tenant, "v2")
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
