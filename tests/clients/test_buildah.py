"""buildah commits straight into a repository, and starts from what is there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import clients
from support.aws import AwsCli
from support.clients import Client
from support.repository import Repository

HTTP = "--tls-verify=false"


@pytest.fixture
def buildah(password: str, registry: str, tmp_path: Path) -> Iterator[Client]:
    home = tmp_path / "home"
    home.mkdir()
    podman = clients.podman(home)  # both read the same files
    client = Client(Path("/usr/bin/buildah"), podman.environment)
    client.run("login", HTTP, "--username", "AWS", "--password-stdin", registry, stdin=password)
    yield client
    podman.run("system", "reset", "--force")


def test_what_was_committed_is_built_upon(buildah: Client, aws: AwsCli, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("from the hold\n", encoding="utf-8")
    first = buildah.run("from", "scratch").stdout.strip()
    buildah.run("copy", first, tmp_path / "word", "/word")
    buildah.run("commit", HTTP, first, f"docker://{repository.at('v1')}")
    second = buildah.run("from", HTTP, "--pull-always", f"docker://{repository.at('v1')}").stdout.strip()
    mounted = Path(buildah.run("mount", second).stdout.strip())
    assert (mounted / "word").read_text(encoding="utf-8") == "from the hold\n"
    buildah.run("umount", second)
    listed = aws.listed("imageIds[].imageTag", "ecr", "list-images", "--repository-name", repository.name)
    assert listed == ["v1"]
