"""What the benchmark says of an older run, by results made by hand, and which run that is."""

import subprocess
from pathlib import Path

import pytest
from bench import about
from bench.compare import compare
from bench.figures import Results, Row, Sample, Single
from bench.forms import Form
from bench.lineup import OURS
from bench.resident import START

from guards.samples import large, of_rates, run_of, sample


def changes(now: Results, then: Results) -> list[str]:
    """Give what is told after the line that names the older run."""
    first, *others = compare(now, then)
    assert first == "- before: commit abc, 2026-01-02"
    return others


def test_of_what_did_not_move_nothing_is_told() -> None:
    row = of_rates("blob-head", OURS, [100, 110, 120])
    single = Single(START, OURS, "s", [0.5, 0.6, 0.7])
    assert changes(run_of(row, singles=[single]), run_of(row, singles=[single])) == []


@pytest.mark.parametrize(
    ("now", "then", "told"),
    [
        (sample(rate=2000), sample(rate=1000), "rate 1,000 → 2,000 /s"),
        (sample(cost=150), sample(cost=90), "server processor 90.0 → 150 µs"),
        (sample(p50=1.5), sample(p50=0.04), "p50 0.040 → 1.50 ms"),
        (sample(p99=12), sample(p99=2), "p99 2.00 → 12.0 ms"),
        (sample(memory=80), sample(memory=50), "memory 50.0 → 80.0 MB"),
        (large(10**9, 2, 1), large(10**9, 4, 1), "rate 250 → 500 MB/s"),
        (large(10**9, 2, 1), large(10**9, 2, 3), "server processor 3.00 → 1.00 s/GB"),
        (sample(rate=500, p50=3), sample(rate=250, p50=2), "rate 250 → 500 /s; p50 2.00 → 3.00 ms"),
    ],
)
def test_each_figure_of_a_load_that_moved_is_told(now: Sample, then: Sample, told: str) -> None:
    before, after = Row("blob-head", OURS, [then] * 3), Row("blob-head", OURS, [now] * 3)
    assert changes(run_of(after), run_of(before)) == [f"- blob-head on {OURS}: {told}"]


def test_a_single_figure_that_moved_is_told() -> None:
    then, now = Single(START, OURS, "s", [0.9, 1, 1.1]), Single(START, OURS, "s", [0.5, 0.6, 0.7])
    still = Single("memory after start", OURS, "MB", [60, 61])
    assert changes(run_of(singles=[now, still]), run_of(singles=[then, still])) == [
        f"- {START} on {OURS}: median 1.00 → 0.60 s"
    ]


def test_what_is_new_and_what_is_gone_is_told_by_server() -> None:
    kept = of_rates("blob-head", OURS, [100])
    now = run_of(
        kept,
        of_rates("token", OURS, [100]),
        of_rates("batch-get", OURS, [100]),
        of_rates("blob-head", "zot", [100]),
    )
    then = run_of(kept, of_rates("blob-head", "nginx", [100]), singles=[Single(START, OURS, "s", [1])])
    assert changes(now, then) == [
        f"- new on {OURS}: token; batch-get",
        "- new on zot: blob-head",
        "- gone on nginx: blob-head",
        f"- gone on {OURS}: {START}",
    ]


def test_of_a_part_nothing_is_gone() -> None:
    rows = of_rates("blob-head", OURS, [100]), of_rates("token", OURS, [100])
    assert changes(run_of(of_rates("token", OURS, [200]), form=Form.PART), run_of(*rows)) == [
        f"- token on {OURS}: rate 100 → 200 /s"
    ]


@pytest.mark.parametrize(
    ("now", "then"),
    [(Form.QUICK, Form.FULL), (Form.FULL, Form.QUICK), (Form.FULL, Form.PART), (Form.QUICK, Form.QUICK)],
)
def test_only_a_full_run_is_compared_with_and_no_quick_one(now: Form, then: Form) -> None:
    row = of_rates("blob-head", OURS, [100])
    assert compare(run_of(row, form=now), run_of(form=then)) == []


def test_another_machine_is_told_in_one_line() -> None:
    now, then = run_of(machine="that"), run_of()
    now.about |= {"cores": "4", "memory": "25 GB"}
    then.about |= {"memory": "25 GB", "python": "3.11"}
    assert changes(now, then) == ["- another machine: machine this → that, cores 2 → 4"]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a checkout in which a file was committed three times."""
    who = ("-c", "user.name=anyone", "-c", "user.email=anyone@example.com")
    git(tmp_path, "init", "--quiet")
    for text in ("one", "two", "three"):
        (tmp_path / "file").write_text(text, encoding="utf-8")
        git(tmp_path, "add", ".")
        git(tmp_path, *who, "commit", "--quiet", "--message", text)
    monkeypatch.setattr(about, "ROOT", tmp_path)
    return tmp_path / "file"


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True)  # noqa: S603, S607  # ours


@pytest.mark.parametrize(("other_than", "found"), [(b"four", b"three"), (b"three", b"two"), (b"two", b"three")])
def test_what_a_run_is_compared_with_is_the_last_that_was_committed_and_not_itself(
    tree: Path, other_than: bytes, found: bytes
) -> None:
    assert about.committed(tree, other_than=other_than) == found


def test_what_was_never_committed_is_not_compared_with(tree: Path) -> None:
    assert about.committed(tree.with_name("never"), other_than=b"") is None
