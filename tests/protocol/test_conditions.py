"""Conditional reads of manifests and blobs (RFC 9110 section 13): the digest is the entity tag."""

import pytest
from botocore.client import BaseClient

from protocol.registry import DOCKER_MANIFEST, Registry
from support.images import OCI
from support.layers import digest_of

LAYER = bytes(range(200)) * 5
OTHER = '"sha256:' + "0" * 64 + '"'


@pytest.fixture(params=["a blob", "a manifest by tag", "a manifest by digest"])
def content(request: pytest.FixtureRequest, registry: Registry, repository: str) -> tuple[str, bytes]:
    """Push an image; give the path of a piece of it, and its bytes."""
    manifest = registry.push(repository, "v1", LAYER)
    return {
        "a blob": (f"{repository}/blobs/{digest_of(LAYER)}", LAYER),
        "a manifest by tag": (f"{repository}/manifests/v1", manifest),
        "a manifest by digest": (f"{repository}/manifests/{digest_of(manifest)}", manifest),
    }[str(request.param)]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_digest_is_the_entity_tag(registry: Registry, content: tuple[str, bytes], method: str) -> None:
    path, body = content
    assert registry.ask(method, path).header("etag") == f'"{digest_of(body)}"'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("known", ["{}", "W/{}", f"{OTHER}, {{}}", f'"x",W/{{}} , {OTHER}', "*"])
def test_what_the_client_has_is_not_sent_again(
    registry: Registry, content: tuple[str, bytes], method: str, known: str
) -> None:
    path, body = content
    tag = f'"{digest_of(body)}"'
    answer = registry.ask(method, path, {"If-None-Match": known.format(tag)})
    assert (answer.status, answer.body, answer.header("etag")) == (304, b"", tag)
    assert registry.ask("GET", path).body == body  # the connection goes on where it was


@pytest.mark.parametrize("known", [OTHER, f"W/{OTHER}", "", '"', "sha256:", "nonsense", '"*"'])
def test_what_the_client_does_not_have_is_sent(registry: Registry, content: tuple[str, bytes], known: str) -> None:
    path, body = content
    answer = registry.ask("GET", path, {"If-None-Match": known})
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize(
    ("wanted", "status"), [("{}", 200), (f"{OTHER}, {{}}", 200), ("*", 200), (OTHER, 412), ("W/{}", 412), ("", 412)]
)
def test_content_can_be_had_only_as_it_is_wanted(
    registry: Registry, content: tuple[str, bytes], wanted: str, status: int
) -> None:
    path, body = content
    answer = registry.ask("GET", path, {"If-Match": wanted.format(f'"{digest_of(body)}"')})
    assert (answer.status, answer.body) == (status, body if status == 200 else b"")


def test_a_wanted_digest_comes_before_a_known_one(registry: Registry, content: tuple[str, bytes]) -> None:
    path, body = content
    conditions = {"If-Match": OTHER, "If-None-Match": f'"{digest_of(body)}"'}
    assert registry.ask("GET", path, conditions).status == 412


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since"])
@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "yesterday"])
def test_dates_are_passed_over(registry: Registry, content: tuple[str, bytes], name: str, date: str) -> None:
    path, body = content
    answer = registry.ask("GET", path, {name: date})
    assert (answer.status, answer.body) == (200, body)


@pytest.mark.parametrize(
    ("only_of", "status"),
    [("{}", 206), (OTHER, 200), ("W/{}", 200), ("Thu, 01 Jan 1970 00:00:00 GMT", 200), ("", 200)],
)
def test_a_range_of_other_content_is_none(registry: Registry, repository: str, only_of: str, status: int) -> None:
    registry.push(repository, "v1", LAYER)
    headers = {"Range": "bytes=0-9", "If-Range": only_of.format(f'"{digest_of(LAYER)}"')}
    answer = registry.ask("GET", f"{repository}/blobs/{digest_of(LAYER)}", headers)
    assert (answer.status, answer.body) == (status, LAYER[:10] if status == 206 else LAYER)


def test_a_range_that_cannot_be_had_is_no_matter_to_who_has_it_all(registry: Registry, repository: str) -> None:
    registry.push(repository, "v1", LAYER)
    headers = {"Range": "bytes=5000-", "If-None-Match": f'"{digest_of(LAYER)}"'}
    assert registry.ask("GET", f"{repository}/blobs/{digest_of(LAYER)}", headers).status == 304


def test_a_tag_that_moved_is_sent(registry: Registry, repository: str) -> None:
    first = registry.push(repository, "v1", LAYER)
    registry.put_manifest(repository, "v1", first + b"\n")
    answer = registry.ask("GET", f"{repository}/manifests/v1", {"If-None-Match": f'"{digest_of(first)}"'})
    assert (answer.status, answer.body) == (200, first + b"\n")


def test_each_form_of_a_manifest_has_its_own_entity_tag(registry: Registry, repository: str) -> None:
    stored = registry.push(repository, "v1", LAYER)
    known = {"If-None-Match": f'"{digest_of(stored)}"'}
    statuses = [
        registry.ask("GET", f"{repository}/manifests/v1", known | {"Accept": accept}).status
        for accept in (OCI.manifest, DOCKER_MANIFEST)
    ]
    assert statuses == [304, 200]


def test_no_condition_opens_what_is_closed(registry: Registry, repository: str, other_repository: str) -> None:
    registry.push(repository, "v1", LAYER)
    for conditions in ({"If-None-Match": "*"}, {"If-Match": OTHER}):
        for path in (f"blobs/{digest_of(LAYER)}", "manifests/v1"):
            assert registry.ask("GET", f"{other_repository}/{path}", conditions).status == 404


def test_a_layer_link_knows_ranges_of_its_content_alone(registry: Registry, ecr: BaseClient, repository: str) -> None:
    registry.push(repository, "v1", LAYER)
    url = ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest_of(LAYER))["downloadUrl"]
    link = "/" + str(url).split("/", 3)[3]
    for only_of, status in ((f'"{digest_of(LAYER)}"', 206), (OTHER, 200)):
        answer = registry.wire.ask("GET", link, {"Range": "bytes=0-9", "If-Range": only_of})
        assert (answer.status, answer.header("etag")) == (status, f'"{digest_of(LAYER)}"')
