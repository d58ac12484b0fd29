"""A blob is in a repository while that keeps it, whatever becomes of it in others (security: class A)."""

import contextlib
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from moorage.domain.profile import Profile
from protocol.registry import Registry
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Wire

BLOBS = {digest_of(content): content for content in (b"small", bytes(100_000))}  # in the metadata, and in a file
CONNECTIONS = 4  # which the workers share out among them
_RUNS = itertools.count(1)
names, digests = st.sampled_from(["here", "there"]), st.sampled_from(list(BLOBS))
SHORT = settings(
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=8,
    stateful_step_count=25,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server in profile oci, which deletes blobs and mounts them."""
    with RunningServer(tmp_path_factory.mktemp("links") / "data", settings={"MOORAGE_PROFILE": Profile.OCI}) as running:
        yield running


class Links(RuleBasedStateMachine):
    """Changes to two repositories; after each, both are asked for every blob over the next connection."""

    def __init__(self, server: RunningServer, password: str) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        wires = [self.stack.enter_context(Wire(server.host)) for _ in range(CONNECTIONS)]
        self.registries = itertools.cycle([Registry(wire, password) for wire in wires])
        run = next(_RUNS)
        self.path = {name: f"run-{run}/{name}" for name in ("here", "there")}
        self.held: dict[str, set[str]] = {name: set() for name in self.path}
        for path in self.path.values():  # the first upload makes the repository
            next(self.registries).start(path)

    def teardown(self) -> None:
        self.stack.close()

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        answer = next(self.registries).ask(method, path, body=body)
        return answer.status, answer.body

    @rule(name=names, digest=digests)
    def put(self, name: str, digest: str) -> None:
        path = f"{self.path[name]}/blobs/uploads/?digest={digest}"
        assert self.ask("POST", path, BLOBS[digest])[0] == 201
        self.held[name].add(digest)

    @rule(name=names, digest=digests)
    def delete(self, name: str, digest: str) -> None:
        status, _ = self.ask("DELETE", f"{self.path[name]}/blobs/{digest}")
        assert status == (202 if digest in self.held[name] else 404)
        self.held[name].discard(digest)

    @rule(name=names, digest=digests)
    def mount(self, name: str, digest: str) -> None:
        (source,) = self.held.keys() - {name}
        path = f"{self.path[name]}/blobs/uploads/?mount={digest}&from={self.path[source]}"
        is_there = digest in self.held[source]
        assert self.ask("POST", path)[0] == (201 if is_there else 202)
        if is_there:
            self.held[name].add(digest)

    @invariant()
    def each_repository_gives_out_its_own(self) -> None:
        for (name, path), (digest, content) in itertools.product(self.path.items(), BLOBS.items()):
            place = f"{path}/blobs/{digest}"
            found, looked = self.ask("GET", place), self.ask("HEAD", place)[0]
            if digest in self.held[name]:
                assert (found, looked) == ((200, content), 200)
            else:
                assert (found[0], looked) == (404, 404)


def test_what_happens_in_one_repository_changes_no_other(linked: RunningServer) -> None:
    password = linked.password()

    class Linked(Links):
        def __init__(self) -> None:
            super().__init__(linked, password)

    run_state_machine_as_test(Linked, settings=SHORT)
