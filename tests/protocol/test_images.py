"""Images by the API: what batches answer, what deletes take along, what stays (spec: operations)."""

import pytest
from botocore.client import BaseClient

from protocol.registry import Registry, index_for, manifest_for
from support.layers import digest_of
from support.wording import ACCOUNT

LAYER = b"one layer"
NOT_FOUND = {"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
BAD_DIGEST = "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
NEITHER = "Invalid request parameters: both tag and digest cannot be null"


@pytest.fixture
def digest(registry: Registry, repository: str) -> str:
    """Push one image with two tags."""
    body = registry.push(repository, "v1", LAYER)
    registry.put_manifest(repository, "v2", body)
    return digest_of(body)


def ids_of(ecr: BaseClient, name: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = ecr.list_images(repositoryName=name)["imageIds"]
    return sorted(found, key=lambda one: (one["imageDigest"], one.get("imageTag", "")))


BATCHES = ["batch_get_image", "batch_delete_image"]
FAILURES = {
    "a missing tag": ({"imageTag": "v9"}, NOT_FOUND),
    "a missing digest": ({"imageDigest": digest_of(b"")}, NOT_FOUND),
    "nothing": ({}, {"failureCode": "MissingDigestAndTag", "failureReason": NEITHER}),
    "a bad digest": ({"imageDigest": "sha256:x"}, {"failureCode": "InvalidImageDigest", "failureReason": BAD_DIGEST}),
}


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize(("asked", "failure"), FAILURES.values(), ids=FAILURES.keys())
def test_what_cannot_be_had_is_a_failure_beside_the_others(  # noqa: PLR0913, PLR0917  # fixtures
    ecr: BaseClient, repository: str, digest: str, batch: str, asked: dict[str, str], failure: dict[str, str]
) -> None:
    answer = getattr(ecr, batch)(repositoryName=repository, imageIds=[asked, {"imageTag": "v1"}])
    assert answer["failures"] == [{"imageId": asked, **failure}]
    found = answer.get("imageIds") or [one["imageId"] for one in answer["images"]]
    assert found == [{"imageDigest": digest, "imageTag": "v1"}]


@pytest.mark.parametrize("batch", BATCHES)
def test_a_tag_of_another_digest_is_a_failure(ecr: BaseClient, repository: str, digest: str, batch: str) -> None:
    asked = {"imageDigest": digest_of(b"other"), "imageTag": "v1"}
    answer = getattr(ecr, batch)(repositoryName=repository, imageIds=[asked])
    assert answer["failures"][0]["failureCode"] == "ImageTagDoesNotMatchDigest"
    assert {one["imageDigest"] for one in ids_of(ecr, repository)} == {digest}


def test_an_image_by_two_tags_comes_twice(ecr: BaseClient, repository: str, digest: str) -> None:
    asked = [{"imageTag": "v1"}, {"imageTag": "v2"}]
    images = ecr.batch_get_image(repositoryName=repository, imageIds=asked)["images"]
    assert [one["imageId"] for one in images] == [{"imageDigest": digest} | one for one in asked]


def test_deleting_a_tag_leaves_the_image_with_the_others(ecr: BaseClient, repository: str, digest: str) -> None:
    gone = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "v1"}])["imageIds"]
    assert gone == [{"imageDigest": digest, "imageTag": "v1"}]
    assert ids_of(ecr, repository) == [{"imageDigest": digest, "imageTag": "v2"}]


def test_with_its_last_tag_an_image_goes(ecr: BaseClient, repository: str, digest: str) -> None:
    asked = [{"imageTag": "v1"}, {"imageTag": "v2"}]
    gone = ecr.batch_delete_image(repositoryName=repository, imageIds=asked)["imageIds"]
    assert gone == [{"imageDigest": digest} | one for one in asked]
    assert ids_of(ecr, repository) == []


def test_deleting_by_digest_names_each_tag(ecr: BaseClient, repository: str, digest: str) -> None:
    gone = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}])["imageIds"]
    assert gone == [{"imageDigest": digest, "imageTag": tag} for tag in ("v1", "v2")]


def test_deleting_an_untagged_image_names_its_digest_alone(
    registry: Registry, ecr: BaseClient, repository: str
) -> None:
    untagged = {"imageDigest": digest_of(registry.push(repository, "", LAYER))}
    assert ecr.batch_delete_image(repositoryName=repository, imageIds=[untagged])["imageIds"] == [untagged]


def test_a_child_stays_while_its_index_does(registry: Registry, ecr: BaseClient, repository: str) -> None:
    child = registry.push(repository, "", LAYER)
    index = registry.keep(repository, "all", index_for(child))
    asked = {"imageDigest": digest_of(child)}
    failures = ecr.batch_delete_image(repositoryName=repository, imageIds=[asked])["failures"]
    reason = f"Requested image referenced by manifest list: [{digest_of(index)}]"
    told = {"failureCode": "ImageReferencedByManifestList", "failureReason": reason}
    assert failures == [{"imageId": asked} | told]


@pytest.mark.parametrize("children_first", [True, False])
def test_an_index_and_its_children_go_in_one_call(
    registry: Registry, ecr: BaseClient, repository: str, *, children_first: bool
) -> None:
    bodies = [registry.push(repository, "", layer) for layer in (b"a", b"b")]
    bodies.append(registry.keep(repository, "all", index_for(*bodies)))
    asked = [{"imageDigest": digest_of(body)} for body in (bodies if children_first else reversed(bodies))]
    answer = ecr.batch_delete_image(repositoryName=repository, imageIds=asked)
    assert (answer["failures"], ids_of(ecr, repository)) == ([], [])


def test_an_untagged_image_is_listed_by_digest_alone(registry: Registry, ecr: BaseClient, repository: str) -> None:
    digest = digest_of(registry.push(repository, "", LAYER))
    assert ids_of(ecr, repository) == [{"imageDigest": digest}]


@pytest.mark.parametrize(("status", "tags"), [("TAGGED", [["v1"]]), ("UNTAGGED", [None]), ("ANY", [None, ["v1"]])])
def test_images_can_be_listed_by_whether_they_have_tags(
    registry: Registry, ecr: BaseClient, repository: str, status: str, tags: list[object]
) -> None:
    registry.push(repository, "v1", LAYER)
    registry.push(repository, "", b"another layer")
    details = ecr.describe_images(repositoryName=repository, filter={"tagStatus": status})["imageDetails"]
    assert sorted((one.get("imageTags") for one in details), key=str) == sorted(tags, key=str)


def test_a_described_image_has_its_members_and_no_others(registry: Registry, ecr: BaseClient, repository: str) -> None:
    digest = digest_of(registry.push(repository, "v1", LAYER))
    detail = ecr.describe_images(repositoryName=repository)["imageDetails"][0]
    assert detail.pop("imagePushedAt") is not None
    assert detail == {
        "registryId": ACCOUNT,
        "repositoryName": repository,
        "imageDigest": digest,
        "imageTags": ["v1"],
        "imageSizeInBytes": len(LAYER) + len(b"{}"),
        "imageManifestMediaType": manifest_for(LAYER)["mediaType"],
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
    }


def test_an_index_is_as_large_as_its_largest_child(registry: Registry, ecr: BaseClient, repository: str) -> None:
    children = [registry.push(repository, "", layer) for layer in (b"small", b"much larger")]
    registry.keep(repository, "all", index_for(*children))
    asked = [{"imageTag": "all"}]
    detail = ecr.describe_images(repositoryName=repository, imageIds=asked)["imageDetails"][0]
    assert detail["imageSizeInBytes"] == len(b"much larger") + len(b"{}")


def test_describing_a_missing_image_fails_as_a_whole(ecr: BaseClient, repository: str, digest: str) -> None:
    asked = [{"imageDigest": digest}, {"imageTag": "v9"}]
    with pytest.raises(ecr.exceptions.ImageNotFoundException) as refused:
        ecr.describe_images(repositoryName=repository, imageIds=asked)
    assert refused.value.response["Error"]["Message"] == (
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the repository with name"
        f" '{repository}' in the registry with id '{ACCOUNT}'"
    )


def test_a_manifest_goes_through_the_api_byte_for_byte(
    registry: Registry, ecr: BaseClient, repository: str, digest: str
) -> None:
    odd = registry.ask("GET", f"{repository}/manifests/v1").body.decode().replace(": ", " :\t\n") + "\r\n "
    ecr.put_image(repositoryName=repository, imageManifest=odd, imageTag="odd")
    image = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "odd"}])["images"][0]
    assert (image["imageManifest"], image["imageId"]["imageDigest"] != digest) == (odd, True)


def test_the_same_image_again_is_told(registry: Registry, ecr: BaseClient, repository: str, digest: str) -> None:
    body = registry.ask("GET", f"{repository}/manifests/v1").body.decode()
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException) as refused:
        ecr.put_image(repositoryName=repository, imageManifest=body, imageTag="v1")
    assert refused.value.response["Error"]["Message"] == (
        f"Image with digest '{digest}' and tag 'v1' already exists in the repository with name '{repository}'"
        f" in registry with id '{ACCOUNT}'"
    )


def test_a_repository_with_images_is_not_deleted_unforced(ecr: BaseClient, repository: str, digest: str) -> None:
    with pytest.raises(ecr.exceptions.RepositoryNotEmptyException) as refused:
        ecr.delete_repository(repositoryName=repository)
    assert refused.value.response["Error"]["Message"] == (
        f"The repository with name '{repository}' in registry with id '{ACCOUNT}' cannot be deleted because it still"
        " contains images"
    )
    assert ids_of(ecr, repository)[0]["imageDigest"] == digest


def test_by_force_a_repository_goes_with_its_images(ecr: BaseClient, repository: str, digest: str) -> None:
    assert digest
    assert ecr.delete_repository(repositoryName=repository, force=True)["repository"]["repositoryName"] == repository
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.list_images(repositoryName=repository)


def test_a_repository_is_made_once(ecr: BaseClient, repository: str) -> None:
    with pytest.raises(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=repository)
