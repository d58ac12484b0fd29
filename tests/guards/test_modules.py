"""What a worker has loaded when it begins to serve: modules are counted, because each costs time and memory."""

import subprocess
import sys
from typing import Final

import pytest

# What other processes need, or nobody: the migrate step's tools, the client that models AWS, terminals.
_FORBIDDEN: Final = (
    "aiohttp",
    "alembic",
    "boto3",
    "botocore",
    "click",
    "http.client",
    "hypothesis",
    "rich",
    "sqlalchemy.orm",
    "sqlite3",
    "unittest",
    "urllib.request",
)
# 420 of others with Python 3.11; email and ssl are among them, because granian and asyncio load them. Our own are
# small, and grow with what is built: 262 of them.
_MOST_OF_OTHERS = 430
_MOST_OF_OURS = 270


def _loaded() -> frozenset[str]:
    program = "import moorage.cli.worker, sys; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    return frozenset(done.stdout.splitlines())


WORKER: Final = _loaded()


@pytest.mark.parametrize("name", _FORBIDDEN)
def test_a_worker_does_not_load(name: str) -> None:
    assert name not in WORKER


def test_a_worker_loads_few_modules_of_others() -> None:
    assert len([name for name in WORKER if not name.startswith("moorage")]) <= _MOST_OF_OTHERS


def test_a_worker_loads_not_too_many_modules_of_ours() -> None:
    assert len([name for name in WORKER if name.startswith("moorage")]) <= _MOST_OF_OURS


def test_a_worker_loads_its_own_half_of_the_program() -> None:
    assert "moorage.cli.supervise" not in WORKER
