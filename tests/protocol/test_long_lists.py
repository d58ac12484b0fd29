"""Lists of thousands, page by page, through both faces: everything once, whatever happens meanwhile."""

import json
from collections.abc import Iterator, Sequence
from functools import partial

import pytest
from botocore.client import BaseClient

from moorage.domain.profile import Profile
from protocol.crowd import at_once
from protocol.registry import CONFIG, Registry, manifest_for
from support.images import OCI
from support.server import RunningServer

LAYER = b"one layer"
PUSHERS = 8
TAGS = [f"v{number:05}" for number in range(10_000)]
IMAGES = 20  # an image has a thousand tags at most


def body_for(number: int) -> bytes:
    return json.dumps(manifest_for(LAYER, annotations={"number": str(number)})).encode()


def push(repository: str, numbers: Sequence[int], registry: Registry) -> None:
    for number in numbers:
        answer = registry.put_manifest(repository, TAGS[number], body_for(number % IMAGES), OCI.manifest)
        assert answer.status == 201, answer.text


@pytest.fixture(scope="module")
def full(server: RunningServer, password: str, ecr: BaseClient) -> str:
    """Make a repository of ten thousand tags."""
    name = "long/lists"
    ecr.create_repository(repositoryName=name)

    def fill(registry: Registry) -> None:
        for blob in (CONFIG, LAYER):
            registry.put_blob(name, blob)

    at_once(server.host, password, [fill])
    share = [range(first, len(TAGS), PUSHERS) for first in range(PUSHERS)]
    at_once(server.host, password, [partial(push, name, numbers) for numbers in share])
    return name


def pages_of(registry: Registry, path: str) -> Iterator[list[str]]:
    following: str | None = path
    while following is not None:
        answer = registry.ask("GET", following)
        assert answer.status == 200, answer.text
        tags = answer.read("tags")
        assert isinstance(tags, list)
        yield tags
        link = answer.get("link")
        following = None if link is None else link[1 : link.index(">")]


# Where nobody says how long a page is, ECR's are of a hundred; only profile oci takes a wish for more than it gives.
SIZES = [(Profile.ECR, "", 100), (Profile.OCI, "", 1000), (Profile.OCI, "?n=10001", 1000)]
SIZES += [(each, f"?n={size}", size) for each in Profile for size in (999, 1000)]


@pytest.mark.parametrize(("profile", "query", "size"), SIZES)
def test_ten_thousand_tags_are_listed_each_once(in_profile: Registry, full: str, query: str, size: int) -> None:
    pages = list(pages_of(in_profile, f"{full}/tags/list{query}"))
    assert {len(page) for page in pages[:-1]} == {size}
    assert [tag for page in pages for tag in page] == TAGS


def test_profile_ecr_refuses_a_wish_for_more_than_a_page(registry: Registry, full: str) -> None:
    assert registry.ask("GET", f"{full}/tags/list?n=10001").status == 405


def test_the_api_lists_the_same_tags(ecr: BaseClient, full: str) -> None:
    pages = ecr.get_paginator("list_images").paginate(repositoryName=full, PaginationConfig={"PageSize": 1000})
    found = [one["imageTag"] for page in pages for one in page["imageIds"]]
    assert sorted(found) == TAGS


def test_the_api_describes_each_image_once_with_all_its_tags(ecr: BaseClient, full: str) -> None:
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=full, PaginationConfig={"PageSize": 3})
    found = [one for page in pages for one in page["imageDetails"]]
    assert len(found) == len({one["imageDigest"] for one in found}) == IMAGES
    assert sorted(tag for one in found for tag in one["imageTags"]) == TAGS


def test_what_comes_and_goes_between_pages_disturbs_no_other(in_profile: Registry, ecr: BaseClient, full: str) -> None:
    body = body_for(0)
    found: list[str] = []
    for number, page in enumerate(pages_of(in_profile, f"{full}/tags/list?n=1000")):
        found += page
        assert in_profile.put_manifest(full, f"passing-{number}", body, OCI.manifest).status == 201
        if number:
            assert in_profile.ask("DELETE", f"{full}/manifests/passing-{number - 1}").status == 202
    named = [{"imageTag": f"passing-{number}"} for number in range(12)]
    ecr.batch_delete_image(repositoryName=full, imageIds=named)
    assert sorted(tag for tag in found if not tag.startswith("passing-")) == TAGS
