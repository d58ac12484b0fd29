"""Two faces, one state: whatever is done through either, by either of two workers, both tell the same of it."""

import contextlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from protocol.agreement import Reads
from protocol.api import OWN, Api
from protocol.faces import ApiFace, Face, OciFace, policy_for
from protocol.model import BY_DIGEST, CONTENTS, MANIFESTS, TAGS, Held, Outcome, Pushed
from protocol.people import OTHER_ACCOUNT, Key
from protocol.races import CHANGES, NEW, OLD, TAG, Change, race
from protocol.registry import Registry
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire
from support.workers import to_every_worker

NAMES = ("app", "tools")  # most happens in the first
_RUNS = itertools.count(1)
_COMMON = settings(
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SHORT = settings(_COMMON, max_examples=25, stateful_step_count=40, derandomize=True)
LONG = settings(_COMMON, max_examples=200, stateful_step_count=50)

names, faces, workers = st.sampled_from([*NAMES[:1] * 4, NAMES[1]]), st.sampled_from(["api", "oci"]), st.integers(0, 1)
tags, mostly, numbers = st.sampled_from([*TAGS, None]), st.integers(0, 4).map(bool), st.integers(0, 9)
manifests, uploads, parts = st.sampled_from(MANIFESTS), st.integers(0, 3), st.sampled_from(CONTENTS[:4])


@dataclass(frozen=True, slots=True)
class Ground:
    """A server of two workers, and who calls it."""

    server: RunningServer
    password: str
    stranger_password: str


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    settings = {"MOORAGE_WORKERS": "2"}
    with RunningServer(tmp_path_factory.mktemp("faces") / "data", settings=settings) as server:
        with Wire(server.host) as wire:
            root = Api(wire, server.access_key_id, server.secret_access_key)
            made = json.loads(root.call("CreateAccount", {"accountId": OTHER_ACCOUNT}, prefix=OWN).body)
        stranger = Key(made["accessKeyId"], server.secret(made["secretAccessKey"]))
        pids = sorted(server.worker_pids())
        yield Ground(server, server.password(), stranger.password(server))
        assert sorted(server.worker_pids()) == pids  # none died of it


class TwoFaces(RuleBasedStateMachine):
    """Changes through one face of one worker; after each, every read through every face of every worker agrees."""

    def __init__(self, ground: Ground) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        server = ground.server
        wires = to_every_worker(server, self.stack, of_each=1)
        self.api = [ApiFace(Api(wire, server.access_key_id, server.secret_access_key)) for wire in wires]
        self.oci = [OciFace(Registry(wire, ground.password)) for wire in wires]
        strangers = [Registry(wire, ground.stranger_password) for wire in wires]
        self.reads = Reads(self.api, self.oci, strangers)
        self.held: dict[str, Held] = {}
        self.opened = ["00000000-0000-4000-8000-000000000000"]  # and one that never was
        self.path: dict[str, str] = {}
        self.prefix = f"run-{next(_RUNS)}/"
        self.turn = itertools.cycle((0, 1))
        self.touched, self.steps = NAMES[0], 0

    def teardown(self) -> None:
        self.stack.close()

    @initialize()
    def begin(self) -> None:
        for name in NAMES:
            self.path[name] = f"{self.prefix}{name}"
            self.api[0].set("CreateRepository", self.path[name])
            self.held[name] = Held()

    def face(self, face: str, worker: int) -> Face:
        return self.api[worker] if face == "api" else self.oci[worker]

    def expect(self, name: str, face: Face, told: Outcome, expected: Outcome) -> None:
        self.touched = name
        assert told is face.seen(expected)

    def put(self, name: str, face: str, worker: int, manifest: Pushed, tag: str | None) -> None:
        via = self.face(face, worker)
        told = via.put(self.path[name], manifest, tag)
        self.expect(name, via, told, self.held[name].put(manifest, tag))

    @rule(name=names, face=faces, worker=workers, manifest=manifests, tag=tags, whole=mostly)
    def push(self, name: str, face: str, worker: int, manifest: Pushed, tag: str | None, *, whole: bool) -> None:  # noqa: PLR0913  # a push's own facts
        """Push a manifest, mostly with all that it needs."""
        if whole:
            for child in manifest.children:
                self.push(name, face, worker, child, None, whole=True)
            for blob in manifest.blobs:
                self.send_whole(name, worker, blob)
        self.put(name, face, 1 - worker, manifest, tag)

    @precondition(lambda self: any(held.images for held in self.held.values()))
    @rule(name=names, face=faces, worker=workers, number=numbers, tag=tags)
    def retag(self, name: str, face: str, worker: int, number: int, tag: str | None) -> None:
        """Push an image that is there again, under the same or another tag."""
        if known := list(self.held[name].images.values()):
            self.put(name, face, worker, known[number % len(known)], tag)

    @precondition(lambda self: any(held.images for held in self.held.values()))
    @rule(name=names, face=faces, worker=workers, number=numbers, by_tag=st.booleans())
    def delete(self, name: str, face: str, worker: int, number: int, *, by_tag: bool) -> None:
        via, held = self.face(face, worker), self.held[name]
        known = list(held.tags if by_tag else held.images)
        missing = ["v9"] if by_tag else list(BY_DIGEST)
        reference = known[number % len(known)] if known and number else missing[number % len(missing)]
        told = via.delete(self.path[name], reference)
        self.expect(name, via, told, self.held[name].delete(reference))

    @rule(name=names, face=faces, worker=workers)
    def start(self, name: str, face: str, worker: int) -> None:
        self.opened.append(self.face(face, worker).start(self.path[name]))
        self.held[name].uploads[self.opened[-1]] = []
        self.touched = name

    def upload(self, name: str, number: int) -> str:
        """Find an upload of the repository, for nought one that is over or of another repository."""
        known = list(self.held[name].uploads)
        if known and number:
            return known[number % len(known)]
        return next(upload for upload in reversed(self.opened) if upload not in known[:1])

    @precondition(lambda self: any(held.uploads for held in self.held.values()))
    @rule(
        name=names,
        face=faces,
        worker=workers,
        number=uploads,
        part=parts,
        ahead=st.integers(0, 9),
    )
    def send(self, name: str, face: str, worker: int, number: int, part: bytes, ahead: int) -> None:  # noqa: PLR0913, PLR0917  # a part's own facts
        via, upload = self.face(face, worker), self.upload(name, number)
        first = len(b"".join(self.held[name].uploads.get(upload, []))) + (ahead if ahead > 7 else 0)
        told = via.send(self.path[name], upload, first, part)
        self.expect(name, via, told, self.held[name].send(upload, first, part))

    @precondition(lambda self: any(held.uploads for held in self.held.values()))
    @rule(name=names, face=faces, worker=workers, number=uploads, wrong=st.sampled_from([None, None, b"wrong"]))
    def finish(self, name: str, face: str, worker: int, number: int, wrong: bytes | None) -> None:
        via, upload = self.face(face, worker), self.upload(name, number)
        digest = digest_of(wrong or b"".join(self.held[name].uploads.get(upload, [])))
        told = via.finish(self.path[name], upload, digest)
        self.expect(name, via, told, self.held[name].finish(upload, digest, empty=face == "oci"))

    @precondition(lambda self: any(held.uploads for held in self.held.values()))
    @rule(name=names, worker=workers, number=uploads)
    def cancel(self, name: str, worker: int, number: int) -> None:
        upload = self.upload(name, number)
        told = self.oci[worker].cancel(self.path[name], upload)
        self.expect(name, self.oci[worker], told, self.held[name].cancel(upload))

    @rule(name=names, worker=workers, blob=st.sampled_from(CONTENTS))
    def send_whole(self, name: str, worker: int, blob: bytes) -> None:
        path = f"{self.path[name]}/blobs/uploads/?digest={digest_of(blob)}"
        answer = self.oci[worker].registry.ask("POST", path, body=blob)
        if answer.status == 202:  # without a body it opens an upload
            self.held[name].uploads[answer.header("docker-upload-uuid")] = []
            assert blob == b""
        else:
            assert answer.status == 201, answer.text
            self.held[name].keep(digest_of(blob))
        self.touched = name

    @rule(name=names, worker=workers, immutable=st.booleans(), excluded=st.sampled_from([None, *TAGS]))
    def set_mutability(self, name: str, worker: int, *, immutable: bool, excluded: str | None) -> None:
        mutability = ("IMMUTABLE" if immutable else "MUTABLE") + ("" if excluded is None else "_WITH_EXCLUSION")
        filters = [] if excluded is None else [{"filterType": "WILDCARD", "filter": excluded}]
        more: dict[str, object] = {"imageTagMutabilityExclusionFilters": filters} if filters else {}
        self.api[worker].set("PutImageTagMutability", self.path[name], imageTagMutability=mutability, **more)
        self.held[name].mutability, self.held[name].excluded = mutability, excluded
        self.touched = name

    @rule(name=names, worker=workers, share=st.booleans())
    def set_policy(self, name: str, worker: int, *, share: bool) -> None:
        if share:
            self.api[worker].set("SetRepositoryPolicy", self.path[name], policyText=policy_for(OTHER_ACCOUNT))
        else:
            status = self.api[worker].get("DeleteRepositoryPolicy", self.path[name]).status
            assert status == (200 if self.held[name].shared else 400)
        self.held[name].shared = share
        self.touched = name

    @precondition(lambda self: len(self.held[NAMES[0]].images) > 3)  # once there is something to lose
    @rule(worker=workers)
    def make_anew(self, worker: int) -> None:
        name = NAMES[0]
        self.api[worker].set("DeleteRepository", self.path[name], force=True)
        self.api[1 - worker].set("CreateRepository", self.path[name])
        self.held[name] = Held()
        self.touched = name

    @rule(
        worker=workers,
        by_api=st.sampled_from(CHANGES),
        by_oci=st.sampled_from(CHANGES),
        tagged=st.sampled_from([None, OLD, NEW]),
        immutable=st.booleans(),
    )
    def change_at_once(
        self, worker: int, by_api: Change, by_oci: Change, tagged: Pushed | None, *, immutable: bool
    ) -> None:
        """Do two things at once to a repository of their own, lest chance decide what the next steps find."""
        name = self.path["race"] = f"{self.prefix}race"
        self.api[worker].set("CreateRepository", name)
        self.held["race"] = Held()
        for blob in {*OLD.blobs, *NEW.blobs}:
            self.send_whole("race", worker, blob)
        for manifest in (OLD, NEW):
            self.put("race", "oci", worker, manifest, TAG if manifest is tagged else None)
        self.set_mutability("race", worker, immutable=immutable, excluded=None)
        api, oci = self.api[worker], self.oci[1 - worker]
        held = race(name, self.held["race"], [(api, by_api), (oci, by_oci)], (self.api[1 - worker], self.oci[worker]))
        self.reads.agree(name, held, worker)
        self.api[1 - worker].set("DeleteRepository", name, force=True)
        del self.path["race"], self.held["race"]
        self.touched = NAMES[0]

    @invariant()
    def both_faces_agree(self) -> None:
        if not self.held:
            return
        worker = next(self.turn)
        self.steps += 1
        everything = self.steps % 5 == 0
        for name in NAMES if everything else [self.touched]:
            self.reads.agree(self.path[name], self.held[name], worker)
        if everything:
            self.reads.catalogs_agree(set(self.path.values()), self.prefix, worker)


def machine(ground: Ground) -> type[TwoFaces]:
    """Give a machine that knows its ground: hypothesis makes one for each run."""

    class Grounded(TwoFaces):
        def __init__(self) -> None:
            super().__init__(ground)

    return Grounded


def test_two_faces_have_one_state(ground: Ground) -> None:
    run_state_machine_as_test(machine(ground), settings=SHORT)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_two_faces_have_one_state_for_long(ground: Ground) -> None:
    run_state_machine_as_test(machine(ground), settings=LONG)
