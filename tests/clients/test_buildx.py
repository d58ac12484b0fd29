"""Docker 26.1 and 28 with the image store of containerd: indexes kept whole, and buildx."""

import json
from pathlib import Path
from typing import Any

import pytest

from support.aws import AwsCli
from support.clients import Client
from support.docker import Dockerd, build_context
from support.images import DOCKER, OCI
from support.repository import Repository

PLATFORMS = "linux/amd64,linux/arm64"


@pytest.fixture(scope="module", params=["dockerd26", "dockerd28"])
def docker(request: pytest.FixtureRequest, password: str, registry: str) -> Client:
    daemon = request.getfixturevalue(request.param)
    assert isinstance(daemon, Dockerd)
    client = daemon.client("root")
    client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


def build_and_push(docker: Client, repository: Repository, folder: Path, *options: str) -> str:
    """Build for two platforms, push at once, and return the index's digest."""
    told = folder / "metadata.json"
    context = build_context(folder, run=False)  # the other platform's programs would not run here
    asked = (
        "--platform",
        PLATFORMS,
        "--network=none",
        "--push",
        "--metadata-file",
        str(told),
        "--tag",
        repository.at("v1"),
    )
    docker.run("buildx", "build", *asked, *options, context)
    digest = json.loads(told.read_text(encoding="utf-8"))["containerimage.digest"]
    assert isinstance(digest, str)
    return digest


def index_at(docker: Client, reference: str) -> dict[str, Any]:
    """Read an index as it is kept."""
    document: dict[str, Any] = json.loads(docker.run("buildx", "imagetools", "inspect", "--raw", reference).stdout)
    return document


def test_a_built_image_runs_after_push_and_pull(docker: Client, repository: Repository, tmp_path: Path) -> None:
    docker.run("build", "--network=none", "--tag", repository.at("v1"), build_context(tmp_path, word="built here"))
    docker.run("push", repository.at("v1"))
    docker.run("rmi", repository.at("v1"))
    assert "built here" in docker.run("run", "--rm", "--network=none", repository.at("v1")).stdout


def test_a_build_for_two_platforms_arrives_as_one_index(
    docker: Client, aws: AwsCli, repository: Repository, tmp_path: Path
) -> None:
    digest = build_and_push(docker, repository, tmp_path, "--provenance=false")
    told = aws.ask(
        "imageDetails[?imageTags].[imageDigest, imageManifestMediaType]",
        *("ecr", "describe-images", "--repository-name", repository.name),
    )
    # Without attestations the older BuildKit writes Docker's own kind of index.
    assert told in [[[digest, DOCKER.index]], [[digest, OCI.index]]]


def test_a_build_with_provenance_keeps_its_attestations(
    docker: Client, skopeo: Client, repository: Repository, tmp_path: Path
) -> None:
    build_and_push(docker, repository, tmp_path, "--provenance=mode=max")
    index = json.loads(skopeo.run("inspect", "--tls-verify=false", "--raw", f"docker://{repository.at('v1')}").stdout)
    kinds = [entry.get("annotations", {}).get("vnd.docker.reference.type") for entry in index["manifests"]]
    assert kinds == [None, None, "attestation-manifest", "attestation-manifest"]


def test_imagetools_reads_the_pushed_index(docker: Client, repository: Repository, tmp_path: Path) -> None:
    digest = build_and_push(docker, repository, tmp_path, "--provenance=false")
    assert digest in docker.run("buildx", "imagetools", "inspect", repository.at("v1")).stdout


def test_imagetools_makes_an_index_of_parts_of_others(docker: Client, repository: Repository, tmp_path: Path) -> None:
    build_and_push(docker, repository, tmp_path, "--provenance=false")
    whole = index_at(docker, repository.at("v1"))
    parts = [repository.holding(entry["digest"]) for entry in reversed(whole["manifests"])]
    docker.run("buildx", "imagetools", "create", "--tag", repository.at("v2"), *parts)
    made = index_at(docker, repository.at("v2"))
    assert [entry["digest"] for entry in made["manifests"]] == [part.partition("@")[2] for part in parts]


def test_imagetools_adds_to_a_pushed_index(docker: Client, repository: Repository, tmp_path: Path) -> None:
    build_and_push(docker, repository, tmp_path, "--provenance=mode=max")
    created = ("--append", "--annotation", "index:moorage.test=here", "--tag", repository.at("v1"))
    docker.run("buildx", "imagetools", "create", *created, repository.at("v1"))
    made = index_at(docker, repository.at("v1"))
    assert made["annotations"] == {"moorage.test": "here"}
    assert len(made["manifests"]) == 4


def test_a_build_keeps_its_cache_in_the_registry(docker: Client, repository: Repository, tmp_path: Path) -> None:
    cache = f"type=registry,ref={repository.at('cache')}"
    build_and_push(docker, repository, tmp_path / "first", f"--cache-to={cache},mode=max,image-manifest=true")
    docker.run("builder", "prune", "--all", "--force")
    context = build_context(tmp_path / "second", run=False)
    again = docker.run("buildx", "build", "--platform", PLATFORMS, f"--cache-from={cache}", "--progress=plain", context)
    assert "CACHED" in again.stderr
