"""Docker's form and OCI's: converted by tag alone, and only for whom does not take the stored one (decision 0035)."""

import json
from collections.abc import Mapping

import pytest
from botocore.client import BaseClient

from protocol.registry import CONFIG, DOCKER_MANIFEST, Registry, described, index_for, manifest_for
from support.images import DOCKER, OCI
from support.layers import digest_of

LAYER = b"one layer"
DOCKER_IMAGE = {
    "schemaVersion": 2,
    "mediaType": DOCKER.manifest,
    "config": described(CONFIG, DOCKER.config),
    "layers": [described(LAYER, DOCKER.layer)],
}
FORMS: Mapping[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "oci": (manifest_for(LAYER), DOCKER_IMAGE),
    "docker": (DOCKER_IMAGE, manifest_for(LAYER)),
}
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+json"
FORM = ("content-type", "docker-content-digest", "content-length")


@pytest.fixture(params=FORMS.values(), ids=list(FORMS))
def form(request: pytest.FixtureRequest, registry: Registry, repository: str) -> tuple[str, str]:
    """Push an image as ``v1`` in one form; give the media types of that form and of the other."""
    stored, other = request.param
    registry.push(repository, "other", LAYER)
    registry.keep(repository, "v1", stored)
    return stored["mediaType"], other["mediaType"]


def body_of(media_type: str) -> object:
    return DOCKER_IMAGE if media_type == DOCKER.manifest else manifest_for(LAYER)


@pytest.mark.parametrize("more", ["", ", application/json", f", {OCI.index}", ";q=0.3"])
def test_who_takes_the_other_form_alone_gets_it(
    registry: Registry, repository: str, form: tuple[str, str], more: str
) -> None:
    answer = registry.ask("GET", f"{repository}/manifests/v1", {"Accept": form[1] + more})
    assert (answer.status, answer.header("content-type")) == (200, form[1])
    assert json.loads(answer.body) == body_of(form[1])
    assert answer.header("docker-content-digest") == digest_of(answer.body)


@pytest.mark.parametrize("accept", ["*/*", "{0}", "{1}, {0}", "{1}, */*;q=0.1", SCHEMA_1, "text/html", OCI.index, ""])
def test_the_stored_form_is_served_to_everybody_else(
    registry: Registry, repository: str, form: tuple[str, str], accept: str
) -> None:
    answer = registry.ask("GET", f"{repository}/manifests/v1", {"Accept": accept.format(*form)})
    assert (answer.header("content-type"), json.loads(answer.body)) == (form[0], body_of(form[0]))


def test_head_and_get_tell_one_digest(registry: Registry, repository: str, form: tuple[str, str]) -> None:
    for accept in ("*/*", *form):
        told = [registry.ask(method, f"{repository}/manifests/v1", {"Accept": accept}) for method in ("HEAD", "GET")]
        looked, got = ([answer.header(name) for name in FORM] for answer in told)
        assert looked == got


def test_by_digest_nothing_is_converted(registry: Registry, repository: str, form: tuple[str, str]) -> None:
    digest = registry.ask("HEAD", f"{repository}/manifests/v1").header("docker-content-digest")
    answer = registry.ask("GET", f"{repository}/manifests/{digest}", {"Accept": form[1]})
    assert (answer.header("content-type"), digest_of(answer.body)) == (form[0], digest)


@pytest.mark.parametrize("accept", ["*/*", OCI.manifest, DOCKER_MANIFEST])
def test_a_digest_that_was_told_can_be_asked_for(
    registry: Registry, repository: str, form: tuple[str, str], accept: str
) -> None:
    converted = registry.ask("GET", f"{repository}/manifests/v1", {"Accept": form[1]})
    digest = converted.header("docker-content-digest")
    for method in ("HEAD", "GET"):
        again = registry.ask(method, f"{repository}/manifests/{digest}", {"Accept": accept})
        assert [again.header(name) for name in FORM] == [converted.header(name) for name in FORM]


def test_the_other_form_is_no_image_of_its_own(
    registry: Registry, ecr: BaseClient, repository: str, form: tuple[str, str]
) -> None:
    before = ecr.describe_images(repositoryName=repository)["imageDetails"]
    converted = registry.ask("GET", f"{repository}/manifests/v1", {"Accept": form[1]})
    digest = converted.header("docker-content-digest")
    assert registry.ask("DELETE", f"{repository}/manifests/{digest}").status == 404
    after = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert [one["imageDigest"] for one in after] == [one["imageDigest"] for one in before]
    assert digest not in {one["imageDigest"] for one in after}


def test_an_index_and_an_artifact_are_served_as_they_are(registry: Registry, repository: str) -> None:
    child = registry.push(repository, "", LAYER)
    registry.keep(repository, "index", index_for(child))
    registry.keep(repository, "sbom", manifest_for(LAYER, artifactType="application/spdx+json"))
    for tag, media_type in (("index", OCI.index), ("sbom", OCI.manifest)):
        accepted = {"Accept": f"{DOCKER.manifest}, {DOCKER.index}"}
        assert registry.ask("GET", f"{repository}/manifests/{tag}", accepted).header("content-type") == media_type


class TestByTheApi:
    """BatchGetImage converts as ``/v2/`` does, by its acceptedMediaTypes."""

    def test_what_is_named_by_tag_is_converted(
        self, registry: Registry, ecr: BaseClient, repository: str, form: tuple[str, str]
    ) -> None:
        answer = ecr.batch_get_image(
            repositoryName=repository, imageIds=[{"imageTag": "v1"}], acceptedMediaTypes=[form[1]]
        )
        (image,) = answer["images"]
        over_http = registry.ask("GET", f"{repository}/manifests/v1", {"Accept": form[1]})
        assert image["imageManifest"].encode() == over_http.body
        assert image["imageManifestMediaType"] == form[1]
        assert image["imageId"] == {"imageDigest": over_http.header("docker-content-digest"), "imageTag": "v1"}

    def test_what_is_named_by_digest_is_not(
        self, registry: Registry, ecr: BaseClient, repository: str, form: tuple[str, str]
    ) -> None:
        digest = registry.ask("HEAD", f"{repository}/manifests/v1").header("docker-content-digest")
        for named in ({"imageDigest": digest}, {"imageDigest": digest, "imageTag": "v1"}):
            answer = ecr.batch_get_image(repositoryName=repository, imageIds=[named], acceptedMediaTypes=[form[1]])
            assert [one["imageManifestMediaType"] for one in answer["images"]] == [form[0]]

    def test_what_takes_neither_form_gets_the_stored_one(
        self, ecr: BaseClient, repository: str, form: tuple[str, str]
    ) -> None:
        answer = ecr.batch_get_image(
            repositoryName=repository, imageIds=[{"imageTag": "v1"}], acceptedMediaTypes=[SCHEMA_1]
        )
        assert [one["imageManifestMediaType"] for one in answer["images"]] == [form[0]]
