"""A thousand referrers of one subject, page by page, through both faces: everything once."""

import json
from collections.abc import Iterator, Sequence
from functools import partial

import pytest
from botocore.client import BaseClient

from protocol.crowd import at_once
from protocol.registry import CONFIG, Registry, manifest_for
from support.images import OCI
from support.layers import digest_of
from support.server import RunningServer

LAYER = b"one layer"
SUBJECT = json.dumps(manifest_for(LAYER)).encode()
SIGNATURE, LIST = "application/x.signature", "application/x.list"
COUNT = 1_050  # more than the largest page
PUSHERS = 4
REPOSITORY = "many/referrers"


def referrer(number: int) -> bytes:
    subject = {"mediaType": OCI.manifest, "digest": digest_of(SUBJECT), "size": len(SUBJECT)}
    kind = SIGNATURE if number % 10 == 0 else LIST
    document = manifest_for(LAYER, subject=subject, artifactType=kind, annotations={"number": str(number)})
    return json.dumps(document).encode()


REFERRERS = {digest_of(referrer(number)): number for number in range(COUNT)}
SIGNATURES = {digest for digest, number in REFERRERS.items() if number % 10 == 0}


def push(numbers: Sequence[int], registry: Registry) -> None:
    for number in numbers:
        body = referrer(number)
        answer = registry.put_manifest(REPOSITORY, digest_of(body), body)
        assert (answer.status, answer.header("oci-subject")) == (201, digest_of(SUBJECT)), answer.text


@pytest.fixture(scope="module")
def full(server: RunningServer, password: str, ecr: BaseClient) -> str:
    """Make a subject with more referrers than a page has room for."""
    ecr.create_repository(repositoryName=REPOSITORY)

    def fill(registry: Registry) -> None:
        for blob in (CONFIG, LAYER):
            registry.put_blob(REPOSITORY, blob)
        assert registry.put_manifest(REPOSITORY, "v1", SUBJECT).status == 201

    at_once(server.host, password, [fill])
    at_once(server.host, password, [partial(push, range(first, COUNT, PUSHERS)) for first in range(PUSHERS)])
    return f"{REPOSITORY}/referrers/{digest_of(SUBJECT)}"


def pages_of(registry: Registry, path: str) -> Iterator[list[str]]:
    following: str | None = path
    while following is not None:
        answer = registry.ask("GET", following)
        assert (answer.status, answer.header("content-type")) == (200, OCI.index), answer.text
        yield [one["digest"] for one in json.loads(answer.body)["manifests"]]
        link = answer.get("link")
        following = None if link is None else link[1 : link.index(">")]


@pytest.mark.parametrize(("query", "sizes"), [("", [1_000, 50]), ("?n=500", [500, 500, 50]), ("?n=9999", [1_000, 50])])
def test_every_referrer_is_listed_once(in_profile: Registry, full: str, query: str, sizes: list[int]) -> None:
    pages = list(pages_of(in_profile, f"{full}{query}"))
    assert [len(page) for page in pages] == sizes
    assert {digest for page in pages for digest in page} == REFERRERS.keys()


def test_a_filter_goes_on_through_all_pages(in_profile: Registry, full: str) -> None:
    pages = list(pages_of(in_profile, f"{full}?n=50&artifactType={SIGNATURE}"))
    assert [len(page) for page in pages] == [50, 50, 5]
    assert {digest for page in pages for digest in page} == SIGNATURES


def listed(ecr: BaseClient, **asked: object) -> list[list[str]]:
    subject, token, pages = {"imageDigest": digest_of(SUBJECT)}, None, []
    while True:
        more: dict[str, object] = {} if token is None else {"nextToken": token}
        answer = ecr.list_image_referrers(repositoryName=REPOSITORY, subjectId=subject, **asked, **more)
        pages.append([one["digest"] for one in answer["referrers"]])
        token = answer.get("nextToken")
        if token is None:
            return pages


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(("asked", "size"), [({}, 20), ({"maxResults": 50}, 50), ({"maxResults": 7}, 7)])
def test_the_api_lists_every_referrer_once(ecr: BaseClient, asked: dict[str, object], size: int) -> None:
    pages = listed(ecr, **asked)
    assert {len(page) for page in pages[:-1]} == {size}
    found = [digest for page in pages for digest in page]
    assert (len(found), set(found)) == (COUNT, set(REFERRERS))


@pytest.mark.usefixtures("full")
def test_the_api_filters_through_all_pages(ecr: BaseClient) -> None:
    pages = listed(ecr, filter={"artifactTypes": [SIGNATURE]}, maxResults=50)
    assert [len(page) for page in pages] == [50, 50, 5]
    assert {digest for page in pages for digest in page} == SIGNATURES


@pytest.mark.usefixtures("full")
def test_a_token_of_another_question_is_refused(ecr: BaseClient) -> None:
    subject = {"imageDigest": digest_of(SUBJECT)}
    token = ecr.list_image_referrers(repositoryName=REPOSITORY, subjectId=subject)["nextToken"]
    other = {"imageDigest": digest_of(b"another")}
    with pytest.raises(ecr.exceptions.InvalidParameterException):
        ecr.list_image_referrers(repositoryName=REPOSITORY, subjectId=other, nextToken=token)
