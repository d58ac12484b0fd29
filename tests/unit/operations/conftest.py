"""An ``Env`` for each test, its clock, and the root of its first account."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from moorage.operations.env import Env
from support.env import SMALL, FrozenClock, close_env, make_env
from unit.operations.tenant import REPOSITORY, Tenant, root_of

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
def small_blobs() -> int:
    """Tell up to which size blobs lie in the metadata."""
    return SMALL


@pytest.fixture
def env(tmp_path: Path, clock: FrozenClock, small_blobs: int) -> Iterator[Env]:
    env = make_env(tmp_path, clock, small_blobs=small_blobs)
    yield env
    close_env(env)


@pytest.fixture
def tenant(env: Env) -> Tenant:
    return root_of(env)


@pytest.fixture
def repository(tenant: Tenant) -> str:
    """Make the repository that most tests work on."""
    tenant.create()
    return REPOSITORY
