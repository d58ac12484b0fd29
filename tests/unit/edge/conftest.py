"""What the tests of the edges share: a server's root, and the time that it goes by."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.env import HOME, FrozenClock, close_env, configure_account, make_env
from unit.edge.awsquery.wire import Client


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def root(tmp_path: Path, clock: FrozenClock) -> Iterator[Client]:
    env = make_env(tmp_path, clock)
    yield Client(env, configure_account(env, HOME))
    close_env(env)
