"""Secrets are compared in constant time: no ``==`` on what a caller could guess letter by letter."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import moorage

SOURCE = Path(moorage.__file__).parent
# Names of values that somebody would have to guess. A mark or a hash of a secret opens nothing by itself, but the time
# that its comparison takes would tell of it all the same.
GUESSED = re.compile(r"(^|_)(secret|signature|password|hmac)($|_(key|hash|access_key))")


def names_in(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr


def guesses(text: str) -> list[int]:
    """Give the lines that compare a secret with anything but a constant."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Compare) or not any(isinstance(one, (ast.Eq, ast.NotEq)) for one in node.ops):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):
            continue
        direct = [side for side in sides if isinstance(side, (ast.Name, ast.Attribute))]
        if any(GUESSED.search(name) for side in direct for name in list(names_in(side))[:1]):
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_secret_is_compared_with_an_equals_sign(path: Path) -> None:
    assert guesses(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("given == secret", True),
        ("claim.signature != expected", True),
        ("a.password == b.password", True),
        ("hmac.compare_digest(given, secret)", False),
        ("signature == ''", False),
        ("signature is None", False),
        ("name == other", False),
    ],
)
def test_the_check_finds_what_it_is_for(line: str, *, found: bool) -> None:
    assert bool(guesses(line)) is found


@pytest.mark.parametrize("path", ["sigv4/verify.py", "operations/keyring.py", "operations/uploadids.py"])
def test_signatures_are_compared_in_constant_time(path: str) -> None:
    assert "compare_digest" in (SOURCE / path).read_text(encoding="utf-8")
