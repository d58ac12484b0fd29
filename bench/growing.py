"""The workloads of a growing registry, all of its large repository; each does the same work at each size.

Reads ask for the same images again and again, as those of ``make bench`` do, and once more for any of all images: what
a worker remembers of a small registry is everything, and of a large one next to nothing. Lists are asked for their
first page and for one from their middle.
"""

import json
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from bench.fill import LAYER, image_number, manifest_number, numbers_of_many, tag_number
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


Choose = Callable[[Bench], int]


def _same(_bench: Bench) -> int:
    return 1


def _by_tag(choose: Choose) -> Callable[[Bench], str]:
    return lambda bench: manifest_path(tag_number(choose(bench)), MANY)


def _by_digest(choose: Choose) -> Callable[[Bench], str]:
    return lambda bench: manifest_path(digest_of(manifest_number(choose(bench))), MANY)


def _config(choose: Choose) -> Callable[[Bench], str]:
    return lambda bench: blob_path(digest_of(image_number(choose(bench)).config), MANY)


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


def _batch(choose: Callable[[Bench], Iterable[int]]) -> Run:
    """Make the load that asks for batches of images; one connection, since each call is signed."""

    def run(bench: Bench, target: Target) -> Load:
        def script() -> Script:
            ids = [{"imageTag": tag_number(number)} for number in choose(bench)]
            expect((yield signed(target, "BatchGetImage", {"repositoryName": MANY, "imageIds": ids})), 200)

        return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)

    return run


def _first(bench: Bench) -> Iterable[int]:
    return numbers_of_many(bench.sizes.batch)


def _any_batch(bench: Bench) -> Iterable[int]:
    return [_any(bench) for _ in range(bench.sizes.batch)]


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
        Workload("manifest-get-tag", "manifest GET by tag", Face.AWS, _asking("GET", _by_tag(_same))),
        Workload("manifest-get-digest", "manifest GET by digest", Face.AWS, _asking("GET", _by_digest(_same))),
        Workload("manifest-head-tag", "manifest HEAD by tag", Face.AWS, _asking("HEAD", _by_tag(_same))),
        Workload("blob-head", "blob HEAD", Face.AWS, _asking("HEAD", _config(_same))),
        Workload("batch-get", "BatchGetImage of 100", Face.AWS, _batch(_first)),
        Workload("any-get-tag", "manifest GET by tag, of any image", Face.AWS, _asking("GET", _by_tag(_any))),
        Workload("any-get-digest", "manifest GET by digest, of any image", Face.AWS, _asking("GET", _by_digest(_any))),
        Workload("any-head-tag", "manifest HEAD by tag, of any image", Face.AWS, _asking("HEAD", _by_tag(_any))),
        Workload("any-blob-head", "blob HEAD, of any image", Face.AWS, _asking("HEAD", _config(_any))),
        Workload("any-batch-get", "BatchGetImage of any 100", Face.AWS, _batch(_any_batch)),
        Workload("push-small", "push of a small image", Face.AWS, push_small(1, MANY)),
        Workload("push-again", "push of an image that is there", Face.AWS, _push_again),
        Workload("tags-page", "list of 100 tags", Face.AWS, _asking("GET", _tags)),
        Workload("tags-middle", "list of 100 tags, from the middle", Face.AWS, _asking("GET", _tags_from_the_middle)),
        Workload("token", "GetAuthorizationToken", Face.AWS, call("GetAuthorizationToken", lambda _bench: {})),
        Workload("describe-page", "DescribeImages, a page of 100", Face.AWS, call("DescribeImages", _page)),
        Workload(
            "describe-middle",
            "DescribeImages, a page of 100 from the middle",
            Face.AWS,
            call("DescribeImages", _page_from_the_middle),
        ),
    )
}
# What asks for any image; compared from the first size of which a worker does not remember all.
OF_ANY: Final = frozenset(name for name in GROWING if name.startswith("any-"))
