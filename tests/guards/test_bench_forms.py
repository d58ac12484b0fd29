"""Where the results of a run go, and how their pages are written anew without it."""

from pathlib import Path

import pytest
from bench.figures import Single, Spread
from bench.forms import COMMITTED, ELSEWHERE, Form
from bench.lineup import NAMES, OURS
from bench.resident import REST
from bench.run import read_options, run
from bench.scale import Growth
from bench.scale import read_options as read_options_of_growth
from bench.scale import run as run_growth

from guards.samples import of_rates, run_of


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        ("", COMMITTED),
        ("--scratch there", COMMITTED),
        ("--quick", ELSEWHERE),
        ("--only blob-head", ELSEWHERE),
        ("--peers moorage", ELSEWHERE),
        ("--quick --out docs/benchmarks", COMMITTED),
    ],
)
def test_only_a_full_run_writes_over_the_committed_results(
    words: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(COMMITTED.parents[1])
    assert read_options(words.split()).out == folder


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        ("", COMMITTED),
        ("--quick", ELSEWHERE),
        ("--steps 1000 2000", ELSEWHERE),
        ("--quick --out docs/benchmarks", COMMITTED),
    ],
)
def test_only_whole_growth_writes_over_the_committed_results(
    words: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(COMMITTED.parents[1])
    assert read_options_of_growth(words.split()).out == folder


def test_a_run_of_everything_named_one_by_one_is_a_full_one() -> None:
    assert read_options(["--peers", *NAMES]).form is Form.FULL
    assert read_options(["--peers", *NAMES[1:]]).form is Form.PART
    assert read_options(["--peers", *NAMES, "--quick"]).form is Form.QUICK


@pytest.mark.parametrize("words", ["--rewrite --quick", "--rewrite --only blob-head"])
def test_where_nothing_is_measured_nothing_can_be_chosen(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(words.split())
    assert "--rewrite measures nothing" in capsys.readouterr().err


def test_pages_and_pictures_are_written_anew_from_the_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = run_of(of_rates("blob-head", OURS, [100]), singles=[Single(REST, OURS, "MB", [60])])
    results.where["blob HEAD"] = {"store": 12.0}
    told = results.to_json()
    (tmp_path / "results.json").write_bytes(told)
    assert run(read_options(["--rewrite", "--out", str(tmp_path)])) == 0
    assert (tmp_path / "results.json").read_bytes() == told
    assert "| blob HEAD | moorage | 100 /s |" in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.glob("*.svg")} == {"processor.svg", "memory.svg", "where.svg"}
    assert capsys.readouterr().out.endswith(f"written to {tmp_path}\n")


def test_growth_is_written_anew_from_its_json(tmp_path: Path) -> None:
    growth = Growth({}, (1, 2), {"blob-head": [Spread(100, 90, 120), Spread(250, 240, 260)]}, [0.5, 0.6])
    (tmp_path / "growth.json").write_bytes(growth.to_json())
    assert run_growth(read_options_of_growth(["--rewrite", "--out", str(tmp_path)])) == 0
    page = (tmp_path / "growth.md").read_text(encoding="utf-8")
    assert "| blob HEAD (more than allowed) | 100 (90.0 to 120) | 250 (240 to 260) | 2.50 |" in page
    assert (tmp_path / "growth.svg").exists()
    assert (tmp_path / "growth.json").read_bytes() == growth.to_json()
