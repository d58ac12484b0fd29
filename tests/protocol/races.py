"""Two changes of one repository in the same moment, each through another face: what came of them is of either order."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from threading import Barrier

from protocol.faces import ApiFace, Face, OciFace
from protocol.model import MANIFESTS, Held, Outcome, Pushed
from protocol.registry import Registry

OLD, NEW = MANIFESTS[:2]  # of the same blobs
TAG = "v1"


@dataclass(frozen=True, slots=True)
class Put:
    manifest: Pushed

    def through(self, face: Face, name: str) -> Outcome:
        return face.put(name, self.manifest, TAG)

    def of(self, held: Held) -> Outcome:
        return held.put(self.manifest, TAG)


@dataclass(frozen=True, slots=True)
class Delete:
    reference: str

    def through(self, face: Face, name: str) -> Outcome:
        return face.delete(name, self.reference)

    def of(self, held: Held) -> Outcome:
        return held.delete(self.reference)


@dataclass(frozen=True, slots=True)
class Pull:
    """Pull what the tag names: either the whole of an image that it named, or nothing."""

    def through(self, face: Face, name: str) -> Outcome:
        body = face.pull(name, TAG)
        assert body in {None, OLD.body, NEW.body}
        return _PULLED[body]

    def of(self, held: Held) -> Outcome:
        return _PULLED[held.images[held.tags[TAG]].body if TAG in held.tags else None]


_PULLED = {None: Outcome.NO_IMAGE, OLD.body: Outcome.DONE, NEW.body: Outcome.MOVED}
Change = Put | Delete | Pull
CHANGES: Sequence[Change] = (Put(OLD), Put(NEW), Delete(TAG), Delete(OLD.digest), Pull())


def race(name: str, before: Held, changes: Sequence[tuple[Face, Change]], looked: tuple[ApiFace, OciFace]) -> Held:
    """Let both changes go at once; give the one state of either order's that answers and reads agree with."""
    gate = Barrier(len(changes))

    def run(face: Face, change: Change) -> Outcome:
        gate.wait(30)
        return change.through(face, name)

    with ThreadPoolExecutor(len(changes)) as pool:
        waited = [pool.submit(run, face, change) for face, change in changes]
        told = [one.result() for one in waited]
    possible = []
    for order in ((0, 1), (1, 0)):
        held, expected = deepcopy(before), list(told)
        for place in order:
            face, change = changes[place]
            outcome = change.of(held)
            expected[place] = outcome if isinstance(change, Pull) else face.seen(outcome)
        if expected == told:
            possible.append(held)
    seen = _seen(name, *looked)
    found = [held for held in possible if (set(held.images), held.tags) == seen]
    assert found, (told, seen)
    return found[0]


def _seen(name: str, api: ApiFace, oci: OciFace) -> tuple[set[str], dict[str, str]]:
    """See which images there are through one face, and what the tags name through the other."""
    details = api.api.list("DescribeImages", {"repositoryName": name}, "imageDetails")
    tags = oci.registry.list(f"{name}/tags/list", "tags")
    return {one["imageDigest"] for one in details}, {tag: _named(name, tag, oci.registry) for tag in tags}


def _named(name: str, tag: str, registry: Registry) -> str:
    return registry.ask("HEAD", f"{name}/manifests/{tag}").header("docker-content-digest")
