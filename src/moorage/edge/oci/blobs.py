"""Blobs: look, fetch, and in profile oci delete (end-2, end-10)."""

from moorage.domain.content import Content
from moorage.domain.errors import MethodUnknown
from moorage.edge.http.conditions import etag, refusal, wanted_range
from moorage.edge.http.ranges import RangeUnsatisfiable, read_range
from moorage.edge.http.response import Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION
from moorage.operations.layers import delete_blob, find_blob, open_blob


async def get(ask: Ask) -> Response:
    return await fetch(ask) if ask.request.method == "GET" else await look(ask)


async def look(ask: Ask) -> Response:
    blob = await find_blob(ask.env, ask.granted, ask.digest)
    if (status := refusal(ask.request.headers, blob.digest)) is not None:
        return Response(status, _headers(blob.digest))
    return Response(200, _headers(blob.digest), content=Content(blob.size))


async def fetch(ask: Ask) -> Response:
    digest = ask.digest
    content = await open_blob(ask.env, ask.granted, digest, unreferenced=ask.is_oci)
    if (status := refusal(ask.request.headers, digest)) is not None:
        return Response(status, _headers(digest))
    return stretch(content, wanted_range(ask.request.headers, digest), _headers(digest))


async def delete(ask: Ask) -> Response:
    """ECR collects blobs itself and lets nobody delete one (registry-http.md section 9.8)."""
    if not ask.is_oci:
        raise MethodUnknown(["GET", "HEAD"])
    await delete_blob(ask.env, ask.granted, ask.digest)
    return Response(202, (VERSION,))


def stretch(content: Content, wanted: str | None, headers: tuple[tuple[str, str], ...]) -> Response:
    """Answer a blob, or the one range of it that is asked for."""
    try:
        found = read_range(wanted, content.size)
    except RangeUnsatisfiable:
        refused = ("content-range", f"bytes */{content.size}")
        return Response(416, (VERSION, refused), code="RANGE")
    if found is None:
        return Response(200, headers, content=content) if content.body is None else Response(200, headers, content.body)
    told = ("content-range", f"bytes {found.first}-{found.end - 1}/{content.size}")
    if content.body is not None:
        return Response(206, (*headers, told), content.body[found.first : found.end])
    return Response(206, (*headers, told), content=content, first=found.first, end=found.end)


def _headers(digest: str) -> tuple[tuple[str, str], ...]:
    return (
        ("content-type", "application/octet-stream"),
        ("docker-content-digest", digest),
        etag(digest),
        ("accept-ranges", "bytes"),
        VERSION,
    )
