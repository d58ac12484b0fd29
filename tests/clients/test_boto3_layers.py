"""The API's own way of moving layers, with boto3: parts in, a URL out."""

import random
import re
import urllib.request

import pytest
from botocore.client import BaseClient

from support.images import MEBIBYTE
from support.layers import SMALLEST_PART, digest_of, manifest_of, put_image, put_layer, send_parts
from support.repository import Repository

NOWHERE = "boto3-layers/nowhere"
UNKNOWN = digest_of(b"never sent")


@pytest.fixture(scope="module")
def layer() -> bytes:
    """Return three parts: two of the smallest size allowed, and a last one of any size."""
    return random.Random(6).randbytes(2 * SMALLEST_PART + MEBIBYTE)  # noqa: S311  # must repeat


def url_of(ecr: BaseClient, repository: str, digest: str) -> str:
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)["downloadUrl"]
    assert isinstance(url, str)
    return url


def fetched(url: str, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # the server under test gave it
    with urllib.request.urlopen(request) as response:  # noqa: S310  # see above
        return response.status, response.read()


def test_an_upload_suggests_a_part_size_that_is_allowed(ecr: BaseClient, repository: Repository) -> None:
    assert ecr.initiate_layer_upload(repositoryName=repository.name)["partSize"] >= SMALLEST_PART


def test_each_part_is_acknowledged_up_to_its_last_byte(ecr: BaseClient, repository: Repository, layer: bytes) -> None:
    upload = ecr.initiate_layer_upload(repositoryName=repository.name)["uploadId"]
    answer = ecr.upload_layer_part(
        repositoryName=repository.name,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=SMALLEST_PART - 1,
        layerPartBlob=layer[:SMALLEST_PART],
    )
    assert answer["lastByteReceived"] == SMALLEST_PART - 1


def test_a_layer_sent_in_three_parts_is_one_layer(ecr: BaseClient, repository: Repository, layer: bytes) -> None:
    upload = send_parts(ecr, repository.name, layer)
    answer = ecr.complete_layer_upload(repositoryName=repository.name, uploadId=upload, layerDigests=[digest_of(layer)])
    assert answer["layerDigest"] == digest_of(layer)


def test_a_completed_layer_is_available_with_its_size(ecr: BaseClient, repository: Repository, layer: bytes) -> None:
    digest = put_layer(ecr, repository.name, layer)
    found = ecr.batch_check_layer_availability(repositoryName=repository.name, layerDigests=[digest])["layers"]
    assert [(entry["layerAvailability"], entry["layerSize"]) for entry in found] == [("AVAILABLE", len(layer))]


def test_a_layer_never_sent_is_unavailable(ecr: BaseClient, repository: Repository) -> None:
    found = ecr.batch_check_layer_availability(repositoryName=repository.name, layerDigests=[UNKNOWN])["layers"]
    assert [entry["layerAvailability"] for entry in found] == ["UNAVAILABLE"]


def test_a_text_that_is_no_digest_is_a_failure_of_its_own(ecr: BaseClient, repository: Repository) -> None:
    answer = ecr.batch_check_layer_availability(repositoryName=repository.name, layerDigests=["no digest"])
    assert [failure["failureCode"] for failure in answer["failures"]] == ["InvalidLayerDigest"]


def test_a_layer_is_downloaded_from_its_url(ecr: BaseClient, repository: Repository, layer: bytes) -> None:
    put_image(ecr, repository.name, "v1", layer=layer)
    assert fetched(url_of(ecr, repository.name, digest_of(layer))) == (200, layer)


def test_a_range_of_a_layer_is_downloaded_from_its_url(ecr: BaseClient, repository: Repository, layer: bytes) -> None:
    put_image(ecr, repository.name, "v1", layer=layer)
    url = url_of(ecr, repository.name, digest_of(layer))
    assert fetched(url, Range="bytes=1000-1999") == (206, layer[1000:2000])


def test_a_layer_that_no_image_holds_has_no_url(ecr: BaseClient, repository: Repository) -> None:
    digest = put_layer(ecr, repository.name, b"held by nothing")
    with pytest.raises(ecr.exceptions.LayerInaccessibleException):
        ecr.get_download_url_for_layer(repositoryName=repository.name, layerDigest=digest)


def test_a_layer_never_sent_has_no_url(ecr: BaseClient, repository: Repository) -> None:
    with pytest.raises(ecr.exceptions.LayersNotFoundException, match=UNKNOWN):
        ecr.get_download_url_for_layer(repositoryName=repository.name, layerDigest=UNKNOWN)


def test_parts_make_an_image_that_is_kept_as_put(ecr: BaseClient, repository: Repository, layer: bytes) -> None:
    digest = put_image(ecr, repository.name, "v1", layer=layer)
    assert digest == digest_of(manifest_of(b"{}", (layer,)).encode())


def test_a_part_that_leaves_a_gap_is_refused_with_the_last_good_byte(
    ecr: BaseClient, repository: Repository, layer: bytes
) -> None:
    upload = send_parts(ecr, repository.name, layer[:SMALLEST_PART])
    with pytest.raises(ecr.exceptions.InvalidLayerPartException) as refusal:
        ecr.upload_layer_part(
            repositoryName=repository.name,
            uploadId=upload,
            partFirstByte=SMALLEST_PART + 10,
            partLastByte=SMALLEST_PART + 19,
            layerPartBlob=bytes(10),
        )
    assert refusal.value.response["lastValidByteReceived"] == SMALLEST_PART - 1


def test_a_small_part_in_the_middle_is_refused(ecr: BaseClient, repository: Repository) -> None:
    data = bytes(3000)
    with pytest.raises(ecr.exceptions.LayerPartTooSmallException, match="should be at least 5MB"):
        ecr.complete_layer_upload(
            repositoryName=repository.name,
            uploadId=send_parts(ecr, repository.name, data, size=1000),
            layerDigests=[digest_of(data)],
        )


def test_a_layer_that_is_not_what_its_digest_says_is_refused(ecr: BaseClient, repository: Repository) -> None:
    upload = send_parts(ecr, repository.name, b"something else")
    with pytest.raises(ecr.exceptions.InvalidLayerException):
        ecr.complete_layer_upload(repositoryName=repository.name, uploadId=upload, layerDigests=[UNKNOWN])


def test_an_upload_without_a_byte_is_refused(ecr: BaseClient, repository: Repository) -> None:
    upload = send_parts(ecr, repository.name, b"")
    with pytest.raises(ecr.exceptions.EmptyUploadException):
        ecr.complete_layer_upload(repositoryName=repository.name, uploadId=upload, layerDigests=[UNKNOWN])


def test_a_layer_sent_twice_is_there_already(ecr: BaseClient, repository: Repository) -> None:
    put_layer(ecr, repository.name, b"twice")
    with pytest.raises(ecr.exceptions.LayerAlreadyExistsException):
        put_layer(ecr, repository.name, b"twice")


def test_an_upload_is_used_up_by_its_completion(ecr: BaseClient, repository: Repository) -> None:
    upload = send_parts(ecr, repository.name, b"once")
    asked = {"repositoryName": repository.name, "uploadId": upload, "layerDigests": [digest_of(b"once")]}
    ecr.complete_layer_upload(**asked)
    with pytest.raises(ecr.exceptions.UploadNotFoundException):
        ecr.complete_layer_upload(**asked)


def test_an_upload_of_another_repository_is_not_found(
    ecr: BaseClient, repository: Repository, immutable_repository: Repository
) -> None:
    upload = send_parts(ecr, repository.name, b"here")
    with pytest.raises(ecr.exceptions.UploadNotFoundException):
        ecr.complete_layer_upload(
            repositoryName=immutable_repository.name, uploadId=upload, layerDigests=[digest_of(b"here")]
        )


def test_a_layer_for_a_missing_repository_is_refused_in_ecrs_words(ecr: BaseClient) -> None:
    told = f"The repository with name '{NOWHERE}' does not exist in the registry with id '123456789012'"
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException, match=re.escape(told)):
        ecr.initiate_layer_upload(repositoryName=NOWHERE)
