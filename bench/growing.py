"""The workloads of a growing registry: each asks for something else of the large repository every time.

Each does the same work at each size; lists are asked for their first page and for one from their middle.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from bench.fill import LAYER, image_number, manifest_number, tag_number
from bench.load import ACCEPT, Load, once, repeat
from bench.moorage import signed
from bench.pushing import put_manifest
from bench.stock import MANY, blob_path, manifest_path
from bench.targets import Face, Target
from bench.wire import Script, ask, expect
from bench.workloads import Bench, Run, Workload, call, next_of, push_small

from support.layers import digest_of

_PAGE: Final = 1000  # the most that one answer may hold
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


def _config(bench: Bench) -> str:
    return blob_path(digest_of(image_number(_any(bench)).config), MANY)


def _tags(bench: Bench) -> str:
    return f"/v2/{MANY}/tags/list?n={bench.sizes.batch}"


def _tags_from_the_middle(bench: Bench) -> str:
    return f"{_tags(bench)}&last={bench.last}"


def _push_again(bench: Bench, target: Target) -> Load:
    """Push an image that is there, chosen anew each time: a look at its config and its layer, and the manifest."""

    def script() -> Script:
        number = _any(bench)
        config, manifest = image_number(number)
        for blob in (config, LAYER):
            expect((yield ask(target.address, "HEAD", blob_path(digest_of(blob), MANY))), 200)
        yield from put_manifest(target.address, manifest, tag_number(number), MANY)

    return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)


def _batch(bench: Bench, target: Target) -> Load:
    """Ask for a batch of images, chosen anew each time; one connection, since each call is signed."""

    def script() -> Script:
        ids = [{"imageTag": tag_number(_any(bench))} for _ in range(bench.sizes.batch)]
        expect((yield signed(target, "BatchGetImage", {"repositoryName": MANY, "imageIds": ids})), 200)

    return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)


def _page(bench: Bench) -> Mapping[str, object]:
    return {"repositoryName": MANY, "maxResults": bench.sizes.batch}


def _page_from_the_middle(bench: Bench) -> Mapping[str, object]:
    return {**_page(bench), "nextToken": bench.token}


def walked(bench: Bench, target: Target) -> Bench:
    """Walk to the middle of the large repository's lists, so that they can be asked for a page from there."""
    size = max(1, min(_PAGE, bench.sizes.images // 2))
    pages = bench.sizes.images // 2 // size
    last = token = ""

    def script() -> Script:
        nonlocal last, token
        path = f"/v2/{MANY}/tags/list?n={size}"
        for _ in range(pages):
            path = next_of(expect((yield ask(target.address, "GET", path)), 200))
        last = path.partition("last=")[2].partition("&")[0]
        for _ in range(pages):
            members = {"repositoryName": MANY, "maxResults": size} | ({"nextToken": token} if token else {})
            token = json.loads(expect((yield signed(target, "DescribeImages", members)), 200).body)["nextToken"]

    once(target.address, script())
    return replace(bench, last=last, token=token)


GROWING: Final[Mapping[str, Workload]] = {
    workload.name: workload
    for workload in (
        Workload("manifest-get-tag", "manifest GET by tag", Face.AWS, _asking("GET", _by_tag)),
        Workload("manifest-get-digest", "manifest GET by digest", Face.AWS, _asking("GET", _by_digest)),
        Workload("manifest-head-tag", "manifest HEAD by tag", Face.AWS, _asking("HEAD", _by_tag)),
        Workload("blob-head", "blob HEAD", Face.AWS, _asking("HEAD", _config)),
        Workload("push-small", "push of a small image", Face.AWS, push_small(1, MANY)),
        Workload("push-again", "push of an image that is there", Face.AWS, _push_again),
        Workload("tags-page", "list of 100 tags", Face.AWS, _asking("GET", _tags)),
        Workload("tags-middle", "list of 100 tags, from the middle", Face.AWS, _asking("GET", _tags_from_the_middle)),
        Workload("token", "GetAuthorizationToken", Face.AWS, call("GetAuthorizationToken", lambda _bench: {})),
        Workload("batch-get", "BatchGetImage of 100", Face.AWS, _batch),
        Workload("describe-page", "DescribeImages, a page of 100", Face.AWS, call("DescribeImages", _page)),
        Workload(
            "describe-middle",
            "DescribeImages, a page of 100 from the middle",
            Face.AWS,
            call("DescribeImages", _page_from_the_middle),
        ),
    )
}
