"""How each fact is told to docker: status, code and ECR's own words (spec/ecr/errors.md, part 2)."""

import json

import pytest

from moorage.domain import errors as fact
from moorage.domain.errors import Place, RegistryError
from moorage.domain.profile import Profile
from moorage.edge.oci.errors import challenge, response

AT = Place("team/app", "123456789012")
WHERE = "the repository with name 'team/app' in the registry with id '123456789012'"
DIGEST = "sha256:" + "0" * 64

TOLD: list[tuple[RegistryError, int, str, str]] = [
    (
        fact.AccessDenied("User: a is not authorized to perform: b"),
        403,
        "DENIED",
        "User: a is not authorized to perform: b",
    ),
    (fact.TokenExpired(), 403, "DENIED", "Your authorization token has expired. Reauthenticate and try again."),
    (
        fact.TokenOfAnotherRegion("eu-west-1", "us-east-1"),
        403,
        "DENIED",
        "Your authorization token is good in Region eu-west-1. Reauthenticate in Region us-east-1.",
    ),
    (
        fact.RepositoryNotFound(AT),
        404,
        "NAME_UNKNOWN",
        "The repository with name 'team/app' does not exist in the registry with id '123456789012'",
    ),
    (fact.ImageNotFound(AT, tag="v1"), 404, "MANIFEST_UNKNOWN", "Requested image not found"),
    (fact.ImageNotFound(AT, digest=DIGEST), 404, "MANIFEST_UNKNOWN", "Requested image not found"),
    (
        fact.LayerNotFound(AT, DIGEST),
        404,
        "BLOB_UNKNOWN",
        f"The layer with digest '{DIGEST}' does not exist within {WHERE}",
    ),
    (
        fact.LayerInaccessible(AT, DIGEST),
        404,
        "BLOB_UNKNOWN",
        f"The layer with digest '{DIGEST}' in {WHERE} is not associated with an image",
    ),
    (
        fact.UploadNotFound(AT, "u1"),
        404,
        "BLOB_UPLOAD_UNKNOWN",
        f"Upload with id 'u1' could not be found for {WHERE}",
    ),
    (
        fact.UploadOutOfOrder(AT, "u1", got=5, expected=3),
        416,
        "BLOB_UPLOAD_INVALID",
        "First byte of the layer part is 5 instead of 3",
    ),
    (fact.UploadBusy(AT, "u1"), 416, "BLOB_UPLOAD_INVALID", "Another request is writing to the upload with id 'u1'"),
    (
        fact.UploadEmpty(AT, "u1"),
        400,
        "BLOB_UPLOAD_INVALID",
        f"The upload with id 'u1' for {WHERE} contains no layer parts",
    ),
    (
        fact.LayerDigestMismatch(DIGEST),
        400,
        "DIGEST_INVALID",
        f"The layer digest '{DIGEST}' does not match the digest that was calculated from the uploaded layer",
    ),
    (
        fact.InvalidDigest("x"),
        400,
        "DIGEST_INVALID",
        (
            "Invalid parameter at 'imageDigest' failed to satisfy constraint:"
            " 'must satisfy regular expression 'sha256:[a-f0-9]{64}''"
        ),
    ),
    (
        fact.LayerPartTooSmall(),
        400,
        "BLOB_UPLOAD_INVALID",
        "All layer parts except the last part should be at least 5MB",
    ),
    (fact.LayerTooLarge(5), 413, "SIZE_INVALID", "The layer exceeds the maximum layer size of 5 bytes"),
    (
        fact.TagImmutable(AT, "v1"),
        400,
        "TAG_INVALID",
        (
            "The image tag 'v1' already exists in the 'team/app' repository"
            " and cannot be overwritten because the tag is immutable."
        ),
    ),
    (
        fact.ImageDigestMismatch(AT, DIGEST),
        400,
        "MANIFEST_INVALID",
        (
            f"The image with digest '{DIGEST}' in repository 'team/app' and registry ID '123456789012' does not match"
            " the image digest that Amazon ECR has calculated."
        ),
    ),
    (
        fact.ReferencedImagesNotFound(AT, ["a", "b"]),
        404,
        "MANIFEST_BLOB_UNKNOWN",
        (
            "Images with digests '[a, b]' required for pushing image into repository with name 'team/app'"
            " in the registry with id '123456789012' do not exist"
        ),
    ),
    (
        fact.LayersNotFound(AT, ["a"]),
        404,
        "MANIFEST_BLOB_UNKNOWN",
        (
            "Layers with digests '[a]' required for pushing image into repository with name 'team/app'"
            " in the registry with id '123456789012' do not exist"
        ),
    ),
    (
        fact.ManifestInvalid("Invalid JSON syntax"),
        405,
        "UNSUPPORTED",
        "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
    ),
    (
        fact.InvalidParameter("maxResults", "Member must have value less than or equal to 1000"),
        405,
        "UNSUPPORTED",
        (
            "Invalid parameter at 'maxResults' failed to satisfy constraint:"
            " 'Member must have value less than or equal to 1000'"
        ),
    ),
    (
        fact.ImageReferenced([DIGEST]),
        405,
        "UNSUPPORTED",
        f"Requested image referenced by manifest list: [{DIGEST}]",
    ),
    (fact.TooBusy(7), 429, "TOOMANYREQUESTS", "Rate exceeded"),
    (fact.RouteUnknown(), 404, "UNSUPPORTED", "there is nothing at this path"),
]


@pytest.mark.parametrize(
    ("error", "status", "code", "message"), TOLD, ids=[type(error).__name__ for error, _, _, _ in TOLD]
)
def test_a_fact_is_told_in_the_words_of_ecr(error: RegistryError, status: int, code: str, message: str) -> None:
    answer = response(Profile.ECR, error)
    assert (answer.status, json.loads(answer.body)) == (status, {"errors": [{"code": code, "message": message}]})


@pytest.mark.parametrize(
    ("error", "header"),
    [
        (fact.RouteUnknown(), ("content-type", "application/json; charset=utf-8")),
        (fact.RouteUnknown(), ("docker-distribution-api-version", "registry/2.0")),
        (fact.MethodUnknown(["GET", "HEAD"]), ("allow", "GET, HEAD")),
        (fact.TooBusy(7), ("retry-after", "7")),
        (fact.StorageFull(), ("retry-after", "30")),
        (fact.UploadOutOfOrder(AT, "u1", got=5, expected=3), ("range", "0-2")),
        (fact.UploadOutOfOrder(AT, "u1", got=5, expected=0), ("range", "0-0")),
    ],
)
def test_a_fact_comes_with_what_a_client_needs_to_go_on(error: RegistryError, header: tuple[str, str]) -> None:
    assert header in response(Profile.ECR, error).headers


def test_a_fact_that_has_no_row_is_a_fault_of_ours() -> None:
    assert response(Profile.ECR, RegistryError("unheard of")).status == 500


def test_whoever_shows_no_credentials_is_asked_for_them_in_plain_text() -> None:
    answer = challenge(Profile.ECR, "https://localhost/")
    assert (answer.status, answer.body, dict(answer.headers)["www-authenticate"]) == (
        401,
        b"Not Authorized\n",
        'Basic realm="https://localhost/",service="ecr.amazonaws.com"',
    )
