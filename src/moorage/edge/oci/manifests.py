"""Manifests: get, put, delete (end-3, end-7, end-9)."""

from moorage.domain.content import Content
from moorage.domain.digest import Digest
from moorage.domain.errors import BodyTooLarge, ImageNotFound, ImageReferenced, ManifestTooLarge
from moorage.domain.image import ImageFailureCode, ImageId
from moorage.domain.manifest import MANIFEST_LIMIT
from moorage.edge.http.accept import read_accept
from moorage.edge.http.conditions import etag, refusal
from moorage.edge.http.response import Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION
from moorage.operations.imagedeletes import delete_images
from moorage.operations.images import PutImage, get_manifest, put_image


async def get(ask: Ask) -> Response:
    head = ask.request.method == "HEAD"
    accepts = read_accept(ask.request.headers.get_all("accept"))
    manifest = await get_manifest(ask.env, ask.granted, ask.reference, accepts, counts=not head)
    told = ("docker-content-digest", manifest.digest)
    headers = (("content-type", manifest.media_type), told, etag(manifest.digest), VERSION)
    if (status := refusal(ask.request.headers, manifest.digest)) is not None:
        return Response(status, headers)
    if head:
        return Response(200, headers, content=Content(len(manifest.body)))
    return Response(200, headers, manifest.body)


async def put(ask: Ask) -> Response:
    reference = ask.reference
    try:
        body = await ask.request.read(MANIFEST_LIMIT, proven=True)
    except BodyTooLarge:
        raise ManifestTooLarge(MANIFEST_LIMIT) from None
    tag, digest = (None, reference) if isinstance(reference, Digest) else (reference, None)
    pushed = await put_image(ask.env, ask.granted, PutImage(body, _media_type(ask), tag, digest))
    location = ask.address(f"manifests/{pushed.digest}")
    return Response(201, (("location", location), ("docker-content-digest", pushed.digest), VERSION))


async def delete(ask: Ask) -> Response:
    reference = ask.reference
    asked = ImageId(digest=reference) if isinstance(reference, Digest) else ImageId(tag=reference)
    deleted = await delete_images(ask.env, ask.granted, [asked])
    for failure in deleted.failures:
        if failure.code is ImageFailureCode.REFERENCED:
            raise ImageReferenced(failure.parents)
        raise ImageNotFound(ask.granted.place, digest=asked.digest, tag=asked.tag)
    return Response(202, (VERSION,))


def _media_type(ask: Ask) -> str | None:
    header = ask.request.headers.get("content-type")
    return None if header is None else header.partition(";")[0].strip() or None
