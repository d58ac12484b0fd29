"""The page that the benchmark writes for people, of results made by hand."""

import re
from dataclasses import replace

import pytest
from bench.figures import Row
from bench.lineup import OURS
from bench.report import markdown, number

from guards.samples import of_costs, of_rates, run_of, sample


@pytest.mark.parametrize(
    ("value", "told"), [(12345.6, "12,346"), (12.34, "12.3"), (0.5, "0.50"), (0.041, "0.041"), (0, "0")]
)
def test_a_figure_is_told_with_three_digits_or_so(value: float, told: str) -> None:
    assert number(value) == told


def test_the_page_tells_medians_with_their_spread() -> None:
    samples = [sample(1000 * n, 100 * n, p50=n, p99=10 * n, memory=100 * n) for n in (1, 2, 4)]
    page = markdown(run_of(Row("blob-head", OURS, samples)), [])
    assert f"| blob HEAD | {OURS} | 2,000 (1,000 to 4,000) /s | 200 (100 to 400) µs | 10% |  |  |" in page
    assert f"| blob HEAD | {OURS} | 2.00 (1.00 to 4.00) | 20.0 (10.0 to 40.0) | 200 (100 to 400) |" in page


def test_the_page_tells_others_over_ours_and_what_is_void() -> None:
    ours, other = of_costs("blob-head", OURS, [100, 100]), Row("blob-head", "nginx", [sample(500, 25, share=0.99)] * 2)
    assert "| blob HEAD | nginx (void) | 500 /s | 25.0 µs | 99% | 0.50 | 0.25 |" in markdown(run_of(ours, other), [])


def test_the_page_tells_how_many_of_a_crowd_stayed() -> None:
    samples = [replace(sample(), company=count) for count in (1000, 990, 1000)]
    page = markdown(run_of(Row("manifest-get-dripped", OURS, samples)), [])
    assert f"| {OURS}, beside 1,000 (990 to 1,000) | 1,000 /s |" in page


@pytest.mark.parametrize("told", [[], ["- blob-head on moorage: rate 1 → 2 /s"]])
def test_the_page_ends_with_what_changed(told: list[str]) -> None:
    page = markdown(run_of(of_rates("blob-head", OURS, [100])), told)
    assert re.findall("^- .+ on .+", page, re.MULTILINE) == told
    assert ("\n\nSince the last committed run" in page) is bool(told)


def test_tables_have_as_many_cells_as_heads() -> None:
    page = markdown(run_of(of_rates("blob-head", OURS, [100]), of_rates("blob-head", "dd", [200])), [])
    tables = re.findall(r"(?:^\|.*\|\n)+", page, re.MULTILINE)
    assert len(tables) == 3
    for table in tables:
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_what_failed_is_told_in_one_line() -> None:
    results = run_of(of_rates("blob-head", OURS, [100]))
    results.failed["token on moorage"] = "it did not start:\n- one\n- two"
    assert "\n- failed: token on moorage: it did not start: - one - two\n" in markdown(results, [])
