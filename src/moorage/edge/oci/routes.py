"""Reading ``/v2/`` paths: which endpoint of the distribution specification, which repository, which reference."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.domain.actions import Kind
from moorage.domain.errors import MethodUnknown, RouteUnknown

_START = "/v2/"
_PLACES = (("/manifests", "manifest"), ("/blobs", "blob"), ("/referrers", "referrers"))


class Route(Struct, frozen=True):
    """Where a request goes; ``name`` and ``reference`` are texts that nobody has judged yet."""

    endpoint: str
    kind: Kind
    name: str = ""
    reference: str = ""


METHODS: Mapping[str, Mapping[str, str]] = {
    "base": {"GET": "end-1", "HEAD": "end-1"},
    "blob": {"GET": "end-2", "HEAD": "end-2", "DELETE": "end-10"},
    "manifest": {"GET": "end-3", "HEAD": "end-3", "PUT": "end-7", "DELETE": "end-9"},
    "open": {"POST": "end-4a"},
    "upload": {"PATCH": "end-5", "PUT": "end-6", "GET": "end-13", "DELETE": "end-14"},
    "tags": {"GET": "end-8"},
    "referrers": {"GET": "end-12"},
    "catalog": {"GET": "catalog"},
}


def find_route(method: str, path: str, query: Mapping[str, str], *, has_body: bool) -> Route:
    """Find the endpoint of a method and path.

    Raises:
        RouteUnknown, MethodUnknown

    """
    place, name, reference = _place(path)
    endpoint = METHODS[place].get(method)
    if endpoint is None:
        raise MethodUnknown(sorted(METHODS[place]))
    if endpoint == "end-4a":
        return _opening(name, query, has_body=has_body)
    if endpoint == "end-6" and has_body:
        endpoint = "end-6 with body"
    return Route(endpoint, _kind(place, reference), name, reference)


def _place(path: str) -> tuple[str, str, str]:
    if path == "/v2/":
        return "base", "", ""
    if path == "/v2/_catalog":
        return "catalog", "", ""
    head, _, last = path.rpartition("/")
    if last == "list" and (name := _name(head, "/tags")):
        return "tags", name, ""
    if last == "uploads" and (name := _name(head, "/blobs")):
        return "open", name, ""
    if name := _name(head, "/blobs/uploads"):
        return ("upload" if last else "open"), name, last
    for tail, place in _PLACES:
        if last and (name := _name(head, tail)):
            return place, name, last
    raise RouteUnknown


def _name(head: str, tail: str) -> str:
    """Give the repository's name that stands between ``/v2/`` and ``tail``; nothing where ``head`` is no such path."""
    return head[len(_START) : -len(tail)] if head.endswith(tail) and head.startswith(_START) else ""


def _opening(name: str, query: Mapping[str, str], *, has_body: bool) -> Route:
    if "mount" in query:
        return Route("end-11", Kind.DIGEST, name, query["mount"])
    if "digest" in query and has_body:
        return Route("end-4b", Kind.DIGEST, name, query["digest"])
    return Route("end-4a", Kind.NONE, name)


def _kind(place: str, reference: str) -> Kind:
    if place in {"base", "catalog", "tags"}:
        return Kind.NONE
    if place == "upload":
        return Kind.UPLOAD
    return Kind.TAG if place == "manifest" and ":" not in reference else Kind.DIGEST
