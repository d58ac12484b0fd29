"""The table of workloads, in the order they are run and told."""

from collections.abc import Mapping
from typing import Final

from bench.crowd import crowd, drip, stall, stop
from bench.fill import manifest_number, numbers_of_many
from bench.stock import MANY, TAG, blob_path, manifest_path
from bench.targets import Face
from bench.workloads import (
    Bench,
    Workload,
    call,
    copy_there_and_back,
    describe_all,
    get,
    get_large,
    head,
    list_tags,
    push_500,
    push_again,
    push_small,
)

from support.layers import digest_of

_STATIC, _REGISTRY, _AWS = Face.STATIC, Face.REGISTRY, Face.AWS


def _by_tag(_bench: Bench) -> str:
    return manifest_path(TAG)


def _by_digest(bench: Bench) -> str:
    return manifest_path(bench.goods.image.digest)


def _blob(bench: Bench) -> str:
    return blob_path(bench.goods.image.digests[1])


def _middle(bench: Bench) -> str:
    return blob_path(bench.goods.middle_digest)


def _batch(bench: Bench) -> dict[str, object]:
    ids = [{"imageDigest": digest_of(manifest_number(number))} for number in numbers_of_many(bench.sizes.batch)]
    return {"repositoryName": MANY, "imageIds": ids}


def _page(bench: Bench) -> dict[str, object]:
    return {"repositoryName": MANY, "maxResults": bench.sizes.batch}


WORKLOADS: Final[Mapping[str, Workload]] = {
    workload.name: workload
    for workload in (
        Workload("manifest-get-tag", "manifest GET by tag", _STATIC, get(_by_tag)),
        Workload("manifest-get-digest", "manifest GET by digest", _STATIC, get(_by_digest)),
        Workload("manifest-head-tag", "manifest HEAD by tag", _STATIC, head(_by_tag)),
        Workload("manifest-head-digest", "manifest HEAD by digest", _STATIC, head(_by_digest)),
        Workload("blob-head", "blob HEAD", _STATIC, head(_blob)),
        Workload("blob-2kb-1", "GET of a 2 kB blob, 1 connection", _STATIC, get(_blob, 1)),
        Workload("blob-1mb-1", "GET of a 1 MB blob, 1 connection", _STATIC, get(_middle, 1)),
        Workload("blob-1mb-16", "GET of a 1 MB blob, 16 connections", _STATIC, get(_middle, 16)),
        Workload("blob-1mb-1-tls", "GET of a 1 MB blob, 1 connection, TLS", _STATIC, get(_middle, 1), tls=True),
        Workload("blob-1mb-16-tls", "GET of a 1 MB blob, 16 connections, TLS", _STATIC, get(_middle, 16), tls=True),
        Workload("blob-500mb-1", "GET of a 500 MB blob, 1 connection", _STATIC, get_large(1)),
        Workload("blob-500mb-16", "GET of a 500 MB blob, 16 connections", _STATIC, get_large(16)),
        Workload("blob-500mb-1-tls", "GET of a 500 MB blob, 1 connection, TLS", _STATIC, get_large(1), tls=True),
        Workload("blob-500mb-16-tls", "GET of a 500 MB blob, 16 connections, TLS", _STATIC, get_large(16), tls=True),
        Workload("push-small-1", "push of a small image, 1 client", _REGISTRY, push_small(1)),
        Workload("push-small-16", "push of small images, 16 clients", _REGISTRY, push_small(None)),
        Workload("push-again", "push of an image that is there", _REGISTRY, push_again),
        Workload("push-500mb", "push of a 500 MB blob", _REGISTRY, push_500, beside=True),
        Workload("tags-list", "list of 10,000 tags, page by page", _REGISTRY, list_tags),
        Workload("skopeo", "skopeo copy of 12 layers, there and back", _REGISTRY, copy_there_and_back),
        Workload("token", "GetAuthorizationToken", _AWS, call("GetAuthorizationToken", lambda _bench: {})),
        Workload("batch-get", "BatchGetImage of 100", _AWS, call("BatchGetImage", _batch)),
        Workload("describe-page", "DescribeImages, a page of 100", _AWS, call("DescribeImages", _page)),
        Workload("describe-all", "DescribeImages through 10,000", _AWS, describe_all),
        Workload(
            "manifest-get-dripped",
            "manifest GET by tag beside 1,000 that send a byte a second",
            _REGISTRY,
            get(_by_tag),
            company=crowd(drip),
        ),
        Workload(
            "manifest-get-stopped",
            "manifest GET by tag beside 1,000 that stop amid a push",
            _REGISTRY,
            get(_by_tag),
            company=crowd(stop),
        ),
        Workload(
            "manifest-get-stalled",
            "manifest GET by tag beside 1,000 that do not read their 500 MB",
            _REGISTRY,
            get(_by_tag),
            company=crowd(stall),
        ),
    )
}
# What is asked of two workers together: small requests for each second of processor time.
OF_TWO_WORKERS: Final = frozenset({"manifest-get-tag", "manifest-head-tag", "push-small-16"})
