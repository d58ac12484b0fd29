"""The workloads of a growing registry: each asks for something else of the large repository every time."""

import random
from collections.abc import Callable, Mapping
from typing import Final

from bench.fill import LAYER, manifest_number, tag_number
from bench.load import ACCEPT, Load, repeat
from bench.moorage import signed
from bench.stock import MANY, blob_path, manifest_path
from bench.targets import Face, Target
from bench.wire import Script, ask, expect
from bench.workloads import Bench, Run, Workload, call, push_again, push_small

from support.layers import digest_of

_CHANCE: Final = random.Random(7)  # noqa: S311  # the same numbers each time


def _any(bench: Bench) -> int:
    """Choose an image of the large repository, which holds the odd numbers."""
    return 2 * _CHANCE.randrange(bench.sizes.images) + 1


def _asking(method: str, path: Callable[[Bench], str]) -> Run:
    def run(bench: Bench, target: Target) -> Load:
        def script() -> Script:
            expect((yield ask(target.address, method, path(bench), headers=ACCEPT)), 200)

        return repeat(target.address, script, connections=bench.sizes.connections, seconds=bench.sizes.seconds)

    return run


def _by_tag(bench: Bench) -> str:
    return manifest_path(tag_number(_any(bench)), MANY)


def _by_digest(bench: Bench) -> str:
    return manifest_path(digest_of(manifest_number(_any(bench))), MANY)


def _blob(_bench: Bench) -> str:
    return blob_path(digest_of(LAYER), MANY)


def _tags(bench: Bench) -> str:
    return f"/v2/{MANY}/tags/list?n={bench.sizes.batch}"


def _batch(bench: Bench, target: Target) -> Load:
    """Ask for a batch of images, chosen anew each time; one connection, since each call is signed."""

    def script() -> Script:
        ids = [{"imageTag": tag_number(_any(bench))} for _ in range(bench.sizes.batch)]
        expect((yield signed(target, "BatchGetImage", {"repositoryName": MANY, "imageIds": ids})), 200)

    return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)


def _page(bench: Bench) -> Mapping[str, object]:
    return {"repositoryName": MANY, "maxResults": bench.sizes.batch}


GROWING: Final[Mapping[str, Workload]] = {
    workload.name: workload
    for workload in (
        Workload("manifest-get-tag", "manifest GET by tag", Face.AWS, _asking("GET", _by_tag)),
        Workload("manifest-get-digest", "manifest GET by digest", Face.AWS, _asking("GET", _by_digest)),
        Workload("manifest-head-tag", "manifest HEAD by tag", Face.AWS, _asking("HEAD", _by_tag)),
        Workload("blob-head", "blob HEAD", Face.AWS, _asking("HEAD", _blob)),
        Workload("push-small", "push of a small image", Face.AWS, push_small(1)),
        Workload("push-again", "push of an image that is there", Face.AWS, push_again),
        Workload("tags-page", "list of 100 tags", Face.AWS, _asking("GET", _tags)),
        Workload("token", "GetAuthorizationToken", Face.AWS, call("GetAuthorizationToken", lambda _bench: {})),
        Workload("batch-get", "BatchGetImage of 100", Face.AWS, _batch),
        Workload("describe-page", "DescribeImages, a page of 100", Face.AWS, call("DescribeImages", _page)),
    )
}
