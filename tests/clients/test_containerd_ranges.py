"""containerd reads layers in ranges: several at once, and from where a cut connection left off."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import containerd
from support.clients import Client
from support.containerd import CONTAINERD_1, CONTAINERD_2, CONTAINERD_2_IN_RANGES, Release
from support.images import MEBIBYTE, Image, large_image
from support.middle import between
from support.repository import Repository
from support.server import RunningServer

HTTP = "--plain-http"
SIZE = 12  # mebibytes


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return large_image(tmp_path_factory.mktemp("large") / "image", mebibytes=SIZE)


@pytest.fixture
def pushed(skopeo: Client, large: Image, repository: Repository) -> str:
    """Push the large image; return the repository's name."""
    skopeo.run("copy", "--dest-tls-verify=false", "--preserve-digests", large.source, f"docker://{repository.at('v1')}")
    return repository.name


@pytest.fixture(scope="module", params=[CONTAINERD_1, CONTAINERD_2], ids=["1", "2"])
def ctr(request: pytest.FixtureRequest) -> Iterator[Client]:
    assert isinstance(request.param, Release)
    with containerd.running(request.param) as client:
        yield client


def pulled(ctr: Client, reference: str, password: str, large: Image, folder: Path) -> None:
    """Pull an image, and see that its layer is whole: ``ctr content get`` gives the bytes that were kept."""
    ctr.run("images", "pull", HTTP, "--user", f"AWS:{password}", reference)
    ctr.run("images", "export", folder / "image.tar", reference)
    for content in (*large.layers, large.root):
        assert content.digest in ctr.run("content", "ls", "--quiet").stdout
    assert large.blob(large.layers[0].digest) in (folder / "image.tar").read_bytes()


def test_a_layer_is_read_in_several_ranges_at_once(
    server: RunningServer, pushed: str, password: str, large: Image, tmp_path: Path
) -> None:
    with containerd.running(CONTAINERD_2_IN_RANGES) as ctr, between(server.host) as (middle, host):
        pulled(ctr, f"{host}/{pushed}:v1", password, large, tmp_path)
    layer = [asked for asked in middle.ranges() if asked != "bytes=0-"]
    assert len(layer) >= SIZE // 2
    assert len(set(layer)) == len(layer)


def test_a_cut_pull_goes_on_where_it_was_cut(  # noqa: PLR0913, PLR0917  # fixtures
    ctr: Client, server: RunningServer, pushed: str, password: str, large: Image, tmp_path: Path
) -> None:
    with between(server.host, cut_after=5 * MEBIBYTE) as (middle, host):
        pulled(ctr, f"{host}/{pushed}:v1", password, large, tmp_path)
    assert middle.cuts == 1
    starts = [int(asked.removeprefix("bytes=").partition("-")[0]) for asked in middle.ranges()]
    assert max(starts) > MEBIBYTE  # and not from the beginning
