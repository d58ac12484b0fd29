"""What the documents say of the code is held to the code."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import Executable

import moorage.store
from moorage.config import KEYS
from moorage.domain.actions import ROUTES
from moorage.edge.awsjson import own
from moorage.edge.awsjson.edge import HANDLERS as JSON_HANDLERS
from moorage.edge.awsjson.edge import OF_MACHINES, UNSIGNED
from moorage.edge.awsjson.shapes import OPERATIONS
from moorage.edge.awsquery.edge import HANDLERS as QUERY_HANDLERS
from moorage.edge.awsquery.shapes import IAM
from moorage.edge.awsquery.stsshapes import STS

ROOT: Final = Path(__file__).resolve().parents[2]
DOCUMENTS: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")])
DECISIONS: Final = sorted(ROOT.glob("docs/decisions/*.md"))
NAMED: Final = frozenset({*OPERATIONS, *own.OPERATIONS, *IAM, *STS})
BUILT: Final = frozenset(key.partition(".")[2] for key in (*JSON_HANDLERS, *UNSIGNED, *OF_MACHINES, *QUERY_HANDLERS))
FORBIDDEN: Final = {
    "a path of somebody's machine": r"(?<![\w.~$}/-])/(?:home|root|work|tmp|mnt|Users)(?:/|\b)",
    "a package index": r"\b(?:py\w\w|npm\w*|cr\w{4})\.(?:org|io|com)\b|hosted\.org\b|/simple\b",
}


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def sections_of(path: str) -> dict[str, str]:
    """Return the text under each heading of the third level."""
    parts = re.split(r"^### (.+)$", text_of(path), flags=re.MULTILINE)
    return {
        title: re.split(r"^#", text, flags=re.MULTILINE)[0]
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def statements() -> Iterator[str]:
    """Yield the name of each statement of the store, as the documents write it."""
    for found in pkgutil.iter_modules(moorage.store.__path__):
        if found.ispkg or found.name == "migrate":
            continue
        module = importlib.import_module(f"moorage.store.{found.name}")
        constants = {name: value for name, value in vars(module).items() if name.isupper()}
        yield from (f"{found.name}.{name}" for name, value in constants.items() if isinstance(value, Executable))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_the_readme_tells_every_setting_with_its_variable() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", text_of("README.md"), re.MULTILINE)
    assert dict(rows) == {key: f"MOORAGE_{key.upper()}" for key in KEYS}


def test_the_readme_names_the_operations_that_are_built() -> None:
    listed = re.search(r"[A-Z][a-z-]+ of ECR's 62 operations:\n\n((?:- .+\n)+)", text_of("README.md"))
    assert listed is not None
    built = {key.removeprefix("ecr.") for key in JSON_HANDLERS if key.startswith("ecr.")}
    assert set(re.findall(r"[A-Z][a-z]+[A-Z]\w+", listed[1])) == built


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_is_there(path: str) -> None:
    named = set(re.findall(r"^make (\w+)|`make (\w+)", text_of(path), re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", text_of("Makefile"), re.MULTILINE))
    assert {one or other for one, other in named} <= targets


def test_every_operation_has_a_section() -> None:
    assert sections_of("docs/operations.md").keys() == NAMED


@pytest.mark.parametrize("operation", sorted(NAMED))
def test_a_section_says_truly_whether_its_operation_is_built(operation: str) -> None:
    first = sections_of("docs/operations.md")[operation].strip().partition(".")[0]
    assert first == ("Built" if operation in BUILT else "Not built")


def test_every_built_operation_and_endpoint_tells_its_queries() -> None:
    assert sections_of("docs/queries.md").keys() == BUILT | {route.endpoint for route in ROUTES}


def test_the_queries_name_every_statement_and_no_other() -> None:
    assert set(re.findall(r"`(\w+\._[A-Z_]+)`", text_of("docs/queries.md"))) == set(statements())


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_relative_links_resolve(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("what", FORBIDDEN)
@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_no_document_names(path: Path, what: str) -> None:
    assert re.findall(FORBIDDEN[what], path.read_text(encoding="utf-8")) == []


def test_no_number_is_of_two_decisions() -> None:
    numbers = [int(path.name.partition("-")[0]) for path in DECISIONS]
    assert [number for number in set(numbers) if numbers.count(number) > 1] == []


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_tells_context_decision_and_consequences(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "Consequences"]


def test_the_picture_is_well_formed() -> None:
    root = ET.parse(ROOT / "docs/architecture.svg").getroot()  # noqa: S314  # our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
