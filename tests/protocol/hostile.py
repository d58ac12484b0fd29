"""A server for bad input: with all that it could harm, and a way to see that nothing of it changed."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.client import BaseClient

from moorage.domain.profile import Profile
from protocol.api import Api
from protocol.badcases import FOREIGN, LAYER, Bad
from protocol.badfields import BadFields
from protocol.people import EVERYTHING, Key, People, root_of
from protocol.registry import Registry, basic
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire, head

NAME, OTHER = "bad/input", "bad/other"


@dataclass(frozen=True, slots=True)
class Hostile:
    """A server with one worker, a repository with one image and an open upload, and another with its own."""

    server: RunningServer
    root: Key
    profile: Profile
    registry: Registry
    ecr: BaseClient
    upload: str
    theirs: str

    def ask(self, bad: Bad) -> Answer:
        ways = {"name": NAME, "other": OTHER, "upload": self.upload, "theirs": self.theirs}
        with Wire(self.server.host) as wire:  # a refusal may end the connection
            path = bad.path.format(**ways) if "{" in bad.path else bad.path
            return Registry(wire, self.registry.password).ask(bad.method, path, bad.headers, bad.body())

    def ask_lines(self, bad: BadFields) -> Answer:
        """Send a request with exactly these lines, behind those that name the host and who asks."""
        fixed = [("Host", self.server.host), ("Authorization", basic(self.registry.password))]
        target = "/v2/" + bad.path.format(name=NAME, upload=self.upload)
        with Wire(self.server.host) as wire:
            wire.send(head(bad.method, target, [*fixed, *bad.lines]) + bad.body)
            return wire.receive(bad.method)

    def call(self, operation: str, members: Mapping[str, object]) -> Answer:
        return self._once(lambda api: api.call(operation, members))

    def put_image(self, manifest: Mapping[str, object]) -> Answer:
        return self.call("PutImage", {"repositoryName": NAME, "imageManifest": json.dumps(manifest), "imageTag": "odd"})

    def call_target(self, target: str) -> Answer:
        """Send a call whose target is just this."""
        body = json.dumps({"repositoryName": NAME}).encode()
        return self._once(lambda api: api.deliver(api.signed(target, body), body))

    def query(self, action: str) -> Answer:
        """Call IAM or STS, as in ``iam.CreateUser``."""
        return self._once(lambda api: api.query(action, {"UserName": "nobody"}))

    def knock(self, credentials: str) -> Answer:
        """Ask with anything in place of a name and password."""
        with Wire(self.server.host) as wire:
            return wire.ask("GET", f"/v2/{NAME}/tags/list", {"Authorization": f"Basic {credentials}"})

    def _once(self, ask: Callable[[Api], Answer]) -> Answer:
        with Wire(self.server.host) as wire:
            return ask(self.root.api(wire))

    def state(self) -> object:
        """Tell everything that a request could have changed."""
        api = self.root.api(self.registry.wire)  # by hand: boto3 takes longer, and this is asked most often
        images = [api.list("DescribeImages", {"repositoryName": name}, "imageDetails") for name in (NAME, OTHER)]
        for image in (one for found in images for one in found):
            image.pop("lastRecordedPullTime", None)
        upload = self.registry.ask("GET", f"{NAME}/blobs/uploads/{self.upload}")
        foreign = self.registry.ask("HEAD", f"{NAME}/blobs/{digest_of(FOREIGN)}")
        return [
            foreign.status,
            images,
            api.list("DescribeRepositories", {}, "repositories"),
            (upload.status, upload.get("range")),
            self.files(),
        ]

    def files(self) -> list[str]:
        """Name the files beside the database, whose log moves by itself, and everything beside the data folder."""
        inside = [str(one) for place in ("blobs", "drafts") for one in (self.server.data / place).rglob("*")]
        beside = [str(one) for folder in (self.server.data, self.server.data.parent) for one in folder.iterdir()]
        return sorted(one for one in inside + beside if not one.endswith(("-wal", "-shm")))

    def peak(self) -> int:
        """Give the most memory the worker ever had at once, in KiB."""
        (worker,) = self.server.worker_pids()
        lines = Path(f"/proc/{worker}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])


@contextlib.contextmanager
def hostile_server(folder: Path, profile: Profile = Profile.ECR) -> Iterator[Hostile]:
    settings = {"MOORAGE_WORKERS": "1", "MOORAGE_PROFILE": profile}
    with RunningServer(folder / "data", settings=settings) as server:
        ecr, iam = server.boto3("ecr"), server.boto3("iam")
        for name in (NAME, OTHER):
            ecr.create_repository(repositoryName=name)
        with Wire(server.host) as wire, Wire(server.host) as second:
            registry = Registry(wire, server.password())
            registry.push(NAME, "v1", LAYER)
            registry.push(OTHER, "theirs", FOREIGN)
            upload = registry.start(NAME).rpartition("/")[2]
            somebody = Registry(second, People(iam, server).new(EVERYTHING).password(server))
            theirs = somebody.start(NAME).rpartition("/")[2]
            yield Hostile(server, root_of(server), profile, registry, ecr, upload, theirs)
