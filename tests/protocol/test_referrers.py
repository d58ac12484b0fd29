"""Referrers beyond their number: subjects that come late or go, clients of fallback tags, filters, bad questions."""

import json
from collections.abc import Sequence

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from protocol.registry import Registry, code_of, index_for, manifest_for
from support.images import OCI
from support.layers import digest_of

LAYER = b"one layer"
SIGNATURE, LIST = "application/x.signature", "application/x.list"
SUBJECT = json.dumps(manifest_for(LAYER)).encode()


def referrer(kind: str, number: int = 0, subject: bytes = SUBJECT) -> dict[str, object]:
    pointing = {"mediaType": OCI.manifest, "digest": digest_of(subject), "size": len(subject)}
    return manifest_for(LAYER, subject=pointing, artifactType=kind, annotations={"number": str(number)})


def over_http(registry: Registry, name: str, query: str = "") -> Sequence[str]:
    answer = registry.ask("GET", f"{name}/referrers/{digest_of(SUBJECT)}{query}")
    assert (answer.status, answer.header("content-type")) == (200, OCI.index), answer.text
    return [one["digest"] for one in json.loads(answer.body)["manifests"]]


def by_api(ecr: BaseClient, name: str, **asked: object) -> Sequence[str]:
    told = ecr.list_image_referrers(
        repositoryName=name, subjectId={"imageDigest": digest_of(SUBJECT)}, **({"filter": asked} if asked else {})
    )
    return [one["digest"] for one in told["referrers"]]


@pytest.fixture
def attached(registry: Registry, repository: str) -> list[str]:
    """Push two referrers of a subject that is not there yet; give their digests in their order."""
    registry.push(repository, "", LAYER + b" elsewhere")
    registry.put_blob(repository, LAYER)
    return sorted(digest_of(registry.keep(repository, "", referrer(kind))) for kind in (SIGNATURE, LIST))


def test_a_subject_that_is_not_there_has_its_referrers_on_both_faces(
    registry: Registry, ecr: BaseClient, repository: str, attached: list[str]
) -> None:
    assert registry.ask("GET", f"{repository}/manifests/{digest_of(SUBJECT)}").status == 404
    assert (over_http(registry, repository), by_api(ecr, repository)) == (attached, attached)


def test_a_subject_that_comes_later_finds_its_referrers(
    registry: Registry, ecr: BaseClient, repository: str, attached: list[str]
) -> None:
    answer = registry.put_manifest(repository, "v1", SUBJECT)
    assert (answer.status, answer.get("oci-subject")) == (201, None)
    assert (over_http(registry, repository), by_api(ecr, repository)) == (attached, attached)


def test_a_subject_that_goes_leaves_its_referrers_for_a_while_and_finds_them_again(
    registry: Registry, ecr: BaseClient, repository: str, attached: list[str]
) -> None:
    registry.put_manifest(repository, "v1", SUBJECT)
    assert registry.ask("DELETE", f"{repository}/manifests/{digest_of(SUBJECT)}").status == 202
    assert (over_http(registry, repository), by_api(ecr, repository)) == (attached, attached)
    for digest in attached:
        assert registry.ask("GET", f"{repository}/manifests/{digest}").status == 200
    told = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": one} for one in attached])
    assert {one["subjectManifestDigest"] for one in told["imageDetails"]} == {digest_of(SUBJECT)}
    registry.put_manifest(repository, "v1", SUBJECT)
    assert over_http(registry, repository) == attached


def test_a_referrer_that_goes_is_listed_no_longer_and_comes_back_once(
    registry: Registry, ecr: BaseClient, repository: str, attached: list[str]
) -> None:
    gone = digest_of(json.dumps(referrer(LIST)).encode())
    ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": gone}])
    left = [one for one in attached if one != gone]
    assert (over_http(registry, repository), by_api(ecr, repository)) == (left, left)
    for _ in range(2):
        registry.keep(repository, "tagged", referrer(LIST))
    assert (over_http(registry, repository), by_api(ecr, repository)) == (attached, attached)


def test_an_index_can_be_a_referrer_and_a_subject(registry: Registry, ecr: BaseClient, repository: str) -> None:
    child = registry.push(repository, "", LAYER)
    subject = registry.keep(repository, "index", index_for(child))
    pointing = {"mediaType": OCI.index, "digest": digest_of(subject), "size": len(subject)}
    body = registry.keep(repository, "", index_for(child, subject=pointing, artifactType=LIST))
    (told,) = json.loads(registry.ask("GET", f"{repository}/referrers/{digest_of(subject)}").body)["manifests"]
    assert [told[name] for name in ("digest", "mediaType", "artifactType", "size")] == [
        *(digest_of(body), OCI.index, LIST, len(body))
    ]
    asked = {"repositoryName": repository, "subjectId": {"imageDigest": digest_of(subject)}}
    assert [one["digest"] for one in ecr.list_image_referrers(**asked)["referrers"]] == [digest_of(body)]


@pytest.mark.parametrize("plus", ["%2B", "+"])
def test_without_an_artifact_type_the_configs_media_type_counts(registry: Registry, repository: str, plus: str) -> None:
    registry.push(repository, "v1", LAYER)
    document = referrer(LIST)
    del document["artifactType"]
    registry.keep(repository, "", document)
    assert len(over_http(registry, repository, f"?artifactType={OCI.config.replace('+', plus)}")) == 1


class TestFallbackTags:
    """Clients that do not ask for referrers keep an index of them under a tag made of the subject's digest."""

    TAG = digest_of(SUBJECT).replace(":", "-")

    def test_the_tag_is_one_like_others_on_both_faces(
        self, registry: Registry, ecr: BaseClient, repository: str
    ) -> None:
        registry.push(repository, "v1", LAYER)
        kept: list[bytes] = []
        for number in range(2):  # the second reads the index of the first and writes it longer, as they do
            found = registry.ask("GET", f"{repository}/manifests/{self.TAG}")
            assert found.status == (200 if number else 404)
            before = json.loads(found.body)["manifests"] if number else []
            assert [one["digest"] for one in before] == [digest_of(one) for one in kept]
            kept.append(registry.keep(repository, "", referrer(SIGNATURE, number)))
            index = index_for(*kept)
            assert registry.keep(repository, self.TAG, index)
            assert json.loads(registry.ask("GET", f"{repository}/manifests/{self.TAG}").body) == index
        assert registry.ask("GET", f"{repository}/tags/list").read("tags") == sorted([self.TAG, "v1"])
        described = ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": self.TAG}])
        assert described["imageDetails"][0]["imageManifestMediaType"] == OCI.index
        # Those that do ask find each referrer once, and the index is none.
        both = sorted(map(digest_of, kept))
        assert (over_http(registry, repository), by_api(ecr, repository)) == (both, both)

    def test_what_the_index_names_is_held_until_the_index_goes(self, registry: Registry, repository: str) -> None:
        registry.push(repository, "v1", LAYER)
        kept = registry.keep(repository, "", referrer(SIGNATURE))
        index = registry.keep(repository, self.TAG, index_for(kept))
        path = f"{repository}/manifests/{digest_of(kept)}"
        assert registry.ask("DELETE", path).status == 405
        assert registry.ask("DELETE", f"{repository}/manifests/{digest_of(index)}").status == 202
        assert registry.ask("DELETE", path).status == 202
        assert over_http(registry, repository) == []

    @pytest.mark.parametrize("ending", [".sig", ".att", ".sbom"])
    def test_what_hangs_on_a_tag_alone_is_no_referrer(self, registry: Registry, repository: str, ending: str) -> None:
        registry.push(repository, "v1", LAYER)
        body = registry.push(repository, self.TAG + ending, b"a signature")
        assert registry.ask("GET", f"{repository}/manifests/{self.TAG}{ending}").body == body
        assert over_http(registry, repository) == []

    def test_the_tag_of_a_subject_does_not_move_where_tags_are_immutable(
        self, registry: Registry, immutable: str
    ) -> None:
        registry.push(immutable, "v1", LAYER)
        kept = registry.keep(immutable, "", referrer(SIGNATURE))
        first = registry.keep(immutable, self.TAG, index_for(kept))
        second = json.dumps(index_for()).encode()
        answer = registry.put_manifest(immutable, self.TAG, second, OCI.index)
        assert (answer.status, code_of(answer)) == (400, "TAG_INVALID")
        assert registry.ask("GET", f"{immutable}/manifests/{self.TAG}").body == first


class TestFilters:
    """By type over HTTP, by types and by status with the API."""

    def test_over_http_the_answer_tells_that_it_was_filtered(
        self, registry: Registry, repository: str, attached: list[str]
    ) -> None:
        assert attached
        for kind, count in ((SIGNATURE, 1), (LIST, 1), ("application/x.none", 0), ("", 0)):
            path = f"{repository}/referrers/{digest_of(SUBJECT)}?artifactType={kind}"
            answer = registry.ask("GET", path)
            assert answer.header("oci-filters-applied") == "artifactType"
            listed = json.loads(answer.body)["manifests"]
            assert [one["artifactType"] for one in listed] == [kind] * count
        unfiltered = registry.ask("GET", f"{repository}/referrers/{digest_of(SUBJECT)}")
        assert unfiltered.get("oci-filters-applied") is None

    @pytest.mark.usefixtures("attached")
    @pytest.mark.parametrize(
        ("types", "count"), [([SIGNATURE], 1), ([SIGNATURE, LIST], 2), ([LIST, "application/x.none"], 1)]
    )
    def test_by_the_api_several_types_may_be_named(
        self, ecr: BaseClient, repository: str, types: list[str], count: int
    ) -> None:
        assert len(by_api(ecr, repository, artifactTypes=types)) == count

    @pytest.mark.usefixtures("attached")
    @pytest.mark.parametrize(("status", "count"), [("ACTIVE", 2), ("ANY", 2), ("ARCHIVED", 0), ("ACTIVATING", 0)])
    def test_by_the_api_a_status_may_be_named(self, ecr: BaseClient, repository: str, status: str, count: int) -> None:
        assert len(by_api(ecr, repository, artifactStatus=status)) == count


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("{}/referrers/sha256:short", 400, "DIGEST_INVALID"),
        ("{}/referrers/v1", 400, "DIGEST_INVALID"),
        ("{}/referrers/" + digest_of(b"x") + "?n=0", 405, "UNSUPPORTED"),
        ("{}/referrers/" + digest_of(b"x") + "?n=-1", 405, "UNSUPPORTED"),
        ("{}/referrers/" + digest_of(b"x") + "?last=nonsense", 405, "UNSUPPORTED"),
        ("no/such/referrers/" + digest_of(b"x"), 404, "NAME_UNKNOWN"),
    ],
)
def test_a_bad_question_is_told(registry: Registry, repository: str, path: str, status: int, code: str) -> None:
    answer = registry.ask("GET", path.format(repository))
    assert (answer.status, code_of(answer)) == (status, code)


@pytest.mark.parametrize(
    "asked",
    [
        {"subjectId": {"imageDigest": "sha256:short"}},
        {"subjectId": {"imageDigest": digest_of(b"x")}, "nextToken": "nonsense"},
        {"subjectId": {"imageDigest": digest_of(b"x")}, "maxResults": 51},
        {"subjectId": {"imageDigest": digest_of(b"x")}, "filter": {"artifactStatus": "GONE"}},
    ],
    ids=["a digest", "a token", "a count", "a status"],
)
def test_a_bad_question_to_the_api_is_told(ecr: BaseClient, repository: str, asked: dict[str, object]) -> None:
    with pytest.raises(ClientError) as refused:
        ecr.list_image_referrers(repositoryName=repository, **asked)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED"])
def test_a_missing_repository_is_told_by_the_api(ecr: BaseClient, status: str) -> None:
    asked = {"subjectId": {"imageDigest": digest_of(b"x")}, "filter": {"artifactStatus": status}}
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.list_image_referrers(repositoryName="no/such", **asked)
