"""Repositories and images through boto3: paging, and the codes programs look for when something is refused."""

import contextlib
import json
import re

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from support.images import OCI
from support.layers import digest_of, manifest_of, put_image, put_layer
from support.repository import Repository
from support.server import RunningServer
from support.wording import ACCOUNT, IMAGE_NOT_FOUND, REGION, repository_not_found, tag_immutable

TAGS = tuple(f"v{n:02}" for n in range(7))
MISSING = {"imageDigest": digest_of(b"never put")}


@pytest.fixture
def full(ecr: BaseClient, repository: Repository) -> str:
    """Fill a repository with an image for each tag; return its name."""
    for tag in TAGS:
        put_image(ecr, repository.name, tag)
    return repository.name


def test_a_new_repository_says_how_it_is_called(ecr: BaseClient, repository: Repository, registry: str) -> None:
    found = ecr.describe_repositories(repositoryNames=[repository.name])["repositories"][0]
    told = (found["registryId"], found["repositoryArn"], found["repositoryUri"])
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository.name}"
    assert told == (ACCOUNT, arn, f"{registry}/{repository.name}")


def test_list_images_pages_to_the_end(ecr: BaseClient, full: str) -> None:
    pages = ecr.get_paginator("list_images").paginate(repositoryName=full, PaginationConfig={"PageSize": 3})
    assert sorted(image["imageTag"] for page in pages for image in page["imageIds"]) == list(TAGS)


def test_a_page_of_list_images_is_no_longer_than_asked(ecr: BaseClient, full: str) -> None:
    pages = ecr.get_paginator("list_images").paginate(repositoryName=full, PaginationConfig={"PageSize": 3})
    assert [len(page["imageIds"]) for page in pages] == [3, 3, 1]


def test_describe_images_pages_to_the_end(ecr: BaseClient, full: str) -> None:
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=full, PaginationConfig={"PageSize": 2})
    assert sorted(tag for page in pages for image in page["imageDetails"] for tag in image["imageTags"]) == list(TAGS)


def test_describe_repositories_pages_to_the_end(
    ecr: BaseClient, repository: Repository, immutable_repository: Repository
) -> None:
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 1})
    names = {found["repositoryName"] for page in pages for found in page["repositories"]}
    assert {repository.name, immutable_repository.name} <= names


def test_an_image_is_described_by_tag(ecr: BaseClient, full: str) -> None:
    found = ecr.describe_images(repositoryName=full, imageIds=[{"imageTag": "v03"}])["imageDetails"]
    assert [image["imageTags"] for image in found] == [["v03"]]


def test_a_moved_tag_leaves_its_image_without_one(ecr: BaseClient, repository: Repository) -> None:
    left = put_image(ecr, repository.name, "v1", layer=b"first")
    put_image(ecr, repository.name, "v1", layer=b"second")
    untagged = ecr.list_images(repositoryName=repository.name, filter={"tagStatus": "UNTAGGED"})
    assert untagged["imageIds"] == [{"imageDigest": left}]


def test_an_image_gets_a_second_tag_by_putting_its_manifest_again(ecr: BaseClient, repository: Repository) -> None:
    put_image(ecr, repository.name, "v1")
    manifest = ecr.batch_get_image(repositoryName=repository.name, imageIds=[{"imageTag": "v1"}])["images"][0]
    ecr.put_image(repositoryName=repository.name, imageManifest=manifest["imageManifest"], imageTag="v2")
    found = ecr.describe_images(repositoryName=repository.name)["imageDetails"]
    assert [sorted(image["imageTags"]) for image in found] == [["v1", "v2"]]


def test_a_missing_image_is_told_beside_the_found_ones(ecr: BaseClient, full: str) -> None:
    answer = ecr.batch_get_image(repositoryName=full, imageIds=[{"imageTag": "v00"}, MISSING])
    assert answer["failures"] == [
        {"imageId": MISSING, "failureCode": "ImageNotFound", "failureReason": IMAGE_NOT_FOUND}
    ]


def test_deleting_the_last_tag_deletes_the_image(ecr: BaseClient, repository: Repository) -> None:
    digest = put_image(ecr, repository.name, "v1")
    ecr.batch_delete_image(repositoryName=repository.name, imageIds=[{"imageTag": "v1"}])
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName=repository.name, imageIds=[{"imageDigest": digest}])


def test_a_repository_that_holds_images_is_deleted_only_by_force(ecr: BaseClient, full: str) -> None:
    with pytest.raises(ecr.exceptions.RepositoryNotEmptyException, match="cannot be deleted because it still contains"):
        ecr.delete_repository(repositoryName=full)
    ecr.delete_repository(repositoryName=full, force=True)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.list_images(repositoryName=full)


def test_a_repository_is_created_once(ecr: BaseClient, repository: Repository) -> None:
    told = f"The repository with name '{repository.name}' already exists in the registry with id '{ACCOUNT}'"
    with pytest.raises(ecr.exceptions.RepositoryAlreadyExistsException, match=re.escape(told)):
        ecr.create_repository(repositoryName=repository.name)


def test_a_missing_repository_is_refused_in_ecrs_words(ecr: BaseClient) -> None:
    told = re.escape(repository_not_found("boto3/nowhere"))
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException, match=told):
        ecr.list_images(repositoryName="boto3/nowhere")


def test_a_missing_image_is_refused_in_ecrs_words(ecr: BaseClient, repository: Repository) -> None:
    told = (
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the repository"
        f" with name '{repository.name}' in the registry with id '{ACCOUNT}'"
    )
    with pytest.raises(ecr.exceptions.ImageNotFoundException, match=re.escape(told)):
        ecr.describe_images(repositoryName=repository.name, imageIds=[{"imageTag": "v9"}])


def test_the_same_image_is_put_once(ecr: BaseClient, repository: Repository) -> None:
    digest = put_image(ecr, repository.name, "v1")
    told = (
        f"Image with digest '{digest}' and tag 'v1' already exists in the repository"
        f" with name '{repository.name}' in registry with id '{ACCOUNT}'"
    )
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException, match=re.escape(told)):
        put_image(ecr, repository.name, "v1")


def test_an_immutable_tag_is_refused_in_ecrs_words(ecr: BaseClient, immutable_repository: Repository) -> None:
    name = immutable_repository.name
    put_image(ecr, name, "v1", layer=b"first")
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException, match=re.escape(tag_immutable(name, "v1"))):
        put_image(ecr, name, "v1", layer=b"second")


def test_an_image_without_its_layers_is_refused(ecr: BaseClient, repository: Repository) -> None:
    put_layer(ecr, repository.name, b"{}")
    manifest = manifest_of(b"{}", (b"never sent",))
    with pytest.raises(ecr.exceptions.LayersNotFoundException, match=digest_of(b"never sent")):
        ecr.put_image(repositoryName=repository.name, imageManifest=manifest, imageTag="v1")


def test_an_index_without_its_images_is_refused(ecr: BaseClient, repository: Repository) -> None:
    child = {"mediaType": OCI.manifest, "digest": MISSING["imageDigest"], "size": 9}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI.index, "manifests": [child]})
    with pytest.raises(ecr.exceptions.ReferencedImagesNotFoundException, match=MISSING["imageDigest"]):
        ecr.put_image(repositoryName=repository.name, imageManifest=index, imageTag="v1")


def test_a_manifest_that_is_not_what_its_digest_says_is_refused(ecr: BaseClient, repository: Repository) -> None:
    put_image(ecr, repository.name, "v1", layer=b"layer")
    with pytest.raises(ecr.exceptions.ImageDigestDoesNotMatchException):
        ecr.put_image(
            repositoryName=repository.name, imageManifest=manifest_of(b"{}", (b"layer",)), imageTag="v2", **MISSING
        )


def test_an_image_of_an_index_is_not_deleted(ecr: BaseClient, repository: Repository) -> None:
    digest = put_image(ecr, repository.name, "v1", layer=b"layer")
    size = len(manifest_of(b"{}", (b"layer",)))
    child = {"mediaType": OCI.manifest, "digest": digest, "size": size}
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI.index, "manifests": [child]})
    ecr.put_image(repositoryName=repository.name, imageManifest=index, imageTag="all")
    answer = ecr.batch_delete_image(repositoryName=repository.name, imageIds=[{"imageDigest": digest}])
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageReferencedByManifestList"]


def test_a_name_that_is_none_is_an_invalid_parameter(ecr: BaseClient) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException, match="repositoryName"):
        ecr.create_repository(repositoryName="No/Capitals")


def test_a_page_longer_than_allowed_is_an_invalid_parameter(ecr: BaseClient, repository: Repository) -> None:
    with pytest.raises(ecr.exceptions.InvalidParameterException, match="Member must have value less than or equal to"):
        ecr.list_images(repositoryName=repository.name, maxResults=1001)


def refusal_of(server: RunningServer, key_id: str, secret: str) -> str:
    """Ask with some keys; return the code it is refused with."""
    with_keys = server.boto3("ecr", access_key_id=key_id, secret_access_key=secret)
    with contextlib.closing(with_keys), pytest.raises(ClientError) as refusal:
        with_keys.describe_repositories()
    return str(refusal.value.response["Error"]["Code"])


def test_a_key_that_nobody_has_is_refused(server: RunningServer) -> None:
    assert refusal_of(server, "AKIAIOSFODNN7EXAMPLE", "a secret") == "UnrecognizedClientException"


def test_a_wrong_secret_is_refused(server: RunningServer) -> None:
    assert refusal_of(server, server.access_key_id, "not the secret") == "InvalidSignatureException"
