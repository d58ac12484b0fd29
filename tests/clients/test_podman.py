"""Podman keeps images in a storage of its own and compresses layers anew when it pushes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import clients
from support.aws import AwsCli, User
from support.clients import Client
from support.images import DOCKER, GREETING, Image, Samples
from support.repository import Repository
from support.wording import IMAGE_NOT_FOUND, not_authorized, repository_not_found, tag_immutable

ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
HTTP = "--tls-verify=false"


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Podman that has not logged in."""
    client = clients.podman(tmp_path_factory.mktemp("podman"))
    yield client
    client.run("system", "reset", "--force")


@pytest.fixture(scope="module")
def podman(unknown: Client, password: str, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Log in with what the AWS CLI gave; the storage is shared, the login is not."""
    return logged_in(unknown, tmp_path_factory.mktemp("login") / "auth.json", password, registry)


@pytest.fixture(scope="module")
def reading(unknown: Client, reader: User, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Log in the user who may only pull."""
    secret = reader.aws.login_password()
    return logged_in(unknown, tmp_path_factory.mktemp("reading") / "auth.json", secret, registry)


def logged_in(podman: Client, file: Path, password: str, registry: str) -> Client:
    client = Client(podman.program, {**podman.environment, "REGISTRY_AUTH_FILE": str(file)})
    client.run("login", HTTP, "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


def load(podman: Client, image: Image) -> str:
    """Bring an image into podman's storage; return its id."""
    return podman.run("pull", "--quiet", image.source).stdout.strip()


def push(podman: Client, image: Image, reference: str, folder: Path, *options: str) -> str:
    """Push an image, forget it, and return the digest the registry knows it by."""
    held = load(podman, image)
    told = folder / "digest"
    podman.run("push", HTTP, "--digestfile", told, *options, held, f"docker://{reference}")
    podman.run("rmi", "--force", held)
    return told.read_text(encoding="utf-8").strip()


def test_a_pulled_image_runs(podman: Client, images: Samples, repository: Repository, tmp_path: Path) -> None:
    push(podman, images.layered, repository.at("v1"), tmp_path)
    podman.run("pull", HTTP, repository.at("v1"))
    assert podman.run("run", "--rm", "--network=none", repository.at("v1")).stdout == GREETING


def test_a_pulled_image_is_the_pushed_one(
    podman: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    digest = push(podman, images.scratch, repository.at("v1"), tmp_path)
    podman.run("pull", HTTP, repository.at("v1"))
    assert podman.run("inspect", "--format", "{{.Digest}}", repository.at("v1")).stdout.strip() == digest


def test_an_image_can_be_pulled_by_its_digest(
    podman: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    digest = push(podman, images.layered, repository.at("v1"), tmp_path)
    podman.run("pull", HTTP, repository.holding(digest))
    assert podman.run("inspect", "--format", "{{.Digest}}", repository.holding(digest)).stdout.strip() == digest


def test_an_index_made_by_podman_arrives_whole(
    podman: Client, aws: AwsCli, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    podman.run("manifest", "create", "together")
    podman.run("manifest", "add", "--all", "together", images.index.source)
    podman.run(
        *("manifest", "push", "--all", HTTP, "--digestfile", tmp_path / "digest"),
        "together",
        f"docker://{repository.at('v1')}",
    )
    podman.run("manifest", "rm", "together")
    told = aws.ask(
        "imageDetails[?imageTags].imageDigest", "ecr", "describe-images", "--repository-name", repository.name
    )
    assert told == [(tmp_path / "digest").read_text(encoding="utf-8").strip()]


def test_a_pull_picks_its_platform_from_an_index(
    podman: Client, skopeo: Client, images: Samples, repository: Repository
) -> None:
    skopeo.run("copy", "--all", "--dest-tls-verify=false", images.index.source, f"docker://{repository.at('v1')}")
    podman.run("pull", HTTP, "--platform", "linux/s390x", repository.at("v1"))
    assert podman.run("inspect", "--format", "{{.Architecture}}", repository.at("v1")).stdout.strip() == "s390x"


@pytest.mark.parametrize("options", [("--format=v2s2",), ("--compression-format=zstd",)], ids=["docker", "zstd"])
def test_other_forms_of_an_image_come_back_as_pushed(
    podman: Client, images: Samples, repository: Repository, options: tuple[str, ...], tmp_path: Path
) -> None:
    digest = push(podman, images.layered, repository.at("v1"), tmp_path, *options)
    podman.run("pull", HTTP, repository.at("v1"))
    assert podman.run("inspect", "--format", "{{.Digest}}", repository.at("v1")).stdout.strip() == digest


def test_layers_are_kept_in_zstd_when_pushed_so(
    podman: Client, skopeo: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    push(podman, images.layered, repository.at("v1"), tmp_path, "--compression-format=zstd")
    raw = skopeo.run("inspect", "--tls-verify=false", "--raw", f"docker://{repository.at('v1')}").stdout
    assert {layer["mediaType"] for layer in json.loads(raw)["layers"]} == {ZSTD}
    podman.run("pull", HTTP, repository.at("v1"))
    assert podman.run("run", "--rm", "--network=none", repository.at("v1")).stdout == GREETING


def test_ecr_describes_the_pushed_image(
    podman: Client, aws: AwsCli, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    digest = push(podman, images.layered, repository.at("v1"), tmp_path, "--format=v2s2")
    told = aws.ask(
        "imageDetails[].[imageDigest, imageTags, imageManifestMediaType]",
        *("ecr", "describe-images", "--repository-name", repository.name),
    )
    assert told == [[digest, ["v1"], DOCKER.manifest]]


def test_an_image_deleted_by_ecr_cannot_be_pulled(
    podman: Client, aws: AwsCli, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    push(podman, images.scratch, repository.at("v1"), tmp_path)
    aws.run("ecr", "batch-delete-image", "--repository-name", repository.name, "--image-ids", "imageTag=v1")
    assert IMAGE_NOT_FOUND in podman.refused("pull", HTTP, repository.at("v1")).stderr


def test_a_wrong_password_is_refused(unknown: Client, registry: str) -> None:
    answer = unknown.refused("login", HTTP, "--username", "AWS", "--password-stdin", registry, stdin="wrong")
    assert "invalid username/password" in answer.stderr


def test_a_push_without_a_login_is_refused(unknown: Client, images: Samples, repository: Repository) -> None:
    answer = unknown.refused("push", HTTP, load(unknown, images.scratch), f"docker://{repository.at('v1')}")
    assert "authentication required" in answer.stderr


def test_a_push_to_a_missing_repository_is_refused_in_ecrs_words(
    podman: Client, images: Samples, registry: str
) -> None:
    answer = podman.refused("push", HTTP, load(podman, images.scratch), f"docker://{registry}/podman/nowhere:v1")
    assert f"name unknown: {repository_not_found('podman/nowhere')}" in answer.stderr


def test_a_tag_of_an_immutable_repository_does_not_move(
    podman: Client, images: Samples, immutable_repository: Repository, tmp_path: Path
) -> None:
    push(podman, images.scratch, immutable_repository.at("v1"), tmp_path)
    target = f"docker://{immutable_repository.at('v1')}"
    answer = podman.refused("push", HTTP, load(podman, images.layered), target)
    assert f"tag invalid: {tag_immutable(immutable_repository.name, 'v1')}" in answer.stderr


def test_a_user_with_pull_permissions_can_pull(
    podman: Client, reading: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    push(podman, images.layered, repository.at("v1"), tmp_path)
    reading.run("pull", HTTP, repository.at("v1"))
    assert reading.run("run", "--rm", "--network=none", repository.at("v1")).stdout == GREETING


def test_a_user_with_pull_permissions_cannot_push(
    reading: Client, reader: User, images: Samples, repository: Repository
) -> None:
    answer = reading.refused("push", HTTP, load(reading, images.scratch), f"docker://{repository.at('v1')}")
    assert f"denied: {not_authorized(reader.name, 'ecr:InitiateLayerUpload', repository.name)}" in answer.stderr
