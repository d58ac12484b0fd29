"""containerd by itself: ctr pulls and pushes images and whole indexes, byte for byte."""

from collections.abc import Iterator

import pytest

from support import containerd
from support.clients import Client
from support.containerd import CONTAINERD_1
from support.images import Samples
from support.repository import Repository

HTTP = "--plain-http"


@pytest.fixture(scope="module")
def ctr() -> Iterator[Client]:
    with containerd.running(CONTAINERD_1) as client:
        yield client


@pytest.mark.parametrize("kind", ["layered", "index", "docker_index"])
def test_what_is_pulled_is_pushed_under_the_same_digest(  # noqa: PLR0913, PLR0917 - fixtures
    ctr: Client, skopeo: Client, images: Samples, repository: Repository, password: str, kind: str
) -> None:
    image, user = getattr(images, kind), ("--user", f"AWS:{password}")
    copied = ("--all", "--dest-tls-verify=false", "--preserve-digests", image.source)
    skopeo.run("copy", *copied, f"docker://{repository.at('v1')}")
    ctr.run("images", "pull", HTTP, "--all-platforms", *user, repository.at("v1"))
    ctr.run("images", "tag", repository.at("v1"), repository.at("v2"))
    ctr.run("images", "push", HTTP, *user, repository.at("v2"))
    raw = skopeo.run("inspect", "--tls-verify=false", "--raw", f"docker://{repository.at('v2')}").stdout
    assert raw.encode() == image.manifest


def test_a_wrong_password_is_told(ctr: Client, repository: Repository) -> None:
    refused = ctr.refused("images", "pull", HTTP, "--user", "AWS:none", repository.at("v1"))
    assert "401" in refused.said or "authorization failed" in refused.said
