"""Indexes as clients meet them: one in another, and one of which only a part was pushed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import clients
from support.clients import FORKY, Client, clean_environment
from support.docker import Dockerd
from support.images import GREETING, OCI, Entry, Image, Layout, Samples
from support.layers import digest_of
from support.repository import Repository
from support.server import RunningServer

HTTP = "--plain-http"


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Make an index whose one entry is an index of two images."""
    layout = Layout(tmp_path_factory.mktemp("nested") / "layout")
    images = [
        layout.add_image([layout.add_layer([Entry("greeting", name.encode())])], architecture=name)
        for name in ("amd64", "arm64")
    ]
    inner = layout.add_json(OCI.index, index_of([image.root.descriptor() for image in images]))
    outer = layout.add_json(OCI.index, index_of([inner.descriptor()]))
    return layout.publish(Image(layout.folder, outer, children=(inner, *(image.root for image in images))))


def index_of(entries: list[dict[str, object]]) -> dict[str, object]:
    return {"schemaVersion": 2, "mediaType": OCI.index, "manifests": entries}


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data, settings = tmp_path_factory.mktemp("server") / "data", {"MOORAGE_PROFILE": "oci"}
    with RunningServer(data, settings=settings) as running:
        yield running


@pytest.fixture
def oras(password: str, registry: str, tmp_path: Path) -> Client:
    client = clients.oras(tmp_path / "oras")
    client.run("login", "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


@pytest.fixture
def crane(password: str, registry: str, tmp_path: Path) -> Client:
    client = Client(FORKY / "bin" / "crane", clean_environment(tmp_path, DOCKER_CONFIG=str(tmp_path / "docker")))
    client.run("auth", "login", "-u", "AWS", "--password-stdin", registry, stdin=password)
    return client


def test_an_index_in_an_index_is_pushed_and_valid(crane: Client, nested: Image, repository: Repository) -> None:
    crane.run("push", "--index", nested.folder, repository.at("v1"))
    # It pushes the layout's own index, so that this is one in one in one.
    pushed = digest_of((nested.folder / "index.json").read_bytes())
    assert crane.run("digest", repository.at("v1")).stdout.strip() == pushed
    assert "PASS" in crane.run("validate", "--remote", repository.at("v1")).said


def test_an_index_in_an_index_is_copied_there_and_back(
    oras: Client, nested: Image, repository: Repository, tmp_path: Path
) -> None:
    oras.run("cp", "--recursive", "--from-oci-layout", f"{nested.folder}:v1", repository.at("v1"))
    oras.run("cp", "--recursive", "--to-oci-layout", repository.at("v1"), f"{tmp_path / 'copy'}:v1")
    pulled = {path.name: path.read_bytes() for path in (tmp_path / "copy" / "blobs" / "sha256").iterdir()}
    pushed = {path.name: path.read_bytes() for path in (nested.folder / "blobs" / "sha256").iterdir()}
    assert pulled == pushed


class TestSparse:
    """An index whose other platforms nobody pushed: profile oci takes it, ECR does not."""

    @staticmethod
    def sparse(image: Image, folder: Path) -> Path:
        """Write an index that names one image and one that nobody has."""
        here = image.root.descriptor() | {"platform": {"architecture": "amd64", "os": "linux"}}
        gone = here | {"digest": f"sha256:{'5' * 64}", "platform": {"architecture": "arm64", "os": "linux"}}
        file = folder / "index.json"
        file.write_text(json.dumps(index_of([gone, here])), encoding="utf-8")
        return file

    def test_ecr_refuses_it(self, oras: Client, images: Samples, repository: Repository, tmp_path: Path) -> None:
        oras.run("cp", "--from-oci-layout", f"{images.layered.folder}:v1", repository.at("one"))
        pushed = ("manifest", "push", repository.at("v1"), self.sparse(images.layered, tmp_path))
        assert "manifest blob unknown" in oras.refused(*pushed).said
        assert oras.run("repo", "tags", str(repository)).stdout.split() == ["one"]

    def test_docker_pulls_the_part_that_is_there(
        self, open_server: RunningServer, dockerd28: Dockerd, images: Samples, tmp_path: Path
    ) -> None:
        open_server.boto3("ecr").create_repository(repositoryName="sparse/app")
        registry, password = f"localhost:{open_server.port}", open_server.password()
        login = ("login", "--username", "AWS", "--password-stdin", registry)
        oras, docker = clients.oras(tmp_path / "oras"), dockerd28.client("sparse")
        for client in (oras, docker):
            client.run(*login, stdin=password)
        reference = f"{registry}/sparse/app"
        oras.run("cp", "--from-oci-layout", f"{images.layered.folder}:v1", f"{reference}:one")
        oras.run("manifest", "push", f"{reference}:v1", self.sparse(images.layered, tmp_path))
        docker.run("pull", f"{reference}:v1")
        assert docker.run("run", "--rm", "--network=none", f"{reference}:v1").stdout == GREETING
        assert "not found" in docker.refused("pull", "--platform", "linux/arm64", f"{reference}:v1").said
