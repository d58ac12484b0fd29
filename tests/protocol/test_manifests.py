"""Manifests over ``/v2/``: kept byte for byte, judged at the door, deleted (spec: registry-http section 4)."""

import json

import pytest
from botocore.client import BaseClient

from protocol.registry import (
    CONFIG,
    DOCKER_MANIFEST,
    EMPTY_INDEX,
    MIB,
    Registry,
    code_of,
    described,
    index_for,
    manifest_for,
    message_of,
)
from support.images import OCI
from support.layers import digest_of
from support.wire import chunked
from support.wording import tag_immutable

LAYER = b"one layer"
ELSEWHERE = described(b"on another server")
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json"
INVALID = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{}'"


def image(**members: object) -> bytes:
    return json.dumps(manifest_for(LAYER, **members)).encode()


def padded(size: int) -> bytes:
    """Make a valid manifest of exactly this many bytes."""
    bare = len(image(annotations={"pad": ""}))
    return image(annotations={"pad": "x" * (size - bare)})


@pytest.fixture
def filled(registry: Registry, repository: str) -> str:
    """Give a repository that holds the blobs of an image, and no image."""
    registry.put_blob(repository, CONFIG)
    registry.put_blob(repository, LAYER)
    return repository


def test_a_push_is_answered_with_the_digest(registry: Registry, filled: str) -> None:
    digest = digest_of(image())
    answer = registry.put_manifest(filled, "v1", image())
    assert (answer.status, answer.body, answer.header("docker-content-digest")) == (201, b"", digest)
    assert answer.header("location") == f"http://{registry.wire.host}/v2/{filled}/manifests/{digest}"


ODD = {
    "as written": image(),
    "with blanks around": b" \r\n\t" + image() + b"\n\n ",
    "indented": json.dumps(manifest_for(LAYER), indent=7).encode(),
    "backwards": json.dumps(dict(reversed(manifest_for(LAYER).items())), separators=(" ,", " : ")).encode(),
    "escaped": image().replace(b"mediaType", b"media\\u0054ype"),
    "unknown members": image(unknown={"a": [1.50, 1e400, None]}).replace(b"Infinity", b"1e400"),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("by_tag", [True, False], ids=["tag", "digest"])
def test_a_manifest_is_served_byte_for_byte(registry: Registry, filled: str, body: bytes, *, by_tag: bool) -> None:
    reference = "v1" if by_tag else digest_of(body)
    assert registry.put_manifest(filled, reference, body).status == 201
    answer = registry.ask("GET", f"{filled}/manifests/{reference}")
    assert (answer.status, answer.body) == (200, body)
    assert answer.header("docker-content-digest") == digest_of(body)


def test_head_tells_what_get_would(registry: Registry, filled: str) -> None:
    registry.put_manifest(filled, "v1", image())
    got, looked = (registry.ask(method, f"{filled}/manifests/v1") for method in ("GET", "HEAD"))
    names = ("content-length", "content-type", "docker-content-digest", "docker-distribution-api-version")
    assert (looked.status, looked.body) == (200, b"")
    assert [looked.header(name) for name in names] == [got.header(name) for name in names]


def test_without_a_media_type_inside_that_of_the_request_counts(registry: Registry, filled: str) -> None:
    body = json.dumps({name: value for name, value in manifest_for(LAYER).items() if name != "mediaType"}).encode()
    registry.put_manifest(filled, "v1", body, f"{OCI.manifest}; charset=utf-8")
    assert registry.ask("GET", f"{filled}/manifests/v1").header("content-type") == OCI.manifest


def test_without_a_media_type_outside_that_inside_counts(registry: Registry, filled: str) -> None:
    assert registry.put_manifest(filled, "v1", image(), media_type=None).status == 201


REFUSED = {
    "empty": (b"", OCI.manifest, "Invalid JSON syntax"),
    "not JSON": (b"{", OCI.manifest, "Invalid JSON syntax"),
    "not UTF-8": (image().replace(b"mediaType", b"media\xffype"), OCI.manifest, "Invalid JSON syntax"),
    "a byte order mark": (b"\xef\xbb\xbf" + image(), OCI.manifest, "Invalid JSON syntax"),
    "bytes behind": (image() + b"{}", OCI.manifest, "Invalid JSON syntax"),
    "a NUL behind": (image() + b"\0", OCI.manifest, "Invalid JSON syntax"),
    "an array": (b"[" + image() + b"]", OCI.manifest, "Invalid JSON syntax"),
    "null": (b"null", OCI.manifest, "Invalid JSON syntax"),
    "duplicate keys": (image()[:-1] + b', "layers": []}', OCI.manifest, "Invalid JSON syntax"),
    "duplicate keys, escaped": (image()[:-1] + b', "l\\u0061yers": []}', OCI.manifest, "Invalid JSON syntax"),
    "endless nesting": (b"[" * 100_000, OCI.manifest, "Invalid JSON syntax"),
    "both kinds": (image(manifests=[]), OCI.manifest, "an image manifest must not hold 'manifests'"),
    "both kinds, as an index": (
        json.dumps(EMPTY_INDEX | {"layers": []}).encode(),
        OCI.index,
        "an index must not hold 'layers' or 'config'",
    ),
    "another type outside": (
        image(),
        DOCKER_MANIFEST,
        "mediaType inside the manifest differs from the media type it was pushed under",
    ),
    "no manifest's type": (image(), "application/json", None),
    "an unknown type": (image(mediaType="text/plain"), "text/plain", "unsupported manifest media type"),
    "schema 1": (
        b'{"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": []}',
        SCHEMA_1,
        "Docker image manifest version 2 schema 1 is not supported, push schema 2 or OCI",
    ),
    "no layers": (
        json.dumps({**manifest_for(LAYER), "layers": None}).encode(),
        OCI.manifest,
        "an image manifest must hold a list 'layers'",
    ),
    "no config": (json.dumps({**manifest_for(LAYER), "config": None}).encode(), OCI.manifest, None),
    "a layer without digest": (image(layers=[{"mediaType": OCI.layer, "size": 1}]), OCI.manifest, None),
    "a path for a digest": (image(layers=[described(LAYER) | {"digest": "sha256:../../x"}]), OCI.manifest, None),
    "a size below nothing": (image(layers=[described(LAYER) | {"size": -1}]), OCI.manifest, None),
    "a size beyond all": (image(layers=[described(LAYER) | {"size": 2**63}]), OCI.manifest, None),
    "a true size": (image(layers=[described(LAYER) | {"size": True}]), OCI.manifest, None),
    "a list for a type": (image(mediaType=[]), OCI.manifest, "mediaType must be a string"),
    "a subject that is no descriptor": (image(subject="x"), OCI.manifest, None),
}


@pytest.mark.parametrize(("body", "media_type", "constraint"), REFUSED.values(), ids=REFUSED.keys())
def test_a_manifest_that_two_readers_might_read_differently_is_refused(
    registry: Registry, filled: str, body: bytes, media_type: str, constraint: str | None
) -> None:
    answer = registry.put_manifest(filled, "v1", body, media_type)
    assert (answer.status, code_of(answer)) == (405, "UNSUPPORTED")
    assert constraint is None or message_of(answer) == INVALID.format(constraint)
    assert registry.ask("GET", f"{filled}/tags/list").read("tags") == []


def test_a_manifest_of_exactly_four_mebibytes_is_kept(registry: Registry, filled: str) -> None:
    body = padded(4 * MIB)
    assert (len(body), registry.put_manifest(filled, "v1", body).status) == (4 * MIB, 201)
    assert registry.ask("GET", f"{filled}/manifests/v1").body == body


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_manifest_of_one_byte_more_is_refused(
    registry: Registry, filled: str, ecr: BaseClient, *, declared: bool
) -> None:
    body = padded(4 * MIB + 1)
    headers = {"Content-Type": OCI.manifest} | ({} if declared else {"Transfer-Encoding": "chunked"})
    answer = registry.ask("PUT", f"{filled}/manifests/v1", headers, body if declared else chunked([body]))
    assert (answer.status, code_of(answer)) == (405, "UNSUPPORTED")
    assert ecr.list_images(repositoryName=filled)["imageIds"] == []


def test_the_blobs_of_an_image_must_be_in_its_repository(
    registry: Registry, filled: str, other_repository: str
) -> None:
    registry.put_blob(other_repository, b"only here")
    digest = digest_of(b"only here")
    answer = registry.put_manifest(filled, "v1", json.dumps(manifest_for(b"only here")).encode())
    assert (answer.status, code_of(answer)) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert message_of(answer) == (
        f"Layers with digests '[{digest}]' required for pushing image into repository with name '{filled}'"
        " in the registry with id '123456789012' do not exist"
    )


def test_a_layer_that_is_fetched_from_elsewhere_need_not_be_there(registry: Registry, filled: str) -> None:
    body = image(layers=[ELSEWHERE | {"urls": ["https://registry.example/layer"]}])
    assert registry.put_manifest(filled, "v1", body).status == 201


def test_the_children_of_an_index_must_be_in_its_repository(
    registry: Registry, filled: str, other_repository: str
) -> None:
    child = registry.push(other_repository, "v1", LAYER)
    answer = registry.put_manifest(filled, "v1", json.dumps(index_for(child)).encode(), OCI.index)
    assert (answer.status, code_of(answer)) == (404, "MANIFEST_BLOB_UNKNOWN")
    assert message_of(answer) == (
        f"Images with digests '[{digest_of(child)}]' required for pushing image into repository with name '{filled}'"
        " in the registry with id '123456789012' do not exist"
    )


@pytest.mark.parametrize("said", [OCI.index, DOCKER_MANIFEST, OCI.layer])
def test_a_child_is_of_the_kind_that_its_index_says(registry: Registry, filled: str, said: str) -> None:
    child = registry.keep(filled, "", manifest_for(LAYER))
    answer = registry.put_manifest(
        filled, "v1", json.dumps(index_for(manifests=[described(child, said)])).encode(), OCI.index
    )
    assert (answer.status, code_of(answer)) == (405, "UNSUPPORTED")
    assert message_of(answer) == INVALID.format("a descriptor in 'manifests' has another mediaType than its image")
    assert registry.ask("GET", f"{filled}/tags/list").read("tags") == []


def test_no_circle_of_indexes_can_be_begun(registry: Registry, filled: str) -> None:
    """Each member of a circle would have to be pushed before the others."""
    later = described(b"the index that would name this one", OCI.index)
    answer = registry.put_manifest(filled, "v1", json.dumps(index_for(manifests=[later])).encode(), OCI.index)
    assert (answer.status, code_of(answer)) == (404, "MANIFEST_BLOB_UNKNOWN")


def test_every_level_of_nested_indexes_is_protected(registry: Registry, filled: str) -> None:
    bodies = [registry.keep(filled, "", manifest_for(LAYER))]
    bodies.append(registry.keep(filled, "", index_for(bodies[0])))
    bodies.append(registry.keep(filled, "top", index_for(manifests=[described(bodies[1], OCI.index)])))
    digests = [digest_of(body) for body in bodies]
    refused = [registry.ask("DELETE", f"{filled}/manifests/{digest}").status for digest in digests[:2]]
    deleted = [registry.ask("DELETE", f"{filled}/manifests/{digest}").status for digest in reversed(digests)]
    assert (refused, deleted) == ([405, 405], [202, 202, 202])


def test_a_digest_that_is_not_the_manifests_is_refused_in_ecrs_words(registry: Registry, filled: str) -> None:
    answer = registry.put_manifest(filled, digest_of(b"other"), image())
    assert (answer.status, code_of(answer)) == (400, "MANIFEST_INVALID")
    assert message_of(answer) == (
        f"The image with digest '{digest_of(b'other')}' in repository '{filled}' and registry ID '123456789012'"
        " does not match the image digest that Amazon ECR has calculated."
    )


def test_a_subject_may_be_missing_and_its_referrers_are_listed(registry: Registry, filled: str) -> None:
    answer = registry.put_manifest(filled, "v1", image(subject=ELSEWHERE))
    assert (answer.status, answer.get("oci-subject")) == (201, ELSEWHERE["digest"])
    listed = registry.ask("GET", f"{filled}/referrers/{ELSEWHERE['digest']}")
    assert listed.read("manifests.0.digest") == answer.header("docker-content-digest")


def test_what_nothing_refers_to_has_an_empty_list(registry: Registry, filled: str) -> None:
    answer = registry.ask("GET", f"{filled}/referrers/{digest_of(LAYER)}")
    assert (answer.status, answer.header("content-type"), answer.read("manifests")) == (200, OCI.index, [])


@pytest.mark.parametrize("tag", ["-x", ".x", "a+b", "a%20b", "%00", "a" * 129, "é", "%2e%2e", "a%0a"])
def test_what_is_no_tag_is_refused(registry: Registry, filled: str, tag: str) -> None:
    answer = registry.put_manifest(filled, tag.encode().decode("latin-1") if tag.isascii() else "%C3%A9", image())
    assert (answer.status, code_of(answer)) == (400, "TAG_INVALID")


def test_a_tag_moves(registry: Registry, filled: str) -> None:
    registry.put_manifest(filled, "v1", image())
    registry.put_manifest(filled, "v1", image() + b"\n")
    assert registry.ask("GET", f"{filled}/manifests/v1").body == image() + b"\n"
    assert registry.ask("GET", f"{filled}/manifests/{digest_of(image())}").body == image()


def test_the_same_push_again_is_a_success(registry: Registry, filled: str) -> None:
    statuses = [registry.put_manifest(filled, "v1", image()).status for _ in range(2)]
    assert statuses == [201, 201]


def test_an_immutable_tag_stays_even_for_the_same_image(registry: Registry, immutable: str) -> None:
    body = registry.push(immutable, "v1", LAYER)
    for again in (body, body + b"\n"):
        answer = registry.put_manifest(immutable, "v1", again)
        assert (answer.status, code_of(answer)) == (400, "TAG_INVALID")
        assert message_of(answer) == tag_immutable(immutable, "v1")
    assert registry.ask("GET", f"{immutable}/manifests/v1").body == body


def test_an_immutable_repository_takes_other_tags(registry: Registry, immutable: str) -> None:
    body = registry.push(immutable, "v1", LAYER)
    assert registry.put_manifest(immutable, "v2", body).status == 201


@pytest.mark.parametrize("reference", ["v9", digest_of(b"nothing")])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_missing_image_is_told_in_ecrs_words(
    registry: Registry, repository: str, method: str, reference: str
) -> None:
    answer = registry.ask(method, f"{repository}/manifests/{reference}")
    assert (answer.status, code_of(answer)) == (404, "MANIFEST_UNKNOWN")
    assert message_of(answer) == "Requested image not found"


def test_deleting_by_digest_takes_the_image_with_all_its_tags(registry: Registry, repository: str) -> None:
    body = registry.push(repository, "v1", LAYER)
    registry.put_manifest(repository, "v2", body)
    assert registry.ask("DELETE", f"{repository}/manifests/{digest_of(body)}").status == 202
    assert registry.ask("GET", f"{repository}/manifests/{digest_of(body)}").status == 404
    assert registry.ask("GET", f"{repository}/tags/list").read("tags") == []


def test_deleting_by_tag_takes_that_tag(registry: Registry, repository: str) -> None:
    body = registry.push(repository, "v1", LAYER)
    registry.put_manifest(repository, "v2", body)
    assert registry.ask("DELETE", f"{repository}/manifests/v1").status == 202
    assert registry.ask("GET", f"{repository}/tags/list").read("tags") == ["v2"]


def test_an_image_that_an_index_holds_stays(registry: Registry, repository: str, ecr: BaseClient) -> None:
    child = registry.push(repository, "", LAYER)
    index = registry.keep(repository, "all", index_for(child))
    answer = registry.ask("DELETE", f"{repository}/manifests/{digest_of(child)}")
    assert (answer.status, code_of(answer)) == (405, "UNSUPPORTED")
    assert message_of(answer) == f"Requested image referenced by manifest list: [{digest_of(index)}]"
    assert len(ecr.describe_images(repositoryName=repository)["imageDetails"]) == 2


def test_a_missing_repository_is_told_before_anything_about_the_manifest(registry: Registry) -> None:
    answer = registry.put_manifest("no/such", "v1", b"{")
    assert (answer.status, code_of(answer)) == (404, "NAME_UNKNOWN")
