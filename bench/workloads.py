"""The workloads: each is a function from a server and the stock to a load."""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench.load import ACCEPT, WRK, Load, one_after_another, repeat, together, wrk
from bench.moorage import signed
from bench.pushing import push_image, push_large, put_manifest
from bench.sizes import Sizes
from bench.stock import MANY, REPOSITORY, TAG, Large, Stock, blob_path, new_image
from bench.targets import Face, Target
from bench.wire import Answer, Script, ask, drain, expect

from support.images import Entry, Layout

_LAYERS: Final = 12
_TIMES: Final = 4  # that one client moves the large blob: a third of a second alone is mostly chance


@dataclass(frozen=True, slots=True)
class Bench:
    """What every workload may use."""

    sizes: Sizes
    goods: Stock
    folder: Path
    last: str = ""  # with which tags are listed from their middle on, in a registry that grows
    token: str = ""  # with which images are


Run = Callable[[Bench, Target], Load]


Company = Callable[[Bench, Target], AbstractContextManager[Callable[[], int]]]


class Restless(Exception):
    """A server does not come to rest between two things that are asked of it."""

    def __init__(self) -> None:
        super().__init__("the server did not come to rest")


class TagsMissing(Exception):
    """A list ended before all tags were told."""

    def __init__(self, told: int) -> None:
        super().__init__(f"the list of tags ended after {told}")


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of work; servers with that face get it, those with TLS alone where ``tls``."""

    name: str
    title: str
    face: Face
    run: Run
    tls: bool = False
    beside: bool = False  # the disk itself does it too, as a floor
    company: Company | None = None  # who else is there meanwhile

    def suits(self, target: Target) -> bool:
        if Face.DISK in target.faces:
            return self.beside
        if target.workloads is not None and self.name not in target.workloads:
            return False
        return self.face in target.faces and self.tls == target.address.secure


def get(path: Callable[[Bench], str], connections: int | None = None) -> Run:
    """Make the load that asks for one path, by wrk where it is installed."""

    def run(bench: Bench, target: Target) -> Load:
        count = connections or bench.sizes.connections
        if WRK is None:
            return _ask_for(bench, target, "GET", path(bench), count)
        return wrk(target.address, path(bench), connections=count, seconds=bench.sizes.seconds)

    return run


def head(path: Callable[[Bench], str]) -> Run:
    return lambda bench, target: _ask_for(bench, target, "HEAD", path(bench), bench.sizes.connections)


def _ask_for(bench: Bench, target: Target, method: str, path: str, connections: int) -> Load:
    request = ask(target.address, method, path, headers=ACCEPT)

    def script() -> Script:
        expect((yield request), 200)

    return repeat(target.address, script, connections=connections, seconds=bench.sizes.seconds)


def get_large(connections: int) -> Run:
    """Make the load that fetches the large blob once on each connection; one alone does so a few times."""

    def run(bench: Bench, target: Target) -> Load:
        request = ask(target.address, "GET", blob_path(bench.goods.large.digest))

        def fetch() -> int:
            with target.address.connect() as connection:
                return drain(connection, request)

        return one_after_another(together([fetch] * connections) for _ in range(_TIMES if connections == 1 else 1))

    return run


def push_small(clients: int | None, repository: str = REPOSITORY) -> Run:
    def run(bench: Bench, target: Target) -> Load:
        names = iter(range(1 << 62))
        start = time.time_ns()

        def script() -> Script:
            return push_image(target.address, new_image(), f"t-{start}-{next(names)}", repository)

        return repeat(target.address, script, connections=clients or bench.sizes.crowd, seconds=bench.sizes.seconds)

    return run


def push_again(bench: Bench, target: Target) -> Load:
    """Push what is there already: a look at each blob, and the manifest."""

    def script() -> Script:
        for digest in bench.goods.image.digests:
            expect((yield ask(target.address, "HEAD", blob_path(digest))), 200)
        yield from put_manifest(target.address, bench.goods.image.manifest, TAG)

    return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)


def push_500(bench: Bench, target: Target) -> Load:
    """Push large blobs, or let dd write as many bytes and sync them; what came is forgotten afterwards."""
    return one_after_another([_push_one(bench, target) for _ in range(_TIMES)])


def _push_one(bench: Bench, target: Target) -> Load:
    blob = Large.new(bench.sizes.large)
    _ = blob.digest
    if Face.DISK in target.faces:
        return _dd(bench, blob, target.data)
    load = together([lambda: push_large(target.address, blob)])
    forget(target.data, blob, keep=bench.goods.large)
    return load


def _dd(bench: Bench, blob: Large, folder: Path) -> Load:
    source = bench.folder / "dd-source"
    if not source.exists():
        with source.open("wb") as file:
            for piece in blob.pieces():
                file.write(piece)
        os.sync()
    command = ["dd", f"if={source}", f"of={folder / 'dd-target'}", "bs=1M", "conv=fsync", "status=none"]

    def write() -> int:
        subprocess.run(command, check=True)  # noqa: S603  # ours
        return blob.size

    return together([write])


def forget(folder: Path, blob: Large, keep: Large) -> None:
    """Unlink the files of pushed blobs, whatever a server calls them: no later request asks for them."""
    kept = keep.digest.removeprefix("sha256:")
    sought = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size == blob.size]
    for path in sought:
        with path.open("rb") as file:
            is_ours = file.read(len(blob.salt)) == blob.salt
        if is_ours and kept not in str(path):
            path.unlink()


def list_tags(bench: Bench, target: Target) -> Load:
    """Page through all tags of a repository, following the links."""
    repository = MANY if Face.AWS in target.faces else REPOSITORY
    first = f"/v2/{repository}/tags/list?n={bench.sizes.page}"

    def script() -> Script:
        path, commas = first, 0  # a list says nothing else with commas
        while path:
            answer = expect((yield ask(target.address, "GET", path)), 200)
            path, commas = next_of(answer), commas + answer.body.count(b",")
        if commas < bench.sizes.tags - bench.sizes.tags // bench.sizes.page:
            raise TagsMissing(commas)

    return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)


def next_of(answer: Answer) -> str:
    """Give the path and query of the next page, or nothing."""
    link = urlsplit(answer.header("link").partition(">")[0].removeprefix("<"))
    return f"{link.path}?{link.query}" if link.path else ""


def copy_there_and_back(bench: Bench, target: Target) -> Load:
    """Have skopeo push images of twelve layers and fetch them again."""
    here = Path(tempfile.mkdtemp(dir=bench.folder))
    login = here / "auth.json"
    basic = (target.address.authorization or "").removeprefix("Basic ")
    login.write_text(json.dumps({"auths": {target.address.host: {"auth": basic}} if basic else {}}), encoding="utf-8")
    sources = [_layered(here / f"image-{number}") for number in range(bench.sizes.starts)]

    def copy(source: Path) -> int:
        name = f"docker://{target.address.host}/{REPOSITORY}:{here.name.lower()}-{source.name}"
        there = ["--dest-tls-verify=false", f"oci:{source}:v1", name]
        back = ["--src-tls-verify=false", name, f"dir:{source}-back"]
        for way in (there, back):
            command = ["skopeo", "--insecure-policy", "copy", "--quiet", f"--authfile={login}", *way]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603  # ours, on loopback
        return sum(path.stat().st_size for path in source.rglob("*"))

    load = one_after_another([together([partial(copy, source)]) for source in sources])
    shutil.rmtree(here)
    return replace(load, size=0)  # copies are counted, not bytes


def _layered(folder: Path) -> Path:
    layout = Layout(folder)
    layers = [layout.add_layer([Entry("noise", os.urandom(100_000))], level=1) for _ in range(_LAYERS)]
    layout.publish(layout.add_image(layers))
    return folder


def call(operation: str, members: Callable[[Bench], Mapping[str, object]]) -> Run:
    """Make the load that repeats one signed call."""

    def run(bench: Bench, target: Target) -> Load:
        request = signed(target, operation, members(bench))

        def script() -> Script:
            expect((yield request), 200)

        return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)

    return run


def describe_all(bench: Bench, target: Target) -> Load:
    """Page through all images of the large repository."""

    def script() -> Script:
        token: str | None = None
        while True:
            asked: dict[str, object] = {"repositoryName": MANY, "maxResults": bench.sizes.page}
            answer = expect(
                (yield signed(target, "DescribeImages", asked | ({"nextToken": token} if token else {}))), 200
            )
            token = json.loads(answer.body).get("nextToken")
            if token is None:
                return

    return repeat(target.address, script, connections=1, seconds=bench.sizes.seconds)
