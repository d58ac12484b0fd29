"""The hot routes: how each is posed, anew each time where it cannot be repeated."""

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from guards.shop import CONFIG, LARGE, LAYER, MANIFEST, NONE, TAG, Posed, Shop
from support.images import OCI
from support.layers import digest_of, manifest_of
from unit.operations.tenant import REPOSITORY

_SMALL: Final = 2_000  # bytes, kept in the metadata
_LARGE: Final = 100_000  # bytes, kept as a file
_MANY: Final = 5_000
PAGE: Final = 10  # images

Pose = Callable[[Shop], Awaitable[Posed]]


def _again(method: str, path: str, extra: Mapping[str, str] = NONE) -> Pose:
    async def pose(shop: Shop) -> Posed:
        return shop.docker(method, path, extra=extra)

    return pose


def _part(size: int) -> Pose:
    async def pose(shop: Shop) -> Posed:
        return shop.docker("PATCH", await shop.open(), os.urandom(size))

    return pose


def _finish(size: int) -> Pose:
    async def pose(shop: Shop) -> Posed:
        return shop.docker("PUT", await shop.send(os.urandom(size)))

    return pose


def _whole(size: int) -> Pose:
    async def pose(shop: Shop) -> Posed:
        data = os.urandom(size)
        return shop.docker("POST", f"blobs/uploads/?digest={digest_of(data)}", data)

    return pose


async def _manifest(shop: Shop) -> Posed:
    """Pose the push of a manifest that is new, though its blobs are not."""
    return _push(shop, f"t-{os.urandom(8).hex()}")


def _push(shop: Shop, tag: str) -> Posed:
    body = manifest_of(CONFIG, (LAYER,)).replace("{", f'{{"annotations":{{"tag":"{tag}"}},', 1).encode()
    return shop.docker("PUT", f"manifests/{tag}", body, OCI.manifest)


async def _manifest_of_many(shop: Shop) -> Posed:
    """Pose the push of a manifest of many layers, all different and fetched from elsewhere."""
    document = json.loads(manifest_of(CONFIG, (LAYER,)))
    elsewhere = {"mediaType": OCI.layer, "size": 1, "urls": ["https://example.com"]}
    document["layers"] = [elsewhere | {"digest": digest_of(os.urandom(8))} for _ in range(_MANY)]
    return shop.docker("PUT", "manifests/many", json.dumps(document).encode(), OCI.manifest)


async def _manifest_again(shop: Shop) -> Posed:
    return shop.docker("PUT", f"manifests/{TAG}", MANIFEST, OCI.manifest)


async def _token(shop: Shop) -> Posed:
    return shop.aws("GetAuthorizationToken")


async def _batch(shop: Shop) -> Posed:
    return shop.aws("BatchGetImage", repositoryName=REPOSITORY, imageIds=[{"imageTag": TAG}])


def _batch_of(count: int) -> Pose:
    async def pose(shop: Shop) -> Posed:
        names = [f"batch-{number}" for number in range(count)]
        for name in names:
            if (await shop.put(shop.docker("HEAD", f"manifests/{name}"))).status != 200:
                assert (await shop.put(_push(shop, name))).status == 201
        return shop.aws("BatchGetImage", repositoryName=REPOSITORY, imageIds=[{"imageTag": name} for name in names])

    return pose


async def _page(shop: Shop) -> Posed:
    return shop.aws("DescribeImages", repositoryName=REPOSITORY, maxResults=PAGE)


HOT: Final[Mapping[str, Pose]] = {
    "/v2/": _again("GET", "/v2/"),
    "manifest GET by tag": _again("GET", f"manifests/{TAG}"),
    "manifest GET by digest": _again("GET", f"manifests/{digest_of(MANIFEST)}"),
    "manifest HEAD": _again("HEAD", f"manifests/{TAG}"),
    "manifest HEAD by digest": _again("HEAD", f"manifests/{digest_of(MANIFEST)}"),
    "blob HEAD": _again("HEAD", f"blobs/{digest_of(LAYER)}"),
    "blob GET": _again("GET", f"blobs/{digest_of(LAYER)}"),
    "large blob HEAD": _again("HEAD", f"blobs/{digest_of(LARGE)}"),
    "large blob GET": _again("GET", f"blobs/{digest_of(LARGE)}"),
    "large blob GET of a range": _again("GET", f"blobs/{digest_of(LARGE)}", {"Range": "bytes=1000-90999"}),
    "tags/list": _again("GET", "tags/list"),
    "upload POST": _again("POST", "blobs/uploads/"),
    "upload PATCH": _part(_SMALL),
    "upload PUT": _finish(_SMALL),
    "upload in one POST": _whole(_SMALL),
    "large upload PATCH": _part(_LARGE),
    "large upload PUT": _finish(_LARGE),
    "large upload in one POST": _whole(_LARGE),
    "manifest PUT": _manifest,
    "manifest PUT of 5,000 layers": _manifest_of_many,
    "manifest PUT again": _manifest_again,
    "GetAuthorizationToken": _token,
    "BatchGetImage of one": _batch,
    "BatchGetImage of ten": _batch_of(10),
    "BatchGetImage of 100": _batch_of(100),
    "DescribeImages, a page": _page,
}
