"""The official suite is built with the machine's Go, else with Debian's, else it is said why it is not."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "install" / "conformance.sh"
TOOLS = ("bash", "cat", "chmod", "dirname", "head", "mkdir", "printf", "rm", "sort", "tail")
_GO = """#!{bash}
if [ "$1" = env ]; then echo {version}; exit 0; fi
echo "{version} GOROOT=${{GOROOT:-}} GOTOOLCHAIN=${{GOTOOLCHAIN:-}} $*" >>{said}
if [ -n "{broken}" ]; then echo "{broken}" >&2; exit 1; fi
"""


@dataclass(frozen=True)
class Machine:
    """A machine with the shell's tools, and Go or not; what its Debian gives is a Go that notes how it was called."""

    folder: Path

    @property
    def said(self) -> str:
        file = self.folder / "said"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    @property
    def suite(self) -> Path:
        return self.folder / ".tools" / "conformance"

    def put_go(self, folder: Path, version: str, broken: str = "") -> None:
        bash = shutil.which("bash")
        script = _GO.format(bash=bash, version=version, said=self.folder / "said", broken=broken)
        (folder / "go").write_text(script, encoding="utf-8")
        (folder / "go").chmod(0o755)

    def run(self) -> str:
        done = subprocess.run(  # noqa: S603 - a script of ours
            [str(self.folder / "bin" / "bash"), str(self.folder / "tests" / "install" / "conformance.sh")],
            env={"PATH": str(self.folder / "bin"), "HOME": os.environ.get("HOME", "/")},
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    install, tools = tmp_path / "tests" / "install", tmp_path / "bin"
    debian = tmp_path / "debian"
    for folder in (install, tools, debian):
        folder.mkdir(parents=True)
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    shutil.copy(SCRIPT, install)
    made = Machine(tmp_path)
    made.put_go(debian, "go1.24.4")
    unpack = (
        f'#!{shutil.which("bash")}\necho "unpack $1 ${{@:3}}" >>{tmp_path}/said\n'
        f'mkdir -p "$2/usr/lib/go-1.24/bin"\ncat {debian}/go >"$2/usr/lib/go-1.24/bin/go"\n'
        'chmod 755 "$2/usr/lib/go-1.24/bin/go"\n'
    )
    (install / "unpack.sh").write_text(unpack, encoding="utf-8")
    (install / "unpack.sh").chmod(0o755)
    return made


@pytest.mark.parametrize("version", ["go1.24", "go1.24.4", "go1.26.1", "go2.0"])
def test_a_go_that_is_new_enough_is_used(machine: Machine, version: str) -> None:
    machine.put_go(machine.folder / "bin", version)
    machine.run()
    assert machine.said.startswith(f"{version} GOROOT= GOTOOLCHAIN= install ")
    assert (machine.suite / "version").exists()


@pytest.mark.parametrize("version", [None, "go1.9", "go1.19.8", "go1.23.12"])
def test_without_one_debians_is_unpacked(machine: Machine, version: str | None) -> None:
    if version is not None:
        machine.put_go(machine.folder / "bin", version)
    machine.run()
    unpacked, built = machine.said.splitlines()
    root = machine.folder / ".tools" / "trixie-go" / "usr" / "lib" / "go-1.24"
    assert unpacked == "unpack trixie golang-1.24-go golang-1.24-src"
    assert built.startswith(f"go1.24.4 GOROOT={root} GOTOOLCHAIN=local install ")


def test_what_is_built_is_not_built_again(machine: Machine) -> None:
    machine.put_go(machine.folder / "bin", "go1.26.1")
    machine.run()
    machine.run()
    assert machine.said.count(" install ") == 1


def test_modules_that_cannot_be_had_are_told_and_no_failure(machine: Machine) -> None:
    machine.put_go(machine.folder / "bin", "go1.26.1", broken="module lookup refused")
    told = machine.run()
    assert "its test will be skipped: module lookup refused" in told
    assert "module lookup refused" in (machine.suite / "missing").read_text(encoding="utf-8")
    assert not (machine.suite / "version").exists()


def test_a_go_that_cannot_be_had_is_told_and_no_failure(machine: Machine) -> None:
    unpack = machine.folder / "tests" / "install" / "unpack.sh"
    whole = unpack.read_text(encoding="utf-8")
    unpack.write_text(f'#!{shutil.which("bash")}\necho "no mirror of Debian" >&2\nexit 1\n', encoding="utf-8")
    told = machine.run()
    assert "its test will be skipped: no mirror of Debian" in told
    assert "no mirror of Debian" in (machine.suite / "missing").read_text(encoding="utf-8")
    assert not (machine.suite / "version").exists()
    unpack.write_text(whole, encoding="utf-8")
    machine.run()
    assert (machine.suite / "version").exists()
    assert not (machine.suite / "missing").exists()
