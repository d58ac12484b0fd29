"""Mounting: who may, and what comes of it when the source goes, another mounts or uploads at the same moment."""

import itertools
import json
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from botocore.client import BaseClient

from protocol.crowd import at_once
from protocol.people import People, policy, statement
from protocol.registry import CONFIG, Registry
from support.layers import digest_of
from support.server import RunningServer
from support.wire import Answer, Wire

ROUNDS = 10
_NUMBERS = itertools.count(1)
ARN = "arn:aws:ecr:us-east-1:123456789012:repository"
READ = ["ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
WRITE = [
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start a server of two workers in profile oci, where a mounted blob can be read at once."""
    settings = {"MOORAGE_WORKERS": "2", "MOORAGE_PROFILE": "oci"}
    with RunningServer(tmp_path_factory.mktemp("mounts") / "data", settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def password(pair: RunningServer) -> str:
    return pair.password()


@pytest.fixture(scope="module")
def ecr(pair: RunningServer) -> BaseClient:
    client: BaseClient = pair.boto3("ecr")
    return client


@pytest.fixture(scope="module")
def people(pair: RunningServer) -> People:
    return People(pair.boto3("iam"), pair)


@pytest.fixture
def registry(pair: RunningServer, password: str) -> Iterator[Registry]:
    with Wire(pair.host) as wire:
        yield Registry(wire, password)


@pytest.fixture
def couple(ecr: BaseClient) -> tuple[str, str]:
    """Make a source and a target."""
    number = next(_NUMBERS)
    names = f"from/app-{number}", f"to/app-{number}"
    for name in names:
        ecr.create_repository(repositoryName=name)
    return names


def mount(source: str | None, target: str, digest: str, registry: Registry) -> Answer:
    whence = "" if source is None else f"&from={source}"
    return registry.ask("POST", f"{target}/blobs/uploads/?mount={digest}{whence}")


def is_there(registry: Registry, repository: str, data: bytes) -> bool:
    """Tell whether a repository gives a blob, and see that it is whole or missing."""
    answer = registry.ask("GET", f"{repository}/blobs/{digest_of(data)}")
    assert answer.status in {200, 404}, answer.text
    assert answer.status == 404 or answer.body == data
    return answer.status == 200


def as_user(pair: RunningServer, people: People, actions: dict[str, list[str]]) -> Registry:
    may = [statement("Allow", what, f"{ARN}/{name}") for name, what in actions.items()]
    key = people.new(policy(*may, statement("Allow", "ecr:GetAuthorizationToken")))
    return Registry(Wire(pair.host), key.password(pair))


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("small", [True, False])
def test_a_blob_is_mounted_for_whom_may_read_it_there_and_write_it_here(  # noqa: PLR0913 - fixtures
    pair: RunningServer, people: People, registry: Registry, couple: tuple[str, str], *, named: bool, small: bool
) -> None:
    source, target = couple
    data = f"{source}{named}{small}".encode() * (1 if small else 9_000)
    digest = registry.put_blob(source, data)
    user = as_user(pair, people, {source: READ, target: WRITE})
    answer = mount(source if named else None, target, digest, user)
    assert (answer.status, answer.header("docker-content-digest")) == (201, digest)
    assert is_there(user, target, data)
    user.wire.close()


@pytest.mark.parametrize("named", [True, False])
def test_a_blob_that_the_caller_may_not_read_is_not_mounted(
    pair: RunningServer, people: People, registry: Registry, couple: tuple[str, str], *, named: bool
) -> None:
    source, target = couple
    data = f"secret of {source} {named}".encode()
    digest = registry.put_blob(source, data)
    user = as_user(pair, people, {target: WRITE})
    missing = mount("no/such", target, digest, user)
    answer = mount(source if named else None, target, digest, user)
    # The same answer as for a source that is not there: nothing is told about it.
    assert (answer.status, missing.status) == (202, 202)
    assert {name for name, _ in answer.headers} == {name for name, _ in missing.headers}
    assert not is_there(user, target, data)
    user.wire.close()


def test_a_blob_is_not_mounted_where_the_caller_may_not_write(
    pair: RunningServer, people: People, registry: Registry, couple: tuple[str, str]
) -> None:
    source, target = couple
    data = f"mine in {source}".encode()
    digest = registry.put_blob(source, data)
    user = as_user(pair, people, {source: READ, target: READ})
    assert mount(source, target, digest, user).status == 403
    assert not is_there(registry, target, data)
    user.wire.close()


def test_a_blob_of_another_repository_is_not_mounted_from_a_readable_one(
    pair: RunningServer, people: People, registry: Registry, couple: tuple[str, str], ecr: BaseClient
) -> None:
    source, target = couple
    hidden = f"hidden/{source}"
    ecr.create_repository(repositoryName=hidden)
    data = f"of {hidden}".encode()
    digest = registry.put_blob(hidden, data)
    user = as_user(pair, people, {source: READ, target: WRITE})
    assert mount(source, target, digest, user).status == 202
    assert not is_there(user, target, data)
    user.wire.close()


def test_a_blob_that_its_source_has_lost_is_not_mounted(
    registry: Registry, couple: tuple[str, str], ecr: BaseClient
) -> None:
    source, target = couple
    data = f"lost by {source}".encode()
    digest = registry.put_blob(source, data)
    ecr.create_repository(repositoryName=f"keeper/{source}")
    assert mount(source, f"keeper/{source}", digest, registry).status == 201
    assert registry.ask("DELETE", f"{source}/blobs/{digest}").status == 202
    assert mount(source, target, digest, registry).status == 202
    assert (is_there(registry, target, data), is_there(registry, source, data)) == (False, False)


def _ask(method: str, path: str, body: bytes, registry: Registry) -> Answer:
    return registry.ask(method, path, body=body)


def race(pair: RunningServer, password: str, *jobs: Callable[[Registry], Answer]) -> list[Answer]:
    return at_once(pair.host, password, list(jobs))


def test_two_mounts_at_once_both_succeed(
    pair: RunningServer, password: str, registry: Registry, couple: tuple[str, str]
) -> None:
    source, target = couple
    for number in range(ROUNDS):
        data = f"{source} {number}".encode()
        job = partial(mount, source, target, registry.put_blob(source, data))
        assert [answer.status for answer in race(pair, password, job, job, job)] == [201, 201, 201]
        assert is_there(registry, target, data)


def test_a_mount_against_the_deletion_of_the_blob(
    pair: RunningServer, password: str, registry: Registry, couple: tuple[str, str]
) -> None:
    source, target = couple
    for number in range(ROUNDS):
        data = f"{source} {number}".encode()
        digest = registry.put_blob(source, data)
        path = f"{source}/blobs/{digest}"
        mounted, deleted = race(
            pair, password, partial(mount, source, target, digest), partial(_ask, "DELETE", path, b"")
        )
        assert (mounted.status in {201, 202}, deleted.status) == (True, 202)
        assert is_there(registry, target, data) is (mounted.status == 201)
        assert not is_there(registry, source, data)


def test_a_mount_against_the_deletion_of_the_source(
    pair: RunningServer, password: str, registry: Registry, ecr: BaseClient, couple: tuple[str, str]
) -> None:
    _, target = couple
    for number in range(ROUNDS):
        source = f"going/{next(_NUMBERS)}"
        ecr.create_repository(repositoryName=source)
        data = f"{source} {number}".encode() * (1 if number % 2 else 9_000)  # in the database, and a file
        digest = registry.put_blob(source, data)
        deletes = partial(_delete, ecr, source)
        mounted, _ = race(pair, password, partial(mount, source, target, digest), deletes)
        assert mounted.status in {201, 202}, mounted.text
        assert is_there(registry, target, data) is (mounted.status == 201)


def _delete(ecr: BaseClient, name: str, registry: Registry) -> Answer:
    ecr.delete_repository(repositoryName=name, force=True)
    return registry.ask("GET", "")


def test_a_mount_against_the_deletion_of_the_target_gives_nothing_to_its_successor(
    pair: RunningServer, password: str, registry: Registry, ecr: BaseClient, couple: tuple[str, str]
) -> None:
    source, _ = couple
    for number in range(ROUNDS):
        target = f"target/{next(_NUMBERS)}"
        ecr.create_repository(repositoryName=target)
        data = f"{source} {number}".encode()
        digest = registry.put_blob(source, data)
        mounted, _ = race(pair, password, partial(mount, source, target, digest), partial(_delete, ecr, target))
        assert mounted.status in {201, 202, 404}, mounted.text
        # Profile oci makes a repository on push: then the mount came second, and its blob is the new one's.
        if any(one["repositoryName"] == target for one in ecr.describe_repositories()["repositories"]):
            assert is_there(registry, target, data) is (mounted.status == 201)
        else:
            ecr.create_repository(repositoryName=target)
            assert not is_there(registry, target, data)


def test_a_mount_against_an_upload_of_the_same_blob(
    pair: RunningServer, password: str, registry: Registry, couple: tuple[str, str]
) -> None:
    source, target = couple
    for number in range(ROUNDS):
        data = f"{source} {number}".encode() * (1 if number % 2 else 9_000)
        digest = registry.put_blob(source, data)
        path = f"{target}/blobs/uploads/?digest={digest}"
        mounted, sent = race(
            pair,
            password,
            partial(mount, source, target, digest),
            partial(_ask, "POST", path, data),
        )
        assert (mounted.status, sent.status) == (201, 201)
        assert is_there(registry, target, data)


def test_an_image_of_mounted_blobs_can_be_pushed_and_outlives_its_source(
    registry: Registry, ecr: BaseClient, couple: tuple[str, str]
) -> None:
    source, target = couple
    layer = f"layer of {source}".encode()
    body = registry.push(source, "v1", layer)
    for data in (CONFIG, layer):
        assert mount(source, target, digest_of(data), registry).status == 201
    assert registry.put_manifest(target, "v1", body).status == 201
    ecr.delete_repository(repositoryName=source, force=True)
    assert json.loads(registry.ask("GET", f"{target}/manifests/v1").body) == json.loads(body)
    assert is_there(registry, target, layer)
