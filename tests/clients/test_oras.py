"""ORAS carries anything: files as artifacts, artifacts attached to images, whole layouts."""

import json
from pathlib import Path

import pytest

from support import clients
from support.aws import AwsCli, User
from support.clients import Client
from support.images import Image, Samples
from support.repository import Repository
from support.wording import not_authorized, repository_not_found, tag_immutable

KIND = "application/vnd.example.chart.v1"
# This release panics now and then when two blobs are refused at once.
CALMLY = ("--disable-path-validation", "--concurrency", "1")


@pytest.fixture(scope="module")
def oras(password: str, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Log in with what the AWS CLI gave."""
    return logged_in(tmp_path_factory.mktemp("oras"), password, registry)


@pytest.fixture(scope="module")
def reading(reader: User, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Log in the user who may only pull."""
    return logged_in(tmp_path_factory.mktemp("reading"), reader.aws.login_password(), registry)


def logged_in(home: Path, password: str, registry: str) -> Client:
    client = clients.oras(home)
    client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """Write the file that is pushed as an artifact."""
    file = tmp_path / "chart.yaml"
    file.write_text("depth: 4 fathoms\n", encoding="utf-8")
    return file


def copy_in(oras: Client, image: Image, reference: str) -> None:
    oras.run("cp", "--recursive", "--from-oci-layout", f"{image.folder}:v1", reference)


def push(oras: Client, file: Path, reference: str) -> None:
    # A path outside the current folder is refused unless asked for, since a pull would write to it.
    oras.run("push", "--disable-path-validation", "--artifact-type", KIND, reference, f"{file}:text/yaml")


def digest_at(oras: Client, reference: str) -> str:
    return oras.run("resolve", reference).stdout.strip()


@pytest.mark.parametrize("kind", ["layered", "scratch", "index", "docker_layered", "docker_index"])
def test_an_image_keeps_its_digest(oras: Client, images: Samples, repository: Repository, kind: str) -> None:
    image = getattr(images, kind)
    copy_in(oras, image, repository.at("v1"))
    assert digest_at(oras, repository.at("v1")) == image.digest


def test_a_copied_layout_is_the_pushed_one(
    oras: Client, images: Samples, repository: Repository, tmp_path: Path
) -> None:
    copy_in(oras, images.index, repository.at("v1"))
    oras.run("cp", "--recursive", "--to-oci-layout", repository.at("v1"), f"{tmp_path / 'copy'}:v1")
    pulled = {path.name: path.read_bytes() for path in (tmp_path / "copy" / "blobs" / "sha256").iterdir()}
    pushed = {path.name: path.read_bytes() for path in (images.index.folder / "blobs" / "sha256").iterdir()}
    assert pulled == pushed


def test_an_artifact_brings_its_file(oras: Client, chart: Path, repository: Repository, tmp_path: Path) -> None:
    text = chart.read_text(encoding="utf-8")
    push(oras, chart, repository.at("v1"))
    chart.unlink()
    oras.run("pull", "--allow-path-traversal", "--output", tmp_path, repository.at("v1"))
    assert chart.read_text(encoding="utf-8") == text


def test_an_artifact_can_be_fetched_by_its_digest(oras: Client, chart: Path, repository: Repository) -> None:
    push(oras, chart, repository.at("v1"))
    manifest = oras.run("manifest", "fetch", repository.at("v1")).stdout
    digest = digest_at(oras, repository.at("v1"))
    assert oras.run("manifest", "fetch", repository.holding(digest)).stdout == manifest


def test_ecr_describes_an_artifact_by_its_type(oras: Client, aws: AwsCli, chart: Path, repository: Repository) -> None:
    push(oras, chart, repository.at("v1"))
    told = aws.ask(
        "imageDetails[].[imageDigest, imageTags, artifactMediaType]",
        *("ecr", "describe-images", "--repository-name", repository.name),
    )
    assert told == [[digest_at(oras, repository.at("v1")), ["v1"], KIND]]


@pytest.mark.parametrize("way", ["v1.1-referrers-api", "v1.1-referrers-tag"])
def test_an_attached_artifact_is_found_from_its_subject(
    oras: Client, images: Samples, chart: Path, repository: Repository, way: str
) -> None:
    copy_in(oras, images.scratch, repository.at("v1"))
    spoken = ("--distribution-spec", way, "--artifact-type", KIND)
    oras.run("attach", "--disable-path-validation", *spoken, repository.at("v1"), f"{chart}:text/yaml")
    found = oras.run("discover", *spoken, "--format", "json", repository.at("v1"))
    assert [entry["artifactType"] for entry in json.loads(found.stdout)["manifests"]] == [KIND]


def test_a_copy_brings_what_is_attached(
    oras: Client, aws: AwsCli, images: Samples, chart: Path, repository: Repository
) -> None:
    copy_in(oras, images.index, repository.at("v1"))
    attached = ("--disable-path-validation", "--artifact-type", KIND, repository.at("v1"), f"{chart}:text/yaml")
    oras.run("attach", *attached)
    copy = Repository(repository.registry, f"{repository.name}/copy")
    aws.run("ecr", "create-repository", "--repository-name", copy.name)
    oras.run("cp", "--recursive", repository.at("v1"), copy.at("v1"))
    found = oras.run("discover", "--format", "json", copy.at("v1"))
    assert [entry["artifactType"] for entry in json.loads(found.stdout)["manifests"]] == [KIND]


def test_ecr_names_the_subject_of_an_attached_artifact(
    oras: Client, aws: AwsCli, images: Samples, chart: Path, repository: Repository
) -> None:
    copy_in(oras, images.scratch, repository.at("v1"))
    attached = ("--disable-path-validation", "--artifact-type", KIND, repository.at("v1"), f"{chart}:text/yaml")
    oras.run("attach", *attached)
    told = aws.ask(
        "imageDetails[?artifactMediaType=='application/vnd.example.chart.v1'].subjectManifestDigest",
        *("ecr", "describe-images", "--repository-name", repository.name),
    )
    assert told == [images.scratch.digest]


def test_a_blob_can_be_pushed_by_itself_and_seen(oras: Client, chart: Path, repository: Repository) -> None:
    told = json.loads(oras.run("blob", "push", "--descriptor", str(repository), chart).stdout)
    again = json.loads(oras.run("blob", "fetch", "--descriptor", repository.holding(told["digest"])).stdout)
    assert again["size"] == chart.stat().st_size


def test_a_tag_is_added_without_sending_the_image_again(oras: Client, images: Samples, repository: Repository) -> None:
    copy_in(oras, images.scratch, repository.at("v1"))
    oras.run("tag", repository.at("v1"), "v2", "stable")
    assert digest_at(oras, repository.at("stable")) == images.scratch.digest


def test_every_tag_is_listed(oras: Client, images: Samples, repository: Repository) -> None:
    copy_in(oras, images.scratch, repository.at("v1"))
    oras.run("tag", repository.at("v1"), "v2", "stable")
    assert sorted(oras.run("repo", "tags", str(repository)).stdout.split()) == ["stable", "v1", "v2"]


def test_a_deleted_manifest_is_gone(oras: Client, aws: AwsCli, chart: Path, repository: Repository) -> None:
    push(oras, chart, repository.at("v1"))
    oras.run("manifest", "delete", "--force", repository.at("v1"))
    assert aws.ask("imageIds", "ecr", "list-images", "--repository-name", repository.name) == []


def test_an_image_deleted_by_ecr_cannot_be_pulled(
    oras: Client, aws: AwsCli, chart: Path, repository: Repository
) -> None:
    push(oras, chart, repository.at("v1"))
    aws.run("ecr", "batch-delete-image", "--repository-name", repository.name, "--image-ids", "imageTag=v1")
    assert "not found" in oras.refused("manifest", "fetch", repository.at("v1")).stderr


def test_a_wrong_password_is_refused(registry: str, tmp_path: Path) -> None:
    stranger = clients.oras(tmp_path)
    answer = stranger.refused("login", "--username", "AWS", "--password-stdin", registry, stdin="wrong")
    assert "401: Unauthorized" in answer.said


def test_a_push_without_a_login_is_refused(chart: Path, repository: Repository, tmp_path: Path) -> None:
    stranger = clients.oras(tmp_path / "home")
    answer = stranger.refused("push", *CALMLY, repository.at("v1"), chart)
    assert "basic credential not found" in answer.said


def test_a_push_to_a_missing_repository_is_refused_in_ecrs_words(oras: Client, chart: Path, registry: str) -> None:
    answer = oras.refused("push", *CALMLY, f"{registry}/oras/nowhere:v1", chart)
    assert f"name unknown: {repository_not_found('oras/nowhere')}" in answer.said


def test_a_tag_of_an_immutable_repository_does_not_move(
    oras: Client, images: Samples, chart: Path, immutable_repository: Repository
) -> None:
    copy_in(oras, images.scratch, immutable_repository.at("v1"))
    answer = oras.refused("push", *CALMLY, immutable_repository.at("v1"), chart)
    assert f"tag invalid: {tag_immutable(immutable_repository.name, 'v1')}" in answer.said


def test_a_user_with_pull_permissions_can_pull(
    oras: Client, reading: Client, images: Samples, repository: Repository
) -> None:
    copy_in(oras, images.scratch, repository.at("v1"))
    assert reading.run("manifest", "fetch", repository.at("v1")).stdout.encode() == images.scratch.manifest


def test_a_user_with_pull_permissions_cannot_push(
    reading: Client, reader: User, chart: Path, repository: Repository
) -> None:
    answer = reading.refused("push", *CALMLY, repository.at("v1"), chart)
    assert f"denied: {not_authorized(reader.name, 'ecr:InitiateLayerUpload', repository.name)}" in answer.said
