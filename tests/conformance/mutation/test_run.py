"""The gate notices a mutant that no test does, and an explanation of one that is not there."""

import json
from pathlib import Path

import pytest

from conformance.mutation.run import EXPLAINED, ROOT, Change, complaints, explained, main

SOURCE = """\
def twice(number):
    return number * 2


FOUR = twice(2)


def shout(text):
    return text.lower().upper()
"""
TESTS = """\
from small import FOUR, shout


def test_code_that_ran_at_import():
    assert FOUR == 4


def test_shouting():
    assert shout("aHa") == "AHA"
"""
SETTINGS = """\
[tool.mutmut]
source_paths = ["src"]
pytest_add_cli_args = ["-p", "no:cacheprovider"]
pytest_add_cli_args_test_selection = ["tests"]
use_git_change_detection = false
"""
UNNOTICED = Change("src/small.py", "shout", "return text.lower().upper()", "return text.upper().upper()")
OTHER = Change("src/small.py", "shout", "return text.lower().upper()", "return text.lower().lower()")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"src/small.py": SOURCE, "tests/test_small.py": TESTS, "pyproject.toml": SETTINGS}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def tell(file: Path, *changes: Change) -> Path:
    fields = ("file", "function", "line", "becomes")
    entries = [
        "[[equivalent]]\n"
        + "".join(f"{field} = {json.dumps(getattr(change, field))}\n" for field in fields)
        + 'reason = "x"\n'
        for change in changes
    ]
    file.write_text("\n".join(entries) or "equivalent = []\n", encoding="utf-8")
    return file


def test_a_mutant_that_nothing_notices_fails_until_it_is_explained(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = project / "mutants.toml"
    assert main((), project, project / "place", tell(told)) == 1
    out = capsys.readouterr().out
    assert "survives, and is not explained: src/small.py, shout\n" in out
    assert f"  + {UNNOTICED.becomes}\n" in out
    assert out.endswith(" killed, 0 equivalent, 1 survivors, 0 stale explanations\n")

    assert main(("small.x_shout*",), project, project / "place", tell(told, UNNOTICED)) == 0
    assert capsys.readouterr().out == "2 mutants, 1 killed, 1 equivalent, 0 survivors, 0 stale explanations\n"


def test_tests_that_fail_as_they_are_say_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "tests/test_small.py").write_text("def test_nothing():\n    assert False\n", encoding="utf-8")
    assert main((), project, project / "place", tell(project / "mutants.toml")) == 1
    assert capsys.readouterr().out.startswith("mutmut failed: ")


def test_what_is_explained_and_does_not_survive_is_told() -> None:
    assert complaints([UNNOTICED], [UNNOTICED]) == []
    (stale,) = complaints([UNNOTICED], [UNNOTICED, OTHER])
    assert stale.startswith("is explained, and does not survive: src/small.py, shout\n")


def test_an_explanation_is_good_for_one_mutant() -> None:
    assert len(complaints([UNNOTICED, UNNOTICED], [UNNOTICED])) == 1


@pytest.mark.parametrize("change", explained(EXPLAINED), ids=lambda change: f"{change.function}: {change.becomes}")
def test_what_is_explained_stands_in_the_code(change: Change) -> None:
    """The long run says whether a mutant survives; that its line was edited is told here."""
    lines = {line.strip() for line in (ROOT / change.file).read_text(encoding="utf-8").splitlines()}
    assert set(change.line.split("\n")) <= lines


def test_every_explanation_says_why() -> None:
    assert all(reason.strip() for reason in explained(EXPLAINED).values())
