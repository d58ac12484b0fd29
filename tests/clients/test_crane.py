"""crane looks at everything it is given: what it validates was hashed again, layer by layer."""

import pytest

from support.clients import FORKY, Client, clean_environment
from support.images import Samples
from support.repository import Repository


@pytest.fixture(scope="module")
def crane(password: str, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    home = tmp_path_factory.mktemp("crane")
    client = Client(FORKY / "bin" / "crane", clean_environment(home, DOCKER_CONFIG=str(home / "docker")))
    client.run("auth", "login", "-u", "AWS", "--password-stdin", registry, stdin=password)
    return client


def test_a_pushed_image_is_valid_when_it_is_read_back(crane: Client, images: Samples, repository: Repository) -> None:
    crane.run("push", images.layered.folder, repository.at("v1"))
    assert crane.run("digest", repository.at("v1")).stdout.strip() == images.layered.digest
    assert "PASS" in crane.run("validate", "--remote", repository.at("v1")).said


def test_a_pushed_index_is_valid_with_all_its_images(crane: Client, images: Samples, repository: Repository) -> None:
    crane.run("push", "--index", images.index.folder, repository.at("v1"))
    assert "PASS" in crane.run("validate", "--remote", repository.at("v1")).said


def test_a_copy_is_listed_and_deleted(crane: Client, images: Samples, repository: Repository) -> None:
    crane.run("push", images.scratch.folder, repository.at("v1"))
    crane.run("copy", repository.at("v1"), repository.at("v2"))
    assert sorted(crane.run("ls", str(repository)).stdout.split()) == ["v1", "v2"]
    crane.run("delete", repository.at("v2"))
    assert crane.run("ls", str(repository)).stdout.split() == ["v1"]


def test_an_image_that_is_not_there_is_told(crane: Client, repository: Repository) -> None:
    assert "MANIFEST_UNKNOWN" in crane.refused("manifest", repository.at("none")).said
