"""Skopeo copies images byte for byte, so it shows best that what is pulled is what was pushed."""

import filecmp
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import clients
from support.aws import AwsCli, User
from support.clients import Client
from support.images import Image, Samples, large_image
from support.repository import Repository
from support.wording import IMAGE_NOT_FOUND, not_authorized, repository_not_found, tag_immutable

HTTP = "--tls-verify=false"
EVERY_KIND = ["layered", "scratch", "index", "docker_layered", "docker_index"]


@pytest.fixture(params=EVERY_KIND)
def image(request: pytest.FixtureRequest, images: Samples) -> Image:
    picked = getattr(images, request.param)
    assert isinstance(picked, Image)
    return picked


def push(skopeo: Client, image: Image, reference: str) -> None:
    skopeo.run("copy", "--all", "--preserve-digests", "--dest-tls-verify=false", image.source, f"docker://{reference}")


def pull(skopeo: Client, reference: str, folder: Path) -> None:
    skopeo.run(
        "copy", "--all", "--preserve-digests", "--src-tls-verify=false", f"docker://{reference}", f"dir:{folder}"
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_pulled_image_is_the_pushed_one_byte_for_byte(
    skopeo: Client, image: Image, repository: Repository, tmp_path: Path
) -> None:
    push(skopeo, image, repository.at("v1"))
    pull(skopeo, repository.at("v1"), tmp_path / "pulled")
    assert contents(tmp_path / "pulled").items() <= contents(image.folder / "dir").items()


def test_an_image_can_be_pulled_by_its_digest(
    skopeo: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    push(skopeo, images.layered, repository.at("v1"))
    pull(skopeo, repository.holding(images.layered.digest), tmp_path / "pulled")
    assert (tmp_path / "pulled" / "manifest.json").read_bytes() == images.layered.manifest


@pytest.fixture
def disk() -> Iterator[Path]:
    """Lend a folder that is gone at once: pytest keeps its own for later, and these files are large."""
    with tempfile.TemporaryDirectory(prefix="large-") as folder:
        yield Path(folder)


def test_a_layer_of_500_mebibytes_comes_back_whole(skopeo: Client, repository: Repository, disk: Path) -> None:
    image = large_image(disk / "large")
    push(skopeo, image, repository.at("v1"))
    pull(skopeo, repository.at("v1"), disk / "pulled")
    layer = image.path(image.layers[0].digest)
    assert filecmp.cmp(disk / "pulled" / layer.name, layer, shallow=False)


def test_ecr_describes_the_pushed_image(skopeo: Client, aws: AwsCli, image: Image, repository: Repository) -> None:
    push(skopeo, image, repository.at("v1"))
    told = aws.ask(
        "imageDetails[?imageTags].[imageDigest, imageTags, imageManifestMediaType]",
        *("ecr", "describe-images", "--repository-name", repository.name),
    )
    assert told == [[image.digest, ["v1"], image.root.media_type]]


def test_ecr_tells_the_size_of_the_layers(skopeo: Client, aws: AwsCli, images: Samples, repository: Repository) -> None:
    push(skopeo, images.layered, repository.at("v1"))
    told = aws.ask("imageDetails[0].imageSizeInBytes", "ecr", "describe-images", "--repository-name", repository.name)
    assert told == images.layered.size


def test_ecr_gives_back_the_exact_manifest(skopeo: Client, aws: AwsCli, image: Image, repository: Repository) -> None:
    push(skopeo, image, repository.at("v1"))
    told = aws.ask(
        "images[].imageManifest",
        *("ecr", "batch-get-image", "--repository-name", repository.name, "--image-ids", "imageTag=v1"),
        *("--accepted-media-types", image.root.media_type),
    )
    assert told == [image.manifest.decode()]


def test_the_images_of_an_index_are_listed_without_tags(
    skopeo: Client, aws: AwsCli, images: Samples, repository: Repository
) -> None:
    push(skopeo, images.index, repository.at("v1"))
    untagged = aws.ask(
        "sort(imageIds[].imageDigest)",
        *("ecr", "list-images", "--repository-name", repository.name, "--filter", "tagStatus=UNTAGGED"),
    )
    assert untagged == sorted(child.digest for child in images.index.children)


def test_tags_are_listed(skopeo: Client, images: Samples, repository: Repository) -> None:
    for tag in ("v1", "v2", "latest"):
        push(skopeo, images.scratch, repository.at(tag))
    listed = json.loads(skopeo.run("list-tags", HTTP, f"docker://{repository}").stdout)
    assert sorted(listed["Tags"]) == ["latest", "v1", "v2"]


def test_inspect_reads_the_config(skopeo: Client, images: Samples, repository: Repository) -> None:
    push(skopeo, images.layered, repository.at("v1"))
    config = skopeo.run("inspect", HTTP, "--config", "--raw", f"docker://{repository.at('v1')}").stdout
    assert images.layered.config is not None
    assert config.encode() == images.layered.blob(images.layered.config.digest)


def test_a_copy_between_repositories_keeps_the_digest(
    skopeo: Client, images: Samples, repository: Repository, immutable_repository: Repository
) -> None:
    push(skopeo, images.layered, repository.at("v1"))
    source, target = f"docker://{repository.at('v1')}", f"docker://{immutable_repository.at('v1')}"
    skopeo.run("copy", "--src-tls-verify=false", "--dest-tls-verify=false", source, target)
    copied = skopeo.run("inspect", HTTP, "--raw", target).stdout
    assert copied.encode() == images.layered.manifest


def test_sync_brings_every_tag(skopeo: Client, images: Samples, repository: Repository, tmp_path: Path) -> None:
    for tag in ("v1", "v2"):
        push(skopeo, images.scratch, repository.at(tag))
    skopeo.run("sync", "--src-tls-verify=false", "--src", "docker", "--dest", "dir", str(repository), tmp_path)
    assert sorted(path.name.rpartition(":")[2] for path in tmp_path.glob("*:v*")) == ["v1", "v2"]


def test_delete_removes_the_image(skopeo: Client, aws: AwsCli, images: Samples, repository: Repository) -> None:
    push(skopeo, images.scratch, repository.at("v1"))
    skopeo.run("delete", HTTP, f"docker://{repository.at('v1')}")
    assert aws.ask("imageIds", "ecr", "list-images", "--repository-name", repository.name) == []


def test_an_image_deleted_by_ecr_cannot_be_pulled(
    skopeo: Client, aws: AwsCli, images: Samples, repository: Repository
) -> None:
    push(skopeo, images.scratch, repository.at("v1"))
    aws.run("ecr", "batch-delete-image", "--repository-name", repository.name, "--image-ids", "imageTag=v1")
    answer = skopeo.refused("inspect", HTTP, f"docker://{repository.at('v1')}")
    assert IMAGE_NOT_FOUND in answer.stderr


def test_a_wrong_password_is_refused(registry: str, tmp_path: Path) -> None:
    stranger = clients.skopeo(tmp_path)
    answer = stranger.refused("login", HTTP, "--username", "AWS", "--password-stdin", registry, stdin="wrong")
    assert "invalid username/password" in answer.stderr


def test_a_push_without_a_login_is_refused(images: Samples, repository: Repository, tmp_path: Path) -> None:
    stranger = clients.skopeo(tmp_path)
    target = f"docker://{repository.at('v1')}"
    answer = stranger.refused("copy", "--dest-tls-verify=false", images.scratch.source, target)
    assert "authentication required" in answer.stderr


def test_a_push_to_a_missing_repository_is_refused_in_ecrs_words(
    skopeo: Client, images: Samples, registry: str
) -> None:
    target = f"docker://{registry}/skopeo/nowhere:v1"
    answer = skopeo.refused("copy", "--dest-tls-verify=false", images.scratch.source, target)
    assert f"name unknown: {repository_not_found('skopeo/nowhere')}" in answer.stderr


def test_a_tag_of_an_immutable_repository_does_not_move(
    skopeo: Client, images: Samples, immutable_repository: Repository
) -> None:
    push(skopeo, images.scratch, immutable_repository.at("v1"))
    target = f"docker://{immutable_repository.at('v1')}"
    answer = skopeo.refused("copy", "--dest-tls-verify=false", images.layered.source, target)
    assert f"tag invalid: {tag_immutable(immutable_repository.name, 'v1')}" in answer.stderr


@pytest.fixture(scope="module")
def reading(reader: User, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Skopeo of the user who may only pull."""
    client = clients.skopeo(tmp_path_factory.mktemp("reading"))
    secret = reader.aws.login_password()
    client.run("login", HTTP, "--username", "AWS", "--password-stdin", registry, stdin=secret)
    return client


def test_a_user_with_pull_permissions_can_pull(
    skopeo: Client, reading: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    push(skopeo, images.layered, repository.at("v1"))
    pull(reading, repository.at("v1"), tmp_path / "pulled")
    assert (tmp_path / "pulled" / "manifest.json").read_bytes() == images.layered.manifest


def test_a_user_with_pull_permissions_cannot_push(
    reading: Client, reader: User, images: Samples, repository: Repository
) -> None:
    target = f"docker://{repository.at('v1')}"
    answer = reading.refused("copy", "--dest-tls-verify=false", images.scratch.source, target)
    assert f"denied: {not_authorized(reader.name, 'ecr:InitiateLayerUpload', repository.name)}" in answer.stderr
