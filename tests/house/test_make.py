"""What the make targets stand on: each thing that is missing on a machine is told in one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SH = "/bin/sh"


def run(*command: str | Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"] if path is None else path, "LC_ALL": "C.UTF-8"}
    return subprocess.run(  # noqa: S603  # every argument is written in a test
        list(map(str, command)), env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def venv(python: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return run(ROOT / "tools" / "venv.sh", python, folder)


def fake_python(folder: Path, script: str) -> Path:
    """Write a program that passes for Python as far as it goes."""
    program = folder / "python"
    program.write_text(f"#!{SH}\n{script}\n", encoding="utf-8")
    program.chmod(0o700)
    return program


@pytest.fixture
def too_old(tmp_path: Path) -> Path:
    return fake_python(tmp_path, '[ "$1" = -V ] && echo "Python 3.9.2"; exit 1')


@pytest.fixture
def without_venv(tmp_path: Path) -> Path:
    """Write a Python as Debian ships it without python3-venv."""
    script = '[ "$1" = -m ] && { mkdir -p "$3/bin"; echo "ensurepip is not available" >&2; exit 1; }; exit 0'
    return fake_python(tmp_path, script)


def test_a_python_that_is_missing_is_told_in_one_sentence(tmp_path: Path) -> None:
    told = venv("no-such-python", tmp_path / "venv")
    assert (told.returncode, told.stdout, told.stderr) == (
        1,
        "",
        (
            "Moorage needs Python 3.11 or newer: install it (Debian: apt-get install python3 python3-venv),"
            " or name it with make PYTHON=...\n"
        ),
    )


def test_a_python_that_is_too_old_is_told_with_its_version(too_old: Path, tmp_path: Path) -> None:
    told = venv(too_old, tmp_path / "venv")
    assert (told.returncode, told.stderr) == (
        1,
        (
            f"Moorage needs Python 3.11 or newer, and {too_old} is Python 3.9.2: install a newer one,"
            " or name it with make PYTHON=...\n"
        ),
    )


def test_a_python_that_makes_no_environment_is_told_with_what_to_install(without_venv: Path, tmp_path: Path) -> None:
    told = venv(without_venv, tmp_path / "venv")
    assert (told.returncode, told.stdout, told.stderr) == (
        1,
        "",
        (
            f"A virtual environment cannot be made with {without_venv}: install its venv module"
            " (Debian: apt-get install python3-venv) and try again.\n"
        ),
    )


def test_of_an_environment_that_could_not_be_made_nothing_is_left(without_venv: Path, tmp_path: Path) -> None:
    venv(without_venv, tmp_path / "venv")
    assert not (tmp_path / "venv").exists()


def test_an_environment_that_works_is_kept(tmp_path: Path) -> None:
    kept = tmp_path / "venv" / "bin" / "python"
    kept.parent.mkdir(parents=True)
    kept.symlink_to(fake_python(tmp_path, "exit 0"))
    told = venv(sys.executable, tmp_path / "venv")
    assert (told.returncode, told.stdout, told.stderr, kept.exists()) == (0, "", "", True)


@pytest.mark.parametrize("what", ["nonsense", "--help"])
def test_an_unknown_check_is_refused_with_those_there_are(what: str) -> None:
    told = run(ROOT / "tools" / "check.sh", what)
    assert (told.returncode, told.stderr) == (2, "usage: check.sh all|lint|nightly|faults\n")


@pytest.mark.parametrize("target", ["serve", "test", "lint", "nightly", "bench", "bench-pages"])
def test_make_knows_its_targets(target: str) -> None:
    told = run("make", "--dry-run", "--no-print-directory", target)
    assert (told.returncode, told.stderr) == (0, "")


def test_make_alone_tells_what_there_is_to_make() -> None:
    told = run("make", "--no-print-directory")
    listed = {line.split()[1] for line in told.stdout.splitlines() if line.strip().startswith("make ")}
    assert listed >= {"serve", "test", "lint", "nightly", "bench"}
