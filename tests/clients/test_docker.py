"""What all kinds of Docker do alike: the old one with its own store, and the new ones with containerd's."""

from pathlib import Path

import pytest

from support.aws import AwsCli, User
from support.clients import Client
from support.docker import DOCKER_20, DOCKER_26, DOCKER_28, Dockerd, load
from support.images import GREETING, SCRATCH_GREETING, Image, Samples
from support.repository import Repository
from support.wording import not_authorized, repository_not_found, tag_immutable


@pytest.fixture(scope="module", params=["dockerd20", "dockerd26", "dockerd28"])
def dockerd(request: pytest.FixtureRequest) -> Dockerd:
    daemon = request.getfixturevalue(request.param)
    assert isinstance(daemon, Dockerd)
    return daemon


@pytest.fixture(scope="module")
def docker(dockerd: Dockerd, password: str, registry: str) -> Client:
    """Log in with what the AWS CLI gave."""
    client = dockerd.client("root")
    client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


@pytest.fixture(scope="module")
def reading(dockerd: Dockerd, reader: User, registry: str) -> Client:
    """Log in the user who may only pull."""
    client = dockerd.client(reader.name)
    client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=reader.aws.login_password())
    return client


def push(docker: Client, image: Image, reference: str) -> str:
    """Push an image, forget it, and return the digest the registry knows it by."""
    load(docker, image, reference)
    docker.run("push", reference)
    digest = pushed_digest(docker, reference)
    docker.run("rmi", reference)
    return digest


def pushed_digest(docker: Client, reference: str) -> str:
    return docker.run("inspect", "--format", "{{index .RepoDigests 0}}", reference).stdout.strip().partition("@")[2]


def refusal(dockerd: Dockerd, code: str, words: str, status: str) -> str:
    """Return what a daemon repeats of a refusal: the registry's words, which an older containerd keeps to itself."""
    return {DOCKER_20.name: f"{code}: {words}", DOCKER_26.name: status, DOCKER_28.name: words}[dockerd.edition.name]


def file_in(docker: Client, reference: str, path: str, folder: Path, platform: str = "linux/amd64") -> str:
    """Read a file of an image that holds no program to read it with."""
    container = docker.run("create", "--platform", platform, reference, "/none").stdout.strip()
    docker.run("cp", f"{container}:{path}", folder / "copied")
    docker.run("rm", container)
    return (folder / "copied").read_text(encoding="utf-8")


def test_a_login_with_a_wrong_password_is_refused(dockerd: Dockerd, registry: str) -> None:
    stranger = dockerd.client("stranger")
    answer = stranger.refused("login", "--username", "AWS", "--password-stdin", registry, stdin="wrong")
    assert "401 Unauthorized" in answer.stderr


def test_a_push_without_a_login_is_refused(dockerd: Dockerd, images: Samples, repository: Repository) -> None:
    stranger = dockerd.client("stranger")
    load(stranger, images.scratch, repository.at("v1"))
    assert "no basic auth credentials" in stranger.refused("push", repository.at("v1")).said


def test_a_pulled_image_runs(docker: Client, images: Samples, repository: Repository) -> None:
    push(docker, images.layered, repository.at("v1"))
    docker.run("pull", repository.at("v1"))
    assert docker.run("run", "--rm", "--network=none", repository.at("v1")).stdout == GREETING


def test_a_pulled_image_is_the_pushed_one(docker: Client, images: Samples, repository: Repository) -> None:
    pushed = push(docker, images.layered, repository.at("v1"))
    docker.run("pull", repository.at("v1"))
    assert pushed_digest(docker, repository.at("v1")) == pushed


def test_a_scratch_image_brings_its_file(
    docker: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    push(docker, images.scratch, repository.at("v1"))
    docker.run("pull", repository.at("v1"))
    assert file_in(docker, repository.at("v1"), "/greeting", tmp_path) == SCRATCH_GREETING


def test_an_image_can_be_pulled_by_its_digest(docker: Client, images: Samples, repository: Repository) -> None:
    digest = push(docker, images.layered, repository.at("v1"))
    assert digest in docker.run("pull", repository.holding(digest)).stdout


@pytest.fixture(params=["index", "docker_index"])
def index(request: pytest.FixtureRequest, skopeo: Client, images: Samples, repository: Repository) -> str:
    """Push an index of several platforms; return its name."""
    image = getattr(images, request.param)
    target = f"docker://{repository.at('v1')}"
    skopeo.run("copy", "--all", "--preserve-digests", "--dest-tls-verify=false", image.source, target)
    return repository.at("v1")


def test_a_pull_picks_its_platform_from_an_index(docker: Client, index: str, tmp_path: Path) -> None:
    docker.run("pull", "--platform", "linux/arm64", index)
    assert file_in(docker, index, "/platform", tmp_path, "linux/arm64") == "arm64"


def test_ecr_describes_the_pushed_image(docker: Client, aws: AwsCli, images: Samples, repository: Repository) -> None:
    digest = push(docker, images.layered, repository.at("v1"))
    told = aws.ask(
        "imageDetails[].[imageDigest, imageTags]", "ecr", "describe-images", "--repository-name", repository.name
    )
    assert told == [[digest, ["v1"]]]


def test_a_layer_that_is_there_is_not_sent_again(docker: Client, images: Samples, repository: Repository) -> None:
    push(docker, images.layered, repository.at("v1"))
    load(docker, images.layered, repository.at("v2"))
    assert "Layer already exists" in docker.run("push", repository.at("v2")).stdout


def test_an_image_deleted_by_ecr_cannot_be_pulled(
    docker: Client, aws: AwsCli, images: Samples, repository: Repository
) -> None:
    push(docker, images.scratch, repository.at("v1"))
    aws.run("ecr", "batch-delete-image", "--repository-name", repository.name, "--image-ids", "imageTag=v1")
    assert "not found" in docker.refused("pull", repository.at("v1")).stderr


def test_a_push_to_a_missing_repository_is_refused(
    docker: Client, dockerd: Dockerd, images: Samples, registry: str
) -> None:
    nowhere = f"{registry}/docker/nowhere:v1"
    load(docker, images.scratch, nowhere)
    told = refusal(dockerd, "name unknown", repository_not_found("docker/nowhere"), "404 Not Found")
    assert told in docker.refused("push", nowhere).said


def test_a_tag_of_an_immutable_repository_does_not_move(
    docker: Client, dockerd: Dockerd, images: Samples, immutable_repository: Repository
) -> None:
    push(docker, images.scratch, immutable_repository.at("v1"))
    load(docker, images.layered, immutable_repository.at("v1"))
    told = refusal(dockerd, "tag invalid", tag_immutable(immutable_repository.name, "v1"), "400 Bad Request")
    assert told in docker.refused("push", immutable_repository.at("v1")).said


def test_a_user_with_pull_permissions_can_pull(
    docker: Client, reading: Client, images: Samples, repository: Repository
) -> None:
    push(docker, images.layered, repository.at("v1"))
    reading.run("pull", repository.at("v1"))
    assert reading.run("run", "--rm", "--network=none", repository.at("v1")).stdout == GREETING


def test_a_user_with_pull_permissions_cannot_push(
    reading: Client, dockerd: Dockerd, reader: User, images: Samples, repository: Repository
) -> None:
    load(reading, images.scratch, repository.at("v1"))
    words = not_authorized(reader.name, "ecr:InitiateLayerUpload", repository.name)
    assert refusal(dockerd, "denied", words, "403 Forbidden") in reading.refused("push", repository.at("v1")).said
