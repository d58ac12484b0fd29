"""Which endpoint a method and a path are, whatever the repository is called."""

from collections.abc import Mapping

import pytest

from moorage.domain.actions import Kind
from moorage.domain.errors import MethodUnknown, RouteUnknown
from moorage.edge.oci.routes import Route, find_route

DIGEST = "sha256:" + "0" * 64
UPLOAD = "0b2d8a1c-5b0e-4b1e-9a5f-111111111111"
AWKWARD = [
    "team/app",
    "manifests",
    "blobs",
    "uploads",
    "a/manifests",
    "manifests/b",
    "a/manifests/b",
    "a/blobs",
    "blobs/uploads",
    "a/blobs/uploads",
    "a/blobs/uploads/b",
    "tags/list",
    "a/tags/list",
    "a/tags/list/b",
    "referrers/a",
    "_catalog",
    "v2/v2",
]


def route(method: str, path: str, query: Mapping[str, str] | None = None, *, body: bool = False) -> Route:
    return find_route(method, path, query or {}, has_body=body)


ENDPOINTS = [
    ("GET", f"blobs/{DIGEST}", "end-2", Kind.DIGEST, DIGEST),
    ("HEAD", f"blobs/{DIGEST}", "end-2", Kind.DIGEST, DIGEST),
    ("GET", "manifests/v1", "end-3", Kind.TAG, "v1"),
    ("HEAD", f"manifests/{DIGEST}", "end-3", Kind.DIGEST, DIGEST),
    ("POST", "blobs/uploads/", "end-4a", Kind.NONE, ""),
    ("POST", "blobs/uploads", "end-4a", Kind.NONE, ""),
    ("PATCH", f"blobs/uploads/{UPLOAD}", "end-5", Kind.UPLOAD, UPLOAD),
    ("PUT", f"blobs/uploads/{UPLOAD}", "end-6", Kind.UPLOAD, UPLOAD),
    ("PUT", "manifests/v1", "end-7", Kind.TAG, "v1"),
    ("PUT", f"manifests/{DIGEST}", "end-7", Kind.DIGEST, DIGEST),
    ("GET", "tags/list", "end-8", Kind.NONE, ""),
    ("DELETE", "manifests/v1", "end-9", Kind.TAG, "v1"),
    ("DELETE", f"manifests/{DIGEST}", "end-9", Kind.DIGEST, DIGEST),
    ("DELETE", f"blobs/{DIGEST}", "end-10", Kind.DIGEST, DIGEST),
    ("GET", f"referrers/{DIGEST}", "end-12", Kind.DIGEST, DIGEST),
    ("GET", f"blobs/uploads/{UPLOAD}", "end-13", Kind.UPLOAD, UPLOAD),
    ("DELETE", f"blobs/uploads/{UPLOAD}", "end-14", Kind.UPLOAD, UPLOAD),
]


@pytest.mark.parametrize("name", AWKWARD)
def test_every_endpoint_is_found_whatever_the_repository_is_called(name: str) -> None:
    found = [route(method, f"/v2/{name}/{rest}") for method, rest, *_ in ENDPOINTS]
    assert found == [Route(endpoint, kind, name, reference) for *_, endpoint, kind, reference in ENDPOINTS]


@pytest.mark.parametrize(
    ("method", "path", "endpoint"),
    [("GET", "/v2/", "end-1"), ("HEAD", "/v2/", "end-1"), ("GET", "/v2/_catalog", "catalog")],
)
def test_what_names_no_repository_is_found(method: str, path: str, endpoint: str) -> None:
    assert route(method, path) == Route(endpoint, Kind.NONE)


@pytest.mark.parametrize(
    ("query", "body", "found"),
    [
        ({}, False, Route("end-4a", Kind.NONE, "a")),
        ({}, True, Route("end-4a", Kind.NONE, "a")),
        ({"digest": DIGEST}, False, Route("end-4a", Kind.NONE, "a")),
        ({"digest": DIGEST}, True, Route("end-4b", Kind.DIGEST, "a", DIGEST)),
        ({"mount": DIGEST, "from": "b"}, False, Route("end-11", Kind.DIGEST, "a", DIGEST)),
        ({"mount": DIGEST}, False, Route("end-11", Kind.DIGEST, "a", DIGEST)),
        ({"mount": DIGEST, "digest": DIGEST}, True, Route("end-11", Kind.DIGEST, "a", DIGEST)),
    ],
)
def test_the_query_tells_how_an_upload_is_opened(query: Mapping[str, str], body: bool, found: Route) -> None:  # noqa: FBT001 - a column of the table
    assert route("POST", "/v2/a/blobs/uploads/", query, body=body) == found


def test_an_upload_that_ends_with_a_body_is_told_apart() -> None:
    assert route("PUT", f"/v2/a/blobs/uploads/{UPLOAD}", body=True).endpoint == "end-6 with body"


@pytest.mark.parametrize(
    "path",
    [
        "/v2",
        "/v2//",
        "/v2/a",
        "/v2/a/",
        "/v2/a/manifests",
        "/v2/a/manifests/",
        "/v2/a/manifests/v1/",
        "/v2/a/manifests/v1/v2",
        "/v2/a/blobs/",
        f"/v2/a/blobs/{DIGEST}/",
        f"/v2/a/blobs/uploads/{UPLOAD}/",
        "/v2/a/tags/list/",
        "/v2/a/tags",
        "/v2/a/referrers/",
        "/v2//tags/list",
        "/v2/tags/list",
        "/v2/manifests/v1",
        "/v2/blobs/uploads/",
        "/v2/_catalog/",
        "/v2/a/manifests/v1\n/",
    ],
)
def test_there_is_nothing_at_these_paths(path: str) -> None:
    with pytest.raises(RouteUnknown):
        route("GET", path)


@pytest.mark.parametrize(
    ("path", "name", "reference"),
    [
        ("/v2/a\0b/manifests/v1", "a\0b", "v1"),
        ("/v2/a\nb/manifests/v1", "a\nb", "v1"),
        ("/v2/a//b/manifests/v1", "a//b", "v1"),
        ("/v2/../manifests/v1", "..", "v1"),
        ("/v2/a/manifests/v\0", "a", "v\0"),
        ("/v2/ä/manifests/ö", "ä", "ö"),
        ("/v2/A B/manifests/%2e", "A B", "%2e"),
    ],
)
def test_names_are_handed_on_as_they_are_for_others_to_judge(path: str, name: str, reference: str) -> None:
    found = route("GET", path)
    assert (found.name, found.reference) == (name, reference)


@pytest.mark.parametrize(
    "path", ["/v2/" + "a/" * 50_000 + "manifests/v1", "/v2/" + "/blobs/uploads" * 20_000 + "/tags/x"]
)
def test_a_huge_path_is_answered_without_delay(path: str) -> None:
    try:
        assert route("GET", path).reference == "v1"
    except RouteUnknown:
        assert path.endswith("/tags/x")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/v2/", ("GET", "HEAD")),
        ("PUT", f"/v2/a/blobs/{DIGEST}", ("DELETE", "GET", "HEAD")),
        ("POST", "/v2/a/manifests/v1", ("DELETE", "GET", "HEAD", "PUT")),
        ("GET", "/v2/a/blobs/uploads/", ("POST",)),
        ("HEAD", f"/v2/a/blobs/uploads/{UPLOAD}", ("DELETE", "GET", "PATCH", "PUT")),
        ("DELETE", "/v2/a/tags/list", ("GET",)),
        ("POST", f"/v2/a/referrers/{DIGEST}", ("GET",)),
        ("HEAD", "/v2/_catalog", ("GET",)),
        ("get", "/v2/", ("GET", "HEAD")),
    ],
)
def test_a_method_that_a_path_does_not_know_is_refused_with_those_it_knows(
    method: str, path: str, allowed: tuple[str, ...]
) -> None:
    with pytest.raises(MethodUnknown) as refused:
        route(method, path)
    assert refused.value.allowed == allowed
