"""Layer links: good for an hour without credentials, for one blob, unaltered (GetDownloadUrlForLayer)."""

import re

import pytest
from botocore.client import BaseClient

from moorage.operations.layers import LayerLink
from protocol.registry import Registry, code_of
from protocol.sealed import SECOND, now, sign_link
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire

LAYER = bytes(range(250)) * 4
LINK = re.compile(
    r"/layers/([0-9]{12})/([a-z0-9-]+)/([0-9a-f]+)/(sha256:[0-9a-f]{64})\?expires=([0-9]+)&signature=(.+)"
)


@pytest.fixture
def link(registry: Registry, ecr: BaseClient, repository: str) -> str:
    """Push an image; give the path of a link to its layer."""
    registry.push(repository, "v1", LAYER)
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(LAYER))["downloadUrl"]
    assert str(url).startswith(f"http://localhost:{registry.wire.host.rpartition(':')[2]}/layers/")
    return "/" + str(url).split("/", 3)[3]


def parts_of(link: str) -> LayerLink:
    found = LINK.fullmatch(link)
    assert found is not None
    return LayerLink(found[1], found[2], found[3], found[4], int(found[5]))


def test_a_link_needs_no_credentials(wire: Wire, link: str) -> None:
    answer = wire.ask("GET", link)
    assert (answer.status, answer.body) == (200, LAYER)


def test_a_link_can_be_looked_at(wire: Wire, link: str) -> None:
    answer = wire.ask("HEAD", link)
    assert (answer.status, answer.header("content-length")) == (200, "1000")


def test_a_link_knows_ranges(wire: Wire, link: str) -> None:
    answer = wire.ask("GET", link, {"Range": "bytes=-10"})
    assert (answer.status, answer.body, answer.header("content-range")) == (206, LAYER[-10:], "bytes 990-999/1000")


def test_a_link_is_good_for_an_hour(link: str) -> None:
    left = parts_of(link).expires_at - now()
    assert 0 < left <= 3600 * SECOND


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_a_link_is_for_reading(wire: Wire, link: str, method: str) -> None:
    assert wire.ask(method, link).status == 405


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        ("/123456789012/", "/210987654321/"),
        ("/us-east-1/", "/us-east-2/"),
        (r"/([0-9a-f]{24})/", "/000000000000000000000000/"),
        (r"sha256:[0-9a-f]{64}", digest_of(b"{}")),
        (r"expires=[0-9]", "expires=9"),
        (r"expires=[0-9]*", "expires="),
        (r"expires=[0-9]*", "expires=-1"),
        (r"expires=([0-9]*)", r"expires=0\1"),
        (r"expires=[0-9]*&", ""),
        (r"signature=.", "signature="),
        (r"signature=.*", "signature="),
        (r"&signature=.*", ""),
        (r"signature=[^.]*", "signature=other"),
        (r".$", "x"),
        (r"$", "0"),
        (r"$", "%00"),
        (r"$", "%C3%A9"),
    ],
)
def test_an_altered_link_is_denied(wire: Wire, link: str, pattern: str, instead: str) -> None:
    altered = re.sub(pattern, instead, link, count=1)
    answer = wire.ask("GET", altered)
    assert altered == link or (answer.status, code_of(answer)) == (403, "DENIED")


@pytest.mark.parametrize(
    "path", ["/layers/", "/layers/x", "/layers/../healthz", "/layers/123456789012/us-east-1/ab/sha256:0"]
)
def test_what_is_no_link_is_denied(wire: Wire, path: str) -> None:
    assert wire.ask("GET", path).status == 403


def test_a_parameter_that_stands_twice_is_refused(wire: Wire, link: str) -> None:
    assert wire.ask("GET", f"{link}&expires=9999999999999999").status == 400


def test_an_expired_link_is_denied(wire: Wire, link: str, server: RunningServer) -> None:
    known = parts_of(link)
    old = LayerLink(known.account, known.region, known.repository_id, known.digest, now() - SECOND)
    answer = wire.ask("GET", sign_link(server, old))
    assert (answer.status, code_of(answer)) == (403, "DENIED")


def test_a_link_that_was_signed_for_later_is_good(wire: Wire, link: str, server: RunningServer) -> None:
    known = parts_of(link)
    later = LayerLink(known.account, known.region, known.repository_id, known.digest, now() + 60 * SECOND)
    assert wire.ask("GET", sign_link(server, later)).status == 200


def test_when_the_repository_is_deleted_its_links_lead_nowhere(
    wire: Wire, link: str, ecr: BaseClient, repository: str
) -> None:
    ecr.delete_repository(repositoryName=repository, force=True)
    assert wire.ask("GET", link).status == 404


def test_when_the_image_is_deleted_its_links_lead_nowhere(registry: Registry, link: str, repository: str) -> None:
    registry.ask("DELETE", f"{repository}/manifests/v1")
    assert registry.wire.ask("GET", link).status == 404


def test_there_is_no_link_to_what_no_image_refers_to(registry: Registry, ecr: BaseClient, repository: str) -> None:
    digest = registry.put_blob(repository, LAYER)
    with pytest.raises(ecr.exceptions.LayerInaccessibleException):
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)


def test_there_is_no_link_to_what_is_not_there(ecr: BaseClient, repository: str) -> None:
    with pytest.raises(ecr.exceptions.LayersNotFoundException):
        ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(LAYER))
