"""What must start at once loads no more than it needs: modules are counted, not seconds."""

import subprocess
import sys

import pytest

# The modules that cost most, and what a worker needs and nobody else.
_HEAVY = ("alembic", "cryptography", "granian", "msgspec", "sqlalchemy", "uvloop", "moorage.app")
_MOST = 200


def loaded_by(statements: str) -> frozenset[str]:
    program = f"{statements}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    return frozenset(done.stdout.splitlines())


SUPERVISOR = loaded_by("import moorage.cli.main, moorage.cli.serve")
ENV = loaded_by("import moorage.cli.main, moorage.cli.env")
HELP = loaded_by(
    "import contextlib, io, moorage.cli.main\n"
    "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
    "    moorage.cli.main.moorage(['--help'])"
)


@pytest.mark.parametrize("name", _HEAVY)
@pytest.mark.parametrize("loaded", [SUPERVISOR, ENV, HELP], ids=["serve", "env", "help"])
def test_a_heavy_module_is_not_loaded(loaded: frozenset[str], name: str) -> None:
    assert name not in loaded


@pytest.mark.parametrize("loaded", [SUPERVISOR, ENV, HELP], ids=["serve", "env", "help"])
def test_few_modules_are_loaded(loaded: frozenset[str]) -> None:
    assert len(loaded) < _MOST


def test_settings_load_the_standard_library_only() -> None:
    foreign = {name.partition(".")[0] for name in loaded_by("import moorage.config")} - sys.stdlib_module_names
    ours = {name for name in foreign if not name.startswith(("_", "sitecustomize"))}
    assert ours == {"moorage"}
