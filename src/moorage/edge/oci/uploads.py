"""Uploads: open, send in parts or whole, ask where one stands, finish, cancel (end-4 to end-6, end-13, end-14)."""

import re

from moorage.domain.digest import Algorithm, Digest
from moorage.domain.errors import InvalidDigest, MalformedRequest
from moorage.domain.layer import PART_MINIMUM
from moorage.edge.http.response import Header, Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION
from moorage.operations.account_settings import may_mount
from moorage.operations.drafts import Finish, Part
from moorage.operations.mounts import Mount, mount_blob
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
    """Open an upload, which is also the answer to a mount that cannot be done (registry-http.md section 5.3)."""
    _judge_algorithm(ask)
    ask = await ask.settled()
    if ask.route.endpoint == "end-11" and (mounted := await _mount(ask)) is not None:
        return _created(ask, mounted)
    upload_id = await start_upload(ask.env, ask.granted)
    headers = _headers(ask, upload_id, 0)
    if not ask.is_oci:
        headers = (*headers, ("oci-chunk-min-length", str(PART_MINIMUM)))
    return Response(202, headers)


async def whole(ask: Ask) -> Response:
    digest = ask.pushed(ask.digest)
    part = Part(ask.request.stream(judged=True), length=ask.request.content_length)
    settle = ask.settle if await ask.settles_later() else None
    await upload_whole(ask.env, ask.granted, digest, part, settle)
    return _created(ask, digest)


async def part(ask: Ask) -> Response:
    upload_id = ask.route.reference
    offset = await receive_part(ask.env, ask.granted, upload_id, _part(ask))
    return Response(202 if ask.is_oci else 201, _headers(ask, upload_id, offset))


async def complete(ask: Ask) -> Response:
    digest = ask.pushed(Digest.parse(ask.request.query.get("digest", "")))
    last = _part(ask, judged=True) if ask.request.has_body else None
    finish = Finish(digest, last, may_be_empty=True, short_parts=ask.is_oci)
    await complete_upload(ask.env, ask.granted, ask.route.reference, finish)
    return _created(ask, digest)


async def status(ask: Ask) -> Response:
    upload = await get_upload(ask.env, ask.granted, ask.route.reference)
    return Response(204, _headers(ask, upload.id, upload.offset))


async def cancel(ask: Ask) -> Response:
    await cancel_upload(ask.env, ask.granted, ask.route.reference)
    return Response(204, (VERSION,))


async def _mount(ask: Ask) -> Digest | None:
    """Mount the blob that is named, where that can be done: ECR wants it allowed, a source, and an image of it."""
    source = ask.request.query.get("from")
    try:
        digest = ask.digest
    except InvalidDigest:
        return None
    if not (source or ask.is_oci) or not await may_mount(ask.env, ask.granted, untold=ask.is_oci):
        return None
    mount = Mount(digest, source or None, unreferenced=ask.is_oci)
    return digest if await mount_blob(ask.env, ask.granted, mount) else None


def _judge_algorithm(ask: Ask) -> None:
    """See that the digest that a client announces is one we can make; which it is counts at the end.

    Raises:
        InvalidDigest

    """
    named = ask.request.query.get("digest-algorithm", Algorithm.SHA256)
    if named not in frozenset(Algorithm) or (named != Algorithm.SHA256 and not ask.is_oci):
        raise InvalidDigest(named)


def _part(ask: Ask, *, judged: bool = False) -> Part:
    header = ask.request.headers.get("content-range")
    if header is None:
        return Part(ask.request.stream(judged=judged), length=ask.request.content_length)
    found = _CONTENT_RANGE.match(header)
    if found is None or int(found[2]) < int(found[1]):
        raise MalformedRequest("Content-Range cannot be read")
    length = int(found[2]) - int(found[1]) + 1
    if ask.request.content_length not in {None, length}:
        raise MalformedRequest("Content-Length is not what Content-Range says")
    return Part(ask.request.stream(judged=judged), first=int(found[1]), length=length)


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
