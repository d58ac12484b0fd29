"""Bad input: the right code, nothing changed, no memory kept (security: classes A, E, F, H, I, K)."""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from botocore.client import BaseClient

from protocol.api import Api
from protocol.api import code_of as api_code_of
from protocol.badcases import CASES, FOREIGN, LAYER, PASSWORDS, TARGETS, Bad
from protocol.crowd import at_once
from protocol.people import EVERYTHING, People
from protocol.registry import MIB, Registry, code_of
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire

NAME, OTHER = "bad/input", "bad/other"
MOST = 16 * 1024  # KiB that a second round may take more than the first


@dataclass(frozen=True, slots=True)
class Hostile:
    """A server with one worker, a repository with one image and an open upload, and another with its own."""

    server: RunningServer
    registry: Registry
    ecr: BaseClient
    upload: str
    theirs: str

    def ask(self, bad: Bad) -> Answer:
        ways = {"name": NAME, "other": OTHER, "upload": self.upload, "theirs": self.theirs}
        with Wire(self.server.host) as wire:  # a refusal may end the connection
            path = bad.path.format(**ways) if "{" in bad.path else bad.path
            return Registry(wire, self.registry.password).ask(bad.method, path, bad.headers, bad.body())

    def state(self) -> object:
        """Tell everything that a request could have changed."""
        images = [self.ecr.describe_images(repositoryName=name)["imageDetails"] for name in (NAME, OTHER)]
        for image in (one for found in images for one in found):
            image.pop("lastRecordedPullTime", None)
        upload = self.registry.ask("GET", f"{NAME}/blobs/uploads/{self.upload}")
        foreign = self.registry.ask("HEAD", f"{NAME}/blobs/{digest_of(FOREIGN)}")
        return [
            foreign.status,
            images,
            self.ecr.describe_repositories()["repositories"],
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


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    settings = {"MOORAGE_WORKERS": "1"}
    with RunningServer(tmp_path_factory.mktemp("bad") / "data", settings=settings) as server:
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
            yield Hostile(server, registry, ecr, upload, theirs)


@pytest.fixture(scope="module")
def untouched(hostile: Hostile) -> object:
    """Tell what there is before the first bad request."""
    return hostile.state()


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.id)
def test_a_bad_request_is_told_so_and_changes_nothing(hostile: Hostile, untouched: object, bad: Bad) -> None:
    answer = hostile.ask(bad)
    assert (answer.status, None if bad.code is None else code_of(answer)) == (bad.status, bad.code)
    assert hostile.state() == untouched


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_password_that_nobody_has_opens_nothing_and_is_not_repeated(hostile: Hostile, password: str) -> None:
    with Wire(hostile.server.host) as wire:
        answer = wire.ask("GET", f"/v2/{NAME}/tags/list", {"Authorization": f"Basic {password}"})
    assert (answer.status, answer.text) == (401, "Not Authorized\n")
    assert not password or password not in str(answer.headers)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_that_is_no_operation_is_unknown(hostile: Hostile, untouched: object, target: str) -> None:
    with Wire(hostile.server.host) as wire:
        api = Api(wire, hostile.server.access_key_id, hostile.server.secret_access_key)
        body = b'{"repositoryName":"bad/input"}'
        answer = api.deliver(api.signed(target, body), body)
    # What cannot stand in a header is refused before anybody looks at the name.
    assert answer.status in ({400, 403} if "\x01" in target else {400, 404})
    assert "\x01" in target or api_code_of(answer) == "UnknownOperationException"
    assert hostile.state() == untouched


@pytest.mark.parametrize(
    "action", ["", "createUser", "create_user", "__class__", "HANDLERS", "CreateUser.x", "A" * 5000]
)
@pytest.mark.parametrize("service", ["iam", "sts"])
def test_an_action_that_is_no_operation_is_invalid(hostile: Hostile, service: str, action: str) -> None:
    with Wire(hostile.server.host) as wire:
        api = Api(wire, hostile.server.access_key_id, hostile.server.secret_access_key)
        answer = api.query(f"{service}.{action}", {"UserName": "nobody"})
    assert answer.status == 400
    assert "<Code>InvalidAction</Code>" in answer.text or (not action and "<Code>MissingAction</Code>" in answer.text)


@pytest.mark.parametrize("action", ["iam.CreateUser.x", "sts.CreateUser", "iam.GetCallerIdentity", "iam.PutImage"])
def test_an_operation_of_another_service_is_invalid(hostile: Hostile, action: str) -> None:
    with Wire(hostile.server.host) as wire:
        api = Api(wire, hostile.server.access_key_id, hostile.server.secret_access_key)
        assert "<Code>InvalidAction</Code>" in api.query(action, {"UserName": "nobody"}).text


@pytest.mark.parametrize("size", [257, 100_000, MIB - 1000])
@pytest.mark.parametrize("piece", ["a", "a/", "a-", "a__", "A", "-", "a."])
def test_a_long_name_costs_no_more_than_its_reading(hostile: Hostile, piece: str, size: int) -> None:
    name = (piece * size)[:size]
    with pytest.raises(hostile.ecr.exceptions.InvalidParameterException):
        hostile.ecr.list_images(repositoryName=name)


WAYS_OUT = ["../../x", "..", "/etc/passwd", "a/../../x", "..\\..\\x", "a\0b", "a\r\nb", "%2e%2e%2f", "\u2024\u2024/x"]
CALLS: Final[Mapping[str, tuple[str, Callable[[str], Mapping[str, object]]]]] = {
    "a repository": ("ListImages", lambda way: {"repositoryName": way}),
    "a new repository": ("CreateRepository", lambda way: {"repositoryName": way}),
    "a tag": ("DescribeImages", lambda way: {"repositoryName": NAME, "imageIds": [{"imageTag": way}]}),
    "a digest": ("DescribeImages", lambda way: {"repositoryName": NAME, "imageIds": [{"imageDigest": way}]}),
    "a layer": ("GetDownloadUrlForLayer", lambda way: {"repositoryName": NAME, "layerDigest": f"sha256:{way}"}),
    "an upload": (
        "UploadLayerPart",
        lambda way: {
            "repositoryName": NAME,
            "uploadId": way,
            "partFirstByte": 0,
            "partLastByte": 2,
            "layerPartBlob": "YWJj",
        },
    ),
    "a finished upload": (
        "CompleteLayerUpload",
        lambda way: {"repositoryName": NAME, "uploadId": way, "layerDigests": [digest_of(b"abc")]},
    ),
    "a finished layer": (
        "CompleteLayerUpload",
        lambda way: {"repositoryName": NAME, "uploadId": "x", "layerDigests": [f"sha256:{way}"]},
    ),
}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("place", CALLS)
def test_no_member_leads_out_of_the_folder(hostile: Hostile, untouched: object, place: str, way: str) -> None:
    operation, members = CALLS[place]
    with Wire(hostile.server.host) as wire:
        api = Api(wire, hostile.server.access_key_id, hostile.server.secret_access_key)
        answer = api.call(operation, members(way))
    told = {
        "InvalidParameterException",
        "UploadNotFoundException",
        "ImageNotFoundException",
        "InvalidLayerException",
        "SerializationException",  # of a NUL, which no string of a call may hold
    }
    assert (answer.status, api_code_of(answer) in told) == (400, True)
    assert hostile.state() == untouched


def test_what_is_packed_is_kept_as_it_came(hostile: Hostile) -> None:
    """A layer is never unpacked, whatever a header says of it."""
    bomb = gzip.compress(bytes(64 * MIB), mtime=0)
    path = f"{NAME}/blobs/uploads/?digest={digest_of(bomb)}"
    with Wire(hostile.server.host) as wire:
        answer = Registry(wire, hostile.registry.password).ask("POST", path, {"Content-Encoding": "gzip"}, bomb)
    assert answer.status == 201
    looked = hostile.registry.ask("HEAD", f"{NAME}/blobs/{digest_of(bomb)}")
    assert int(looked.header("content-length")) == len(bomb)


def test_a_blob_deleted_here_stays_deleted_when_it_is_read_there(hostile: Hostile) -> None:
    data, path = b"in both repositories", f"{{}}/blobs/{digest_of(b'in both repositories')}"
    for name in ("bad/here", "bad/there"):
        hostile.ecr.create_repository(repositoryName=name)
        hostile.registry.push(name, "v1", data)
        assert hostile.registry.ask("GET", path.format(name)).status == 200
    hostile.ecr.delete_repository(repositoryName="bad/here", force=True)
    hostile.ecr.create_repository(repositoryName="bad/here")
    for _ in range(3):
        assert hostile.registry.ask("GET", path.format("bad/there")).body == data
        for method in ("GET", "HEAD"):
            assert hostile.registry.ask(method, path.format("bad/here")).status == 404


def test_an_index_of_ten_thousand_children_is_kept(hostile: Hostile) -> None:
    name = "bad/wide"
    hostile.ecr.create_repository(repositoryName=name)
    child = hostile.registry.push(name, "", LAYER)
    one = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest_of(child), "size": len(child)}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [one] * 10_000}
    body = hostile.registry.keep(name, "wide", index)
    assert hostile.registry.ask("GET", f"{name}/manifests/wide").body == body
    assert hostile.registry.ask("DELETE", f"{name}/manifests/{digest_of(child)}").status == 405


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.nightly)])
def test_idle_uploads_hold_no_memory(hostile: Hostile, count: int) -> None:
    def open_many(registry: Registry) -> None:
        for _ in range(count // 8):
            registry.start(NAME)

    crowd = [open_many] * 8
    at_once(hostile.server.host, hostile.registry.password, crowd)
    before = hostile.peak()
    at_once(hostile.server.host, hostile.registry.password, crowd)
    assert hostile.peak() - before < MOST
    assert hostile.registry.ask("GET", f"{NAME}/blobs/uploads/{hostile.upload}").status == 204


def test_everything_bad_again_takes_no_more_memory(hostile: Hostile) -> None:
    for bad in CASES:
        hostile.ask(bad)
    before = hostile.peak()
    for _ in range(2):
        for bad in CASES:
            hostile.ask(bad)
    assert hostile.peak() - before < MOST


def test_the_server_is_as_it_was(hostile: Hostile) -> None:
    """Its worker is the one it began with, and its image is whole."""
    assert hostile.registry.ask("GET", f"{NAME}/blobs/{digest_of(LAYER)}").body == LAYER
    manifest = hostile.registry.ask("GET", f"{NAME}/manifests/v1")
    assert manifest.header("docker-content-digest") == f"sha256:{hashlib.sha256(manifest.body).hexdigest()}"
