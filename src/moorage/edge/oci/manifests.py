"""Manifests: get, put, delete (end-3, end-7, end-9)."""

from dataclasses import replace

from moorage.domain.content import Content
from moorage.domain.digest import Digest
from moorage.domain.errors import BodyTooLarge, ImageNotFound, ImageReferenced, ManifestTooLarge, RepositoryNotFound
from moorage.domain.image import ImageFailureCode, ImageId
from moorage.domain.manifest import MANIFEST_LIMIT
from moorage.domain.names import Tag
from moorage.edge.http.accept import read_accept
from moorage.edge.http.conditions import etag, refusal
from moorage.edge.http.response import Header, Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION
from moorage.operations.imagedeletes import delete_images, delete_tag
from moorage.operations.images import PutImage, get_manifest, judge, put_image


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
    tag, digest = (None, ask.pushed(reference)) if isinstance(reference, Digest) else (reference, None)
    tags = () if digest is None else tuple(map(Tag.parse, ask.request.query_values("tag")))
    if ask.granted.found is None and not ask.is_oci:  # nothing makes it: its bytes need not come
        raise RepositoryNotFound(ask.granted.place)
    try:
        body = await ask.request.read(MANIFEST_LIMIT, proven=True)
    except BodyTooLarge:
        raise ManifestTooLarge(MANIFEST_LIMIT) from None
    new = PutImage(body, _media_type(ask), tag, digest, tags, sparse=ask.is_oci, repeatable=ask.is_oci)
    if ask.is_first:
        judged = await judge(ask.env, ask.granted, new)  # what is refused anyway makes no repository
        new = replace(new, manifest=judged)
        ask = await ask.settled()
    pushed = await put_image(ask.env, ask.granted, new)
    location = ask.address(f"manifests/{pushed.digest}")
    headers: tuple[Header, ...] = (("location", location), ("docker-content-digest", pushed.digest), VERSION)
    headers = (*headers, *(("oci-tag", one) for one in tags))
    return Response(201, headers if pushed.subject is None else (*headers, ("oci-subject", pushed.subject)))


async def delete(ask: Ask) -> Response:
    reference = ask.reference
    if ask.is_oci and isinstance(reference, Tag):
        await delete_tag(ask.env, ask.granted, reference)
        return Response(202, (VERSION,))
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
