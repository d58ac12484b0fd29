"""What every unit test gets: a folder in memory, as a disk takes longer to remove a data folder than a test to run."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")  # noqa: S108  # what is made in it has a name that nobody can guess


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Make a folder that ends with its test; a data folder has more than 256 below it, whatever a test does with it."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None) as folder:
        yield Path(folder)
