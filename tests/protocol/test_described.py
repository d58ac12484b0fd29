"""What DescribeImages tells of each kind of image: sizes, media types, subjects (spec: registry-http section 7)."""

from collections.abc import Mapping

import pytest
from botocore.client import BaseClient

from protocol.registry import CONFIG, Registry, described, index_for, manifest_for
from support.images import DOCKER, OCI
from support.layers import digest_of

LAYER, CHART = b"one layer", b"a chart"
HELM = "application/vnd.cncf.helm.config.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
SBOM = "application/spdx+json"
SUBJECT = described(b"what it is about", OCI.manifest)

Document = Mapping[str, object]
IMAGES: Mapping[str, tuple[Document, str]] = {
    "an OCI image": (manifest_for(LAYER), OCI.config),
    "a Docker image": (
        manifest_for(
            LAYER,
            mediaType=DOCKER.manifest,
            config=described(CONFIG, DOCKER.config),
            layers=[described(LAYER, DOCKER.layer)],
        ),
        DOCKER.config,
    ),
    "a Helm chart": (manifest_for(LAYER, config=described(CONFIG, HELM)), HELM),
    "an artifact": (manifest_for(LAYER, config=described(CONFIG, EMPTY), artifactType=SBOM), SBOM),
    "an artifact known by its config": (manifest_for(LAYER, config=described(CONFIG, SBOM)), SBOM),
    "a referrer": (
        manifest_for(LAYER, config=described(CONFIG, EMPTY), artifactType=SBOM, subject=SUBJECT),
        SBOM,
    ),
}


@pytest.fixture
def filled(registry: Registry, repository: str) -> str:
    for blob in (CONFIG, LAYER, CHART):
        registry.put_blob(repository, blob)
    return repository


def detail_of(ecr: BaseClient, repository: str, body: bytes) -> dict[str, object]:
    asked = [{"imageDigest": digest_of(body)}]
    (detail,) = ecr.describe_images(repositoryName=repository, imageIds=asked)["imageDetails"]
    found: dict[str, object] = detail
    return found


@pytest.mark.parametrize(("document", "artifact"), IMAGES.values(), ids=IMAGES.keys())
def test_an_image_is_described_by_its_kind(
    registry: Registry, ecr: BaseClient, filled: str, document: Document, artifact: str
) -> None:
    detail = detail_of(ecr, filled, registry.keep(filled, "v1", document))
    assert detail["imageManifestMediaType"] == document["mediaType"]
    assert detail["artifactMediaType"] == artifact
    assert detail["imageSizeInBytes"] == len(CONFIG) + len(LAYER)
    subject = SUBJECT["digest"] if "subject" in document else None
    assert detail.get("subjectManifestDigest") == subject


@pytest.mark.parametrize("media_type", [OCI.index, DOCKER.index])
def test_an_index_is_as_large_as_its_largest_child_and_of_no_artifact_type(
    registry: Registry, ecr: BaseClient, filled: str, media_type: str
) -> None:
    children = [registry.keep(filled, "", manifest_for(layer)) for layer in (LAYER, CHART)]
    detail = detail_of(ecr, filled, registry.keep(filled, "", index_for(*children, mediaType=media_type)))
    assert (detail["imageManifestMediaType"], detail.get("artifactMediaType")) == (media_type, None)
    assert detail["imageSizeInBytes"] == len(CONFIG) + len(LAYER)


def test_an_index_of_indexes_is_as_large_as_the_largest_image_below(
    registry: Registry, ecr: BaseClient, filled: str
) -> None:
    inner = registry.keep(filled, "", index_for(registry.keep(filled, "", manifest_for(LAYER))))
    outer = registry.keep(filled, "", index_for(manifests=[described(inner, OCI.index)]))
    assert detail_of(ecr, filled, outer)["imageSizeInBytes"] == len(CONFIG) + len(LAYER)


def test_an_index_may_name_its_artifact_type_and_a_subject(registry: Registry, ecr: BaseClient, filled: str) -> None:
    detail = detail_of(ecr, filled, registry.keep(filled, "", index_for(artifactType=SBOM, subject=SUBJECT)))
    told = (detail["artifactMediaType"], detail["subjectManifestDigest"], detail["imageSizeInBytes"])
    assert told == (SBOM, SUBJECT["digest"], 0)


def test_a_layer_from_elsewhere_counts_as_it_is_described(registry: Registry, ecr: BaseClient, filled: str) -> None:
    foreign = described(b"on another server") | {"size": 1000, "urls": ["https://registry.example/layer"]}
    detail = detail_of(ecr, filled, registry.keep(filled, "", manifest_for(LAYER, layers=[described(LAYER), foreign])))
    assert detail["imageSizeInBytes"] == len(CONFIG) + len(LAYER) + 1000


@pytest.mark.parametrize("size", [0, 10**15])
def test_a_size_that_a_manifest_makes_up_is_not_told(
    registry: Registry, ecr: BaseClient, filled: str, size: int
) -> None:
    detail = detail_of(
        ecr, filled, registry.keep(filled, "", manifest_for(LAYER, layers=[described(LAYER) | {"size": size}]))
    )
    assert detail["imageSizeInBytes"] == len(CONFIG) + len(LAYER)
