"""What the fault tests share: a server that can be told to die, and a raw client."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from faults.fuse import Fuse
from faults.rawclient import RawClient
from support.fixtures import StartServer
from support.server import RunningServer

TESTS = Path(__file__).parents[1]
REPOSITORY = "faults/app"


@dataclass(frozen=True, slots=True)
class Failing:
    """A server with a fuse; the repository is there, and the password outlives every death."""

    server: RunningServer
    fuse: Fuse
    password: str = field(repr=False)

    def connect(self) -> RawClient:
        return RawClient(self.server, self.password, REPOSITORY)


@pytest.fixture
def workers() -> int:
    return 2


@pytest.fixture
def failing(tmp_path: Path, workers: int) -> Iterator[Failing]:
    folder = tmp_path / "fuse"
    folder.mkdir()
    module = (sys.executable, "-P", "-m", "faults.failing_server", "serve", folder)
    # The server's own environment is clean, so ``env`` adds where the tests are, and becomes the server.
    command = ("/usr/bin/env", f"PYTHONPATH={TESTS}", *module)
    with RunningServer(tmp_path / "data", settings={"MOORAGE_WORKERS": str(workers)}, command=command) as server:
        server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
        yield Failing(server, Fuse(folder), server.password())


class Connect(Protocol):
    """Makes a repository on a server, and a client of it that is closed when the test ends."""

    def __call__(self, server: RunningServer) -> RawClient: ...


@pytest.fixture
def connect() -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:

        def make(server: RunningServer) -> RawClient:
            server.boto3("ecr").create_repository(repositoryName=REPOSITORY)
            return stack.enter_context(RawClient(server, server.password(), REPOSITORY))

        yield make


@pytest.fixture
def client(start_server: StartServer, connect: Connect) -> RawClient:
    """Start a server of the test's own and connect to it."""
    return connect(start_server())
