"""Lists: the tags of a repository (end-8) and the repositories of a registry.

In profile ecr ``last`` is opaque and a count out of range is refused; in profile oci ``last`` is the name that the page
before ended with, any count will do, and none of anything is an empty list.
"""

from urllib.parse import quote

import msgspec

from moorage.domain.errors import InvalidParameter
from moorage.edge.http.response import Header, Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION
from moorage.operations.imagelists import list_tags, list_tags_after
from moorage.operations.pages import DEFAULT_PAGE
from moorage.operations.repositories import list_repositories, list_repositories_after

_MOST = 1000
_DIGITS = 18


async def tags(ask: Ask) -> Response:
    if ask.is_oci:
        count, last = _count_of_any_size(ask), ask.request.query.get("last", "")
        names = await list_tags_after(ask.env, ask.granted, last, count=count + 1)
        document: dict[str, object] = {"name": str(ask.granted.name), "tags": names[:count]}
        return _page(ask, f"/v2/{ask.granted.name}/tags/list", names, count, document)
    count = _count(ask)
    page = await list_tags(ask.env, ask.granted, token=ask.request.query.get("last"), count=count)
    body = msgspec.json.encode({"name": str(ask.granted.name), "tags": page.tags})
    return Response(200, _headers(ask, f"/v2/{ask.granted.name}/tags/list", count, page.next_token), body)


async def catalog(ask: Ask) -> Response:
    if ask.is_oci:
        count, last = _count_of_any_size(ask), ask.request.query.get("last", "")
        names = await list_repositories_after(ask.env, ask.granted, last, count=count + 1)
        return _page(ask, "/v2/_catalog", names, count, {"repositories": names[:count]})
    count = _count(ask)
    page = await list_repositories(ask.env, ask.granted, "_catalog", token=ask.request.query.get("last"), count=count)
    body = msgspec.json.encode({"repositories": [str(repository.name) for repository in page.repositories]})
    return Response(200, _headers(ask, "/v2/_catalog", count, page.next_token), body)


def _count(ask: Ask) -> int:
    text = ask.request.query.get("n")
    if text is None:
        return DEFAULT_PAGE
    negative = text.startswith("-")
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidParameter("maxResults", "Member must be an integer")
    count = _MOST + 1 if len(digits) > _DIGITS else int(digits)
    if negative or count == 0:
        raise InvalidParameter("maxResults", "Member must have value greater than or equal to 1")
    if count > _MOST:
        raise InvalidParameter("maxResults", f"Member must have value less than or equal to {_MOST}")
    return count


def _count_of_any_size(ask: Ask) -> int:
    """Read ``n`` as the specification has it: a hint, of which more than a page is a page."""
    text = ask.request.query.get("n")
    if text is None:
        return _MOST
    if not (text.isascii() and text.isdigit()):
        raise InvalidParameter("n", "Member must be a number")
    return _MOST if len(text) > _DIGITS else min(int(text), _MOST)


def _page(ask: Ask, path: str, names: list[str], count: int, document: dict[str, object]) -> Response:
    """Answer the first ``count`` of the names that were found, and where the next ones are if there are more."""
    headers: tuple[Header, ...] = (("content-type", "application/json"), VERSION)
    if 0 < count < len(names):
        headers = (*headers, ("link", f'<{ask.base}{path}?last={quote(names[count - 1])}&n={count}>; rel="next"'))
    return Response(200, headers, msgspec.json.encode(document))


def _headers(ask: Ask, path: str, count: int, token: str | None) -> tuple[Header, ...]:
    """ECR says text/plain of its lists, and its ``last`` is opaque (registry-http.md section 4.1)."""
    headers: tuple[Header, ...] = (("content-type", "text/plain; charset=utf-8"), VERSION)
    if token is not None:
        headers = (*headers, ("link", f'<{ask.base}{path}?last={token}&n={count}>; rel="next"'))
    return headers
