"""Images in AWS JSON."""

from collections.abc import Sequence

from msgspec import Struct

from moorage.domain.conversion import EVERYTHING, Accepts
from moorage.domain.digest import Digest
from moorage.domain.errors import MalformedRequest
from moorage.domain.image import Image, ImageFailure, ImageId, Pushed
from moorage.domain.names import Tag
from moorage.edge.awsjson import shapes
from moorage.edge.awsjson.ask import Ask, epoch
from moorage.edge.awsjson.errors import image_exists
from moorage.edge.awsjson.repositories import refuse_paging
from moorage.operations.imagedeletes import delete_images
from moorage.operations.imagelists import TagStatus, batch_get, describe_images, list_image_ids, list_images
from moorage.operations.images import PutImage, put_image

_LIVING = frozenset({None, "ACTIVE", "ANY"})


async def put(ask: Ask) -> Struct:
    asked = ask.read(shapes.PutImageRequest)
    tag = None if asked.imageTag is None else Tag.parse(asked.imageTag)
    digest = None if asked.imageDigest is None else Digest.parse_canonical(asked.imageDigest)
    try:
        body = asked.imageManifest.encode()
    except UnicodeEncodeError:
        raise MalformedRequest("the manifest holds half of a surrogate pair") from None
    pushed = await put_image(ask.env, ask.granted, PutImage(body, asked.imageManifestMediaType, tag, digest))
    if pushed.pushed is Pushed.UNCHANGED:
        raise image_exists(ask.granted.place, pushed.digest, tag)
    return shapes.PutImageResponse(
        image=shapes.Image(
            registryId=ask.granted.registry.account,
            repositoryName=ask.granted.name,
            imageId=shapes.ImageIdentifier(imageDigest=pushed.digest, imageTag=tag),
            imageManifest=asked.imageManifest,
            imageManifestMediaType=pushed.media_type,
        )
    )


async def batch_get_images(ask: Ask) -> Struct:
    asked = ask.read(shapes.BatchGetImageRequest)
    types = asked.acceptedMediaTypes
    accepts = EVERYTHING if types is None else Accepts(everything=False, named=frozenset(types))
    found, failures = await batch_get(ask.env, ask.granted, _ids(asked.imageIds), accepts)
    images = tuple(
        shapes.Image(
            registryId=ask.granted.registry.account,
            repositoryName=ask.granted.name,
            imageId=_identifier(image_id),
            imageManifest=manifest.body.decode(),
            imageManifestMediaType=manifest.media_type,
        )
        for image_id, manifest in found
    )
    return shapes.BatchGetImageResponse(images=images, failures=_failures(failures))


async def batch_delete(ask: Ask) -> Struct:
    asked = ask.read(shapes.BatchDeleteImageRequest)
    deleted = await delete_images(ask.env, ask.granted, _ids(asked.imageIds))
    gone = tuple(_identifier(one) for one in deleted.ids)
    return shapes.BatchDeleteImageResponse(imageIds=gone, failures=_failures(deleted.failures))


async def list_ids(ask: Ask) -> Struct:
    asked = ask.read(shapes.ListImagesRequest)
    wanted = asked.filter
    if wanted is not None and wanted.imageStatus not in _LIVING:  # nothing is archived before that is built
        return shapes.ListImagesResponse(imageIds=())
    status = TagStatus((wanted and wanted.tagStatus) or TagStatus.ANY)
    page = await list_image_ids(ask.env, ask.granted, status=status, token=asked.nextToken, count=asked.maxResults)
    return shapes.ListImagesResponse(imageIds=tuple(_identifier(one) for one in page.ids), nextToken=page.next_token)


async def describe(ask: Ask) -> Struct:
    asked = ask.read(shapes.DescribeImagesRequest)
    if asked.imageIds is not None:
        refuse_paging("imageIds", asked.nextToken, asked.maxResults)
        named = await describe_images(ask.env, ask.granted, _ids(asked.imageIds))
        return shapes.DescribeImagesResponse(imageDetails=_details(ask, named))
    wanted = asked.filter
    if wanted is not None and wanted.imageStatus not in _LIVING:
        return shapes.DescribeImagesResponse(imageDetails=())
    status = TagStatus((wanted and wanted.tagStatus) or TagStatus.ANY)
    page = await list_images(ask.env, ask.granted, status=status, token=asked.nextToken, count=asked.maxResults)
    return shapes.DescribeImagesResponse(imageDetails=_details(ask, page.images), nextToken=page.next_token)


def _ids(asked: Sequence[shapes.ImageIdentifier]) -> list[ImageId]:
    return [ImageId(one.imageDigest, one.imageTag) for one in asked]


def _identifier(image_id: ImageId) -> shapes.ImageIdentifier:
    return shapes.ImageIdentifier(imageDigest=image_id.digest, imageTag=image_id.tag)


def _failures(failures: Sequence[ImageFailure]) -> tuple[shapes.ImageFailure, ...]:
    return tuple(
        shapes.ImageFailure(imageId=_identifier(failure.asked), failureCode=failure.code, failureReason=failure.reason)
        for failure in failures
    )


def _details(ask: Ask, images: Sequence[Image]) -> tuple[shapes.ImageDetail, ...]:
    return tuple(_detail(ask, image) for image in images)


def _detail(ask: Ask, image: Image) -> shapes.ImageDetail:
    return shapes.ImageDetail(
        registryId=ask.granted.registry.account,
        repositoryName=ask.granted.name,
        imageDigest=image.digest,
        imageTags=image.tags or None,
        imageSizeInBytes=image.size,
        imagePushedAt=epoch(image.pushed_at),
        imageManifestMediaType=image.media_type,
        artifactMediaType=image.artifact_type,
        lastRecordedPullTime=None if image.pulled_at is None else epoch(image.pulled_at),
        subjectManifestDigest=image.subject,
        imageStatus="ACTIVE",
    )
