"""Servers for tests: one that a whole session shares, and any number of a test's own."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from support.server import RunningServer


class StartServer(Protocol):
    """Starts a server that stops when the test ends; a name starts on the folder that had that name before."""

    def __call__(self, name: str = "data", *, settings: Mapping[str, str] | None = None) -> RunningServer: ...


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    with contextlib.ExitStack() as stack:

        def start(name: str = "data", *, settings: Mapping[str, str] | None = None) -> RunningServer:
            return stack.enter_context(RunningServer(tmp_path / name, settings=settings))

        yield start
