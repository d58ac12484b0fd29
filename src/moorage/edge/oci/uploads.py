"""Uploads: open, send in parts or whole, ask where one stands, finish, cancel (end-4 to end-6, end-13, end-14)."""

import re

from moorage.domain.digest import Digest
from moorage.domain.errors import MalformedRequest
from moorage.edge.http.response import Header, Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION
from moorage.operations.drafts import Finish, Part
from moorage.operations.uploads import (
    cancel_upload,
    complete_upload,
    get_upload,
    receive_part,
    start_upload,
    upload_whole,
)

_CONTENT_RANGE = re.compile(r"(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/(?:[0-9]{1,18}|\*))?\Z")


async def start(ask: Ask) -> Response:
    """Open an upload; a mount is answered the same way, because mounting is off (registry-http.md section 5.3)."""
    upload_id = await start_upload(ask.env, ask.granted)
    return Response(202, _headers(ask, upload_id, 0))


async def whole(ask: Ask) -> Response:
    digest = ask.digest
    await upload_whole(ask.env, ask.granted, digest, Part(ask.request.stream(), length=ask.request.content_length))
    return _created(ask, digest)


async def part(ask: Ask) -> Response:
    upload_id = ask.route.reference
    offset = await receive_part(ask.env, ask.granted, upload_id, _part(ask))
    return Response(201, _headers(ask, upload_id, offset))


async def complete(ask: Ask) -> Response:
    digest = Digest.parse(ask.request.query.get("digest", ""))
    last = _part(ask) if ask.request.has_body else None
    finish = Finish(digest, last, may_be_empty=True)
    await complete_upload(ask.env, ask.granted, ask.route.reference, finish)
    return _created(ask, digest)


async def status(ask: Ask) -> Response:
    upload = await get_upload(ask.env, ask.granted, ask.route.reference)
    return Response(204, _headers(ask, upload.id, upload.offset))


async def cancel(ask: Ask) -> Response:
    await cancel_upload(ask.env, ask.granted, ask.route.reference)
    return Response(204, (VERSION,))


def _part(ask: Ask) -> Part:
    header = ask.request.headers.get("content-range")
    if header is None:
        return Part(ask.request.stream(), length=ask.request.content_length)
    found = _CONTENT_RANGE.match(header)
    if found is None or int(found[2]) < int(found[1]):
        raise MalformedRequest("Content-Range cannot be read")
    length = int(found[2]) - int(found[1]) + 1
    if ask.request.content_length not in {None, length}:
        raise MalformedRequest("Content-Length is not what Content-Range says")
    return Part(ask.request.stream(), first=int(found[1]), length=length)


def _headers(ask: Ask, upload_id: str, offset: int) -> tuple[Header, ...]:
    return (
        ("location", ask.address(f"blobs/uploads/{upload_id}")),
        ("docker-upload-uuid", upload_id),
        ("range", f"0-{max(offset - 1, 0)}"),
        VERSION,
    )


def _created(ask: Ask, digest: Digest) -> Response:
    headers = (("location", ask.address(f"blobs/{digest}")), ("docker-content-digest", digest), VERSION)
    return Response(201, headers)
