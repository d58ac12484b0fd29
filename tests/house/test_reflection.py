"""What a request names is found in a table, never by looking for something of that name in the program."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

import moorage

SOURCE = Path(moorage.__file__).parent
WAYS: Final = frozenset({"getattr", "setattr", "delattr", "eval", "exec", "globals", "locals", "__import__"})
# Where a name that is no constant is looked up, and how often: none of them comes from a request.
KNOWN: Final[Mapping[str, int]] = {
    "cli/lazy.py": 1,  # the commands that there are
    "config.py": 1,  # fields of the settings
    "edge/awsjson/edge.py": 1,  # members of the operation's own shape
    "edge/awsquery/attached.py": 1,  # shapes, when the module is loaded
    "edge/awsquery/codec.py": 1,  # members of an answer's own shape
    "operations/hashing.py": 3,  # functions of the C library, by the algorithm
}


def lookups(text: str) -> list[int]:
    """Give the lines that find something of the program by a name which is made at run time."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if called == "import_module" or (isinstance(node.func, ast.Name) and called in WAYS):
            at = 0 if called in {"import_module", "__import__"} else 1
            if len(node.args) <= at or not isinstance(node.args[at], ast.Constant):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_names_are_looked_up_where_it_is_known_to_be_safe(path: Path) -> None:
    found = lookups(path.read_text(encoding="utf-8"))
    assert len(found) == KNOWN.get(str(path.relative_to(SOURCE)), 0), found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("getattr(edge, name)", True),
        ("getattr(edge, f'_{name}')(body)", True),
        ("globals()[name]", True),
        ("importlib.import_module(name)", True),
        ("setattr(found, name, value)", True),
        ("getattr(edge, 'name', None)", False),
        ("import_module('moorage.cli.authority')", False),
        ("HANDLERS.get(name)", False),
    ],
)
def test_the_check_finds_what_it_is_for(line: str, *, found: bool) -> None:
    assert bool(lookups(line)) is found
