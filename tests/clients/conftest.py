"""What the tests with real clients share: who calls, where to, and with which images."""

import contextlib
import re
from collections.abc import Iterator

import pytest
from botocore.client import BaseClient

from clients.cluster import Cluster, cluster
from support import clients
from support.aws import PULL_ONLY, AwsCli, User, create_user
from support.clients import Client
from support.docker import DOCKER_20, DOCKER_26, DOCKER_28, Dockerd, running
from support.images import Samples, samples
from support.repository import Repository
from support.server import RunningServer


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Samples:
    return samples(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, images: Samples) -> Iterator[Cluster]:
    """Set up a node beside a server that has an image."""
    folder = tmp_path_factory.mktemp("cluster")
    with cluster(folder) as made:
        made.push(images, folder / "pusher")
        yield made


@pytest.fixture(scope="session")
def registry(server: RunningServer) -> str:
    """Return the host and port that the default account's repositories are named by."""
    return f"localhost:{server.port}"


@pytest.fixture(scope="session")
def aws(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> AwsCli:
    return AwsCli.of(tmp_path_factory.mktemp("aws"), server.environment())


@pytest.fixture(scope="session")
def password(aws: AwsCli, server: RunningServer) -> str:
    """Ask the real AWS CLI for the password of a docker login."""
    return server.secret(aws.login_password())


@pytest.fixture(scope="session")
def ecr(server: RunningServer) -> Iterator[BaseClient]:
    """Make one boto3 client for all: making it takes longer than what most tests ask of it."""
    with contextlib.closing(server.boto3("ecr")) as client:
        yield client


@pytest.fixture(scope="session")
def reader(aws: AwsCli, server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Make a second user, who may pull and nothing else."""
    return create_user(aws, server, "reader", PULL_ONLY, tmp_path_factory.mktemp("reader"))


@pytest.fixture
def repository(request: pytest.FixtureRequest, ecr: BaseClient, registry: str) -> Repository:
    """Make a new repository, named after the test."""
    return _create_repository(request, ecr, registry, "MUTABLE")


@pytest.fixture
def immutable_repository(request: pytest.FixtureRequest, ecr: BaseClient, registry: str) -> Repository:
    """Make a new repository in which no tag may move."""
    return _create_repository(request, ecr, registry, "IMMUTABLE")


def _create_repository(request: pytest.FixtureRequest, ecr: BaseClient, registry: str, mutability: str) -> Repository:
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    name = f"{request.path.stem.removeprefix('test_')}/{words}/{mutability.lower()}"
    ecr.create_repository(repositoryName=name, imageTagMutability=mutability)
    return Repository(registry, name)


@pytest.fixture(scope="session")
def skopeo(password: str, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Log skopeo in."""
    client = clients.skopeo(tmp_path_factory.mktemp("skopeo"))
    client.run("login", "--tls-verify=false", "--username", "AWS", "--password-stdin", registry, stdin=password)
    return client


@pytest.fixture(scope="session")
def dockerd20() -> Iterator[Dockerd]:
    with running(DOCKER_20) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def dockerd26() -> Iterator[Dockerd]:
    with running(DOCKER_26) as daemon:
        yield daemon


@pytest.fixture(scope="session")
def dockerd28() -> Iterator[Dockerd]:
    with running(DOCKER_28) as daemon:
        yield daemon
