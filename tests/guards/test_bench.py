"""The benchmark runs: what it measures here means nothing."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from bench.figures import Results
from bench.measure import NothingAnswered

from guards.whole import PICTURES, lacking

_ROOT: Final = Path(__file__).parents[2]


def bench(module: str, *words: str, out: Path) -> str:
    """Run a part of the benchmark in its quick form; give what it said."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(out.parent), "PYTHONPATH": str(_ROOT / "tests")}
    command = [sys.executable, "-m", module, "--quick", "--out", str(out), "--scratch", str(out.parent), *words]
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("bench") / "out"
    few = ("manifest-get-tag", "manifest-head-tag", "push-small-1", "push-500mb", "decisions")
    bench("bench.run", "--peers", "moorage", "nginx", "dd", "--only", *few, out=out)
    return out


@pytest.mark.parametrize("name", ["results.json", "results.md", "processor.svg", "throughput.svg"])
def test_a_run_leaves_its_results(results: Path, name: str) -> None:
    assert (results / name).stat().st_size > 0


def test_the_table_tells_how_busy_the_client_was(results: Path) -> None:
    assert "| client busy |" in (results / "results.md").read_text(encoding="utf-8")


def test_a_peer_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = bench("bench.run", "--peers", "moorage", "zot", "--only", "manifest-head-tag", out=tmp_path / "out")
    assert ("missing: zot" in said) != (_ROOT / ".tools/go/bin/zot").exists()


def test_growth_is_measured(tmp_path: Path) -> None:
    assert "# Growth" in bench("bench.scale", out=tmp_path / "out")


def test_a_run_says_where_its_results_are(tmp_path: Path) -> None:
    said = bench("bench.run", "--peers", "dd", "--only", "push-500mb", out=tmp_path / "out")
    assert said.endswith(f"written to {tmp_path / 'out'}\n")


@pytest.mark.nightly
@pytest.mark.timeout(1800)  # the newer registries are built where they are not there yet
def test_all_of_it_runs(tmp_path: Path) -> None:
    out = tmp_path / "out"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "bench", f"ARGS=--quick --out {out} --scratch {tmp_path}"]
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # ours
    assert (out / "results.json").exists(), done.stdout + done.stderr
    results = Results.from_json((out / "results.json").read_bytes())
    # A slow peer on a busy machine does nothing in the fifth of a second that a quick load lasts.
    assert {*results.failed.values()} <= {str(NothingAnswered())}, results.failed
    assert lacking(results, rounds=1) == []
    assert all((out / name).stat().st_size for name in PICTURES)
