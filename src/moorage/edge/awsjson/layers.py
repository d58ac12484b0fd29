"""Layers in AWS JSON: look, upload in parts, and a link to download."""

from collections.abc import AsyncIterator

from msgspec import Struct

from moorage.domain.digest import Digest
from moorage.domain.errors import InvalidParameter
from moorage.domain.layer import SUGGESTED_PART, Completed
from moorage.edge.awsjson import shapes
from moorage.edge.awsjson.ask import Ask
from moorage.edge.awsjson.errors import layer_exists
from moorage.operations.drafts import Finish, Part
from moorage.operations.layers import LayerLink, check_availability, link_layer
from moorage.operations.uploads import complete_upload, receive_part, start_upload


async def check(ask: Ask) -> Struct:
    asked = ask.read(shapes.BatchCheckLayerAvailabilityRequest)
    states, failures = await check_availability(ask.env, ask.granted, asked.layerDigests)
    layers = tuple(
        shapes.Layer(
            layerDigest=state.digest,
            layerAvailability="UNAVAILABLE" if state.blob is None else "AVAILABLE",
            layerSize=None if state.blob is None else state.blob.size,
            mediaType=None if state.blob is None else state.blob.media_type,
        )
        for state in states
    )
    failed = tuple(
        shapes.LayerFailure(layerDigest=one.asked, failureCode=one.code, failureReason=one.reason) for one in failures
    )
    return shapes.BatchCheckLayerAvailabilityResponse(layers=layers, failures=failed)


async def initiate(ask: Ask) -> Struct:
    upload_id = await start_upload(ask.env, ask.granted)
    return shapes.InitiateLayerUploadResponse(uploadId=upload_id, partSize=SUGGESTED_PART)


async def upload_part(ask: Ask) -> Struct:
    asked = ask.read(shapes.UploadLayerPartRequest)
    if asked.partLastByte - asked.partFirstByte + 1 != len(asked.layerPartBlob):
        raise InvalidParameter("partLastByte", "The part's bytes must be as many as partFirstByte and partLastByte say")
    part = Part(_one(asked.layerPartBlob), first=asked.partFirstByte)
    offset = await receive_part(ask.env, ask.granted, asked.uploadId, part)
    return shapes.UploadLayerPartResponse(
        registryId=ask.granted.registry.account,
        repositoryName=ask.granted.name,
        uploadId=asked.uploadId,
        lastByteReceived=offset - 1,
    )


async def complete(ask: Ask) -> Struct:
    asked = ask.read(shapes.CompleteLayerUploadRequest)
    if len(set(asked.layerDigests)) != 1:
        raise InvalidParameter("layerDigests", "Exactly one layer digest is supported")
    digest = Digest.parse_canonical(asked.layerDigests[0])
    completed = await complete_upload(ask.env, ask.granted, asked.uploadId, Finish(digest))
    if completed is Completed.EXISTED:
        raise layer_exists(ask.granted.place, digest)
    return shapes.CompleteLayerUploadResponse(
        registryId=ask.granted.registry.account,
        repositoryName=ask.granted.name,
        uploadId=asked.uploadId,
        layerDigest=digest,
    )


async def download_url(ask: Ask) -> Struct:
    asked = ask.read(shapes.GetDownloadUrlForLayerRequest)
    digest = Digest.parse(asked.layerDigest)
    link = await link_layer(ask.env, ask.granted, digest)
    url = f"{ask.endpoint(ask.granted.registry.account)}{_path(link)}"
    return shapes.GetDownloadUrlForLayerResponse(downloadUrl=url, layerDigest=digest)


def _path(link: LayerLink) -> str:
    return (
        f"/layers/{link.account}/{link.region}/{link.repository_id}/{link.digest}"
        f"?expires={link.expires_at}&caller={link.caller}&signature={link.signature}"
    )


async def _one(piece: bytes) -> AsyncIterator[bytes]:
    yield piece
