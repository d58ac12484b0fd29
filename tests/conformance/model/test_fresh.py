"""The generated files are what the generator writes today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_generated_shapes_are_fresh() -> None:
    command = [sys.executable, str(ROOT / "tools/shapes.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own script
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
