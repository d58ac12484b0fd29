"""Sizes that keep the program readable; a decision record says why where one is passed."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/moorage"
GENERATED = {
    SOURCE / "edge/awsjson/shapes.py",
    SOURCE / "edge/awsquery/shapes.py",
    SOURCE / "edge/awsquery/stsshapes.py",
}
FILES = sorted(set(SOURCE.rglob("*.py")) - GENERATED - set(SOURCE.rglob("migrations/versions/*.py")))
WRITTEN = [*FILES, *sorted((ROOT / "tools").rglob("*.py"))]

# Imports inside functions, each with its reason beside it in the source.
LATE = {"cli/lazy.py", "app.py", "outside/web.py"}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def functions() -> Iterator[tuple[str, int]]:
    for path in WRITTEN:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1


def test_no_file_is_longer_than_400_lines() -> None:
    assert [str(path.relative_to(ROOT)) for path in WRITTEN if lines(path) > 400] == []


def test_the_median_file_is_shorter_than_130_lines() -> None:
    assert median(lines(path) for path in FILES) < 130


def test_no_function_is_longer_than_60_lines() -> None:
    assert [name for name, length in functions() if length > 60] == []


def test_nine_functions_of_ten_are_shorter_than_30_lines() -> None:
    lengths = [length for _, length in functions()]
    assert sum(length < 30 for length in lengths) / len(lengths) >= 0.9


def test_conftest_stays_small() -> None:
    assert lines(ROOT / "tests/conftest.py") <= 150


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_stand_at_the_top(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    late = [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == [] or str(path.relative_to(SOURCE)) in LATE


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("__init__.py")), ids=lambda path: str(path.parent.name))
def test_a_package_holds_a_docstring_and_nothing_else(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)


def test_nothing_is_imported_for_types_alone() -> None:
    assert [path.name for path in FILES if "TYPE_CHECKING" in path.read_text(encoding="utf-8")] == []
