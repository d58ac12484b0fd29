"""An ``Env`` for each test, its clock, and the root of its first account."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from moorage.operations.env import Env
from support.env import FrozenClock, close_env, make_env
from unit.operations.tenant import Tenant, root_of

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Give a folder in memory where the system has one: nothing here is about power cuts, and a disk takes its time."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def env(tmp_path: Path, clock: FrozenClock) -> Iterator[Env]:
    env = make_env(tmp_path, clock)
    yield env
    close_env(env)


@pytest.fixture
def tenant(env: Env) -> Tenant:
    return root_of(env)
