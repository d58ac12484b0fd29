"""What the protocol suite shares: one server, two accounts on it, and a repository of each test's own."""

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator

import pytest
from botocore.client import BaseClient

from moorage.domain.profile import Profile
from protocol.api import OWN, Api
from protocol.machine import Registrar
from protocol.people import OTHER_ACCOUNT, Key, People, root_of
from protocol.registry import HOSTS, Registry
from support.server import RunningServer
from support.wire import Wire
from support.workers import to_every_worker

_NUMBERS = itertools.count(1)
# Begun first: each file is one process's, and the last one of all must not be long.
_LONGEST = {"test_two_faces", "test_crowds", "test_bad_input", "test_fuzz", "test_slow", "test_lingering"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.stem not in _LONGEST)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Start the server that most tests share: its first registry has a name in each profile."""
    settings = {"MOORAGE_HOSTS": f"{HOSTS[Profile.OCI]}={Profile.OCI}"}
    with RunningServer(tmp_path_factory.mktemp("server") / "data", settings=settings) as running:
        yield running


@pytest.fixture(params=list(Profile))
def profile(request: pytest.FixtureRequest) -> Profile:
    return Profile(request.param)


@pytest.fixture
def in_profile(wire: Wire, password: str, profile: Profile) -> Registry:
    """Give ``/v2/`` as the first account's root sees it, once in each profile."""
    return Registry(wire, password, HOSTS[profile])


@pytest.fixture(scope="session")
def root(server: RunningServer) -> Key:
    return root_of(server)


@pytest.fixture(scope="session")
def password(server: RunningServer, root: Key) -> str:
    return root.password(server)


@pytest.fixture(scope="session")
def connect(server: RunningServer) -> Iterator[Callable[[], Wire]]:
    """Open connections that end with the session."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(Wire(server.host))


@pytest.fixture
def wire(server: RunningServer) -> Iterator[Wire]:
    with Wire(server.host) as connection:
        yield connection


@pytest.fixture
def wires(server: RunningServer) -> Iterator[list[Wire]]:
    """Give connections to every worker, in no order: what one of them remembers another may not know of."""
    with contextlib.ExitStack() as stack:
        yield to_every_worker(server, stack)


@pytest.fixture
def registrar(wire: Wire, server: RunningServer, root: Key) -> Registrar:
    return Registrar(wire, server, root)


@pytest.fixture
def registry(wire: Wire, password: str) -> Registry:
    """Give ``/v2/`` as the first account's root sees it."""
    return Registry(wire, password)


@pytest.fixture
def api(wire: Wire, root: Key) -> Api:
    return Api(wire, root.id, root.secret)


@pytest.fixture(scope="session")
def ecr(server: RunningServer) -> Iterator[BaseClient]:
    """Make one boto3 client for all: making it takes longer than what most tests ask of it."""
    with contextlib.closing(server.boto3("ecr")) as client:
        yield client


@pytest.fixture(scope="session")
def people(server: RunningServer) -> Iterator[People]:
    with contextlib.closing(server.boto3("iam")) as iam:
        yield People(iam, server)


@pytest.fixture(scope="session")
def stranger(server: RunningServer, root: Key) -> Key:
    """Make a second account; return its root's key."""
    with Wire(server.host) as wire:
        answer = Api(wire, root.id, root.secret).call("CreateAccount", {"accountId": OTHER_ACCOUNT}, prefix=OWN)
    made = json.loads(answer.body)
    return Key(made["accessKeyId"], server.secret(made["secretAccessKey"]))


@pytest.fixture(scope="session")
def stranger_password(server: RunningServer, stranger: Key) -> str:
    return stranger.password(server)


@pytest.fixture(scope="session")
def stranger_ecr(server: RunningServer, stranger: Key) -> Iterator[BaseClient]:
    with contextlib.closing(
        server.boto3("ecr", access_key_id=stranger.id, secret_access_key=stranger.secret)
    ) as client:
        yield client


@pytest.fixture
def repository(ecr: BaseClient) -> str:
    return new_repository(ecr)


@pytest.fixture
def other_repository(ecr: BaseClient) -> str:
    return new_repository(ecr)


@pytest.fixture
def immutable(ecr: BaseClient) -> str:
    name = f"immutable/app-{next(_NUMBERS)}"
    ecr.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    return name


def new_repository(ecr: BaseClient) -> str:
    name = f"team/app-{next(_NUMBERS)}"
    ecr.create_repository(repositoryName=name)
    return name
