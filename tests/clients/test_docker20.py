"""Docker 20.10 with its own image store: real builds, schema 2 manifests and lists made by hand."""

import hashlib
from pathlib import Path

import pytest

from support.aws import AwsCli
from support.clients import Client
from support.docker import Dockerd, build_context, load
from support.images import DOCKER, Samples
from support.repository import Repository


@pytest.fixture(scope="module")
def docker(dockerd20: Dockerd, password: str, registry: str) -> Client:
    client = dockerd20.client("root")
    client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


@pytest.mark.parametrize("buildkit", ["0", "1"], ids=["classic", "buildkit"])
def test_a_built_image_runs_after_push_and_pull(
    docker: Client, repository: Repository, buildkit: str, tmp_path: Path
) -> None:
    context = build_context(tmp_path, word=f"built with {buildkit}")
    builder = Client(docker.program, {**docker.environment, "DOCKER_BUILDKIT": buildkit})
    builder.run("build", "--network=none", "--tag", repository.at("v1"), context)
    docker.run("push", repository.at("v1"))
    docker.run("rmi", repository.at("v1"))
    assert f"built with {buildkit}" in docker.run("run", "--rm", "--network=none", repository.at("v1")).stdout


def test_ecr_keeps_the_manifest_as_docker_made_it(
    docker: Client, aws: AwsCli, images: Samples, repository: Repository
) -> None:
    load(docker, images.layered, repository.at("v1"))
    docker.run("push", repository.at("v1"))
    asked = ("ecr", "batch-get-image", "--repository-name", repository.name, "--image-ids", "imageTag=v1")
    wanted = "images[0].[imageManifest, imageId.imageDigest, imageManifestMediaType]"
    manifest, digest, media_type = aws.listed(wanted, *asked)
    assert (f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}", media_type) == (digest, DOCKER.manifest)


def test_docker_makes_and_pushes_a_manifest_list(
    docker: Client, skopeo: Client, aws: AwsCli, images: Samples, repository: Repository
) -> None:
    for tag, image in (("amd64", images.docker_layered), ("other", images.docker_index)):
        skopeo.run("copy", "--dest-tls-verify=false", image.source, f"docker://{repository.at(tag)}")
    docker.run("manifest", "create", "--insecure", repository.at("all"), repository.at("amd64"), repository.at("other"))
    digest = docker.run("manifest", "push", "--insecure", repository.at("all")).stdout.strip()
    told = aws.ask(
        "imageDetails[].[imageDigest, imageManifestMediaType]",
        *("ecr", "describe-images", "--repository-name", repository.name, "--image-ids", "imageTag=all"),
    )
    assert told == [[digest, DOCKER.index]]
