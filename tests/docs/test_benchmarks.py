"""The results that are committed are those of whole runs, and their pages say what the JSON does."""

import re
from pathlib import Path
from typing import Final

import pytest
from bench.figures import Results
from bench.forms import Form
from bench.growing import GROWING
from bench.report import markdown
from bench.scale import Growth
from bench.scale import markdown as markdown_of_growth
from bench.sizes import FULL

from guards.whole import lacking

FOLDER: Final = Path(__file__).parents[2] / "docs/benchmarks"


@pytest.fixture
def results() -> Results:
    return Results.from_json((FOLDER / "results.json").read_bytes())


@pytest.fixture
def growth() -> Growth:
    return Growth.from_json((FOLDER / "growth.json").read_bytes())


@pytest.fixture
def told(results: Results, growth: Growth) -> list[dict[str, str]]:
    return [results.about, growth.about]


def test_they_are_of_full_runs(told: list[dict[str, str]]) -> None:
    assert [about["form"] for about in told] == [Form.FULL, Form.FULL]


def test_they_name_the_commit_they_were_measured_at(told: list[dict[str, str]]) -> None:
    assert [about["commit"] for about in told if not re.fullmatch("[0-9a-f]{12}", about["commit"])] == []


def test_nothing_of_moorage_is_lacking(results: Results) -> None:
    # Profiles follow the routes that the guards count, which are added to between two runs.
    assert [what for what in lacking(results, FULL.rounds) if not what.startswith("where: ")] == []


def test_growth_is_measured_up_to_a_million_images(growth: Growth) -> None:
    assert growth.steps == (1_000, 100_000, 1_000_000)
    assert {name: len(spreads) for name, spreads in growth.costs.items()} == dict.fromkeys(GROWING, 3)
    assert [len(each) for each in (growth.started, growth.memory, growth.database)] == [3, 3, 3]


def test_nothing_costs_much_more_in_a_large_registry(growth: Growth) -> None:
    assert growth.excessive == []


def test_the_pages_say_what_the_json_does(results: Results, growth: Growth) -> None:
    page = (FOLDER / "results.md").read_text(encoding="utf-8")
    assert page.startswith(markdown(results, []).rstrip())  # what moved since an older run follows
    assert (FOLDER / "growth.md").read_text(encoding="utf-8") == markdown_of_growth(growth)
