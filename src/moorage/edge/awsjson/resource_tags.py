"""The resource tags of repositories in AWS JSON."""

from collections.abc import Iterable

from msgspec import Struct

from moorage.domain.resourcetag import read_resource_tags
from moorage.edge.awsjson import shapes
from moorage.edge.awsjson.ask import Ask
from moorage.operations import resource_tags


def read(tags: Iterable[shapes.Tag] | None) -> dict[str, str]:
    """Read tags of an input.

    Raises:
        InvalidResourceTag

    """
    return read_resource_tags((tag.Key, tag.Value) for tag in tags or ())


async def tag(ask: Ask) -> Struct:
    await resource_tags.tag_resource(ask.env, ask.granted, read(ask.read(shapes.TagResourceRequest).tags))
    return shapes.TagResourceResponse()


async def untag(ask: Ask) -> Struct:
    await resource_tags.untag_resource(ask.env, ask.granted, ask.read(shapes.UntagResourceRequest).tagKeys)
    return shapes.UntagResourceResponse()


async def list_tags(ask: Ask) -> Struct:
    found = await resource_tags.list_tags(ask.env, ask.granted)
    return shapes.ListTagsForResourceResponse(
        tags=tuple(shapes.Tag(Key=key, Value=value) for key, value in found.items())
    )
