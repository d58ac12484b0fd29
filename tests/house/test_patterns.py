"""Every pattern of the program reads hostile texts of 100 kB in time that grows with their length."""

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import moorage
from house import slowtexts

SOURCE = Path(moorage.__file__).parent
CALLS: Final = frozenset({"match", "fullmatch", "search", "findall", "finditer", "sub", "split"})
SECONDS: Final = 20  # of processor time for all texts of a pattern, which need few: a catastrophe takes hours
# Where a pattern is made at run time.
MADE: Final[Mapping[str, str]] = {
    "config.py: re.fullmatch(pattern, text)": "for settings, with constants of that file",
    "cli/credential_provider.py: re.search(f'<{name}>([^<]*)</{name}>', text)": "the chosen server's answer",
    "domain/wildcard.py: re.compile(''.join(wild), re.DOTALL)": "its repeats have one length each",
    "edge/http/shapes.py: re.search(meta.pattern, value)": "of the shapes, which are read below with their lengths",
}
# What comes shorter than the texts: how long the longest is, and what sees to it.
SHORTER: Final[Mapping[str, tuple[int, str]]] = {
    "domain/names.py _REPOSITORY": (258, "the length is judged first; of a pattern, what stands between its stars"),
}


class Case(NamedTuple):
    """A pattern, how it is used, and how long what it reads may be at most."""

    name: str
    pattern: str
    flags: int
    ways: tuple[str, ...]
    longest: int | None
    is_bytes: bool


def _compiled(path: Path, text: str) -> Iterator[Case]:
    """List the patterns that a module keeps, with the ways in which it uses them."""
    module = importlib.import_module(".".join(("moorage", *path.with_suffix("").parts)))
    for name, value in vars(module).items():
        kept = value.items() if isinstance(value, dict) else [("", value)]
        for key, pattern in kept:
            if isinstance(pattern, re.Pattern):
                ways = set(re.findall(rf"\b{name}\.({'|'.join(CALLS)})\(", text)) or {"match", "fullmatch"}
                yield _case(f"{path} {name}{key and f'[{key}]'}", pattern, ways)


def _case(
    name: str, pattern: "re.Pattern[str] | re.Pattern[bytes]", ways: set[str], longest: int | None = None
) -> Case:
    is_bytes = isinstance(pattern.pattern, bytes)
    text = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    return Case(name, text, pattern.flags, tuple(sorted(ways)), SHORTER.get(name, (longest, ""))[0], is_bytes)


def _written(path: Path, text: str) -> Iterator[Case | str]:
    """List the patterns that stand in calls and in shapes; what is no constant, as the line that it is."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called == "Meta":
            said = {word.arg: word.value for word in node.keywords}
            if "pattern" in said:
                pattern = str(ast.literal_eval(said["pattern"]))
                longest = int(ast.literal_eval(said["max_length"])) if "max_length" in said else None
                yield _case(f"{path} {pattern} {longest}", re.compile(pattern), {"search"}, longest)
        elif called.startswith("re.") and called.removeprefix("re.") in CALLS:
            if isinstance(node.args[0], ast.Constant):
                pattern = str(node.args[0].value)
                yield _case(f"{path} {pattern}", re.compile(pattern), {called.removeprefix("re.")})
            else:
                yield f"{path}: {ast.unparse(node)}"


def _made_later(path: Path, text: str) -> Iterator[str]:
    """List what is compiled in functions."""
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile":
                    yield f"{path}: {ast.unparse(node)}"


def _all() -> tuple[list[Case], set[str]]:
    cases: dict[str, Case] = {}
    made: set[str] = set()
    for file in sorted(SOURCE.rglob("*.py")):
        path, text = file.relative_to(SOURCE), file.read_text(encoding="utf-8")
        if not re.search(r"^import re$|\bpattern=", text, re.MULTILINE):
            continue
        made.update(_made_later(path, text))
        for found in (*_compiled(path, text), *_written(path, text)):
            if isinstance(found, str):
                made.add(found)
            else:
                cases[found.name] = found
    return list(cases.values()), made


def killed(cases: list[Case], seconds: int = SECONDS) -> list[str]:
    """Give the patterns that were not read to the end."""
    lines = "".join(json.dumps(case._asdict()) + "\n" for case in cases)
    command = [sys.executable, slowtexts.__file__, str(seconds)]
    done = subprocess.run(command, input=lines, stdout=subprocess.PIPE, check=True, text=True)  # noqa: S603 - our own file
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_patterns_read_hostile_texts_once() -> None:
    cases, _ = _all()
    assert len(cases) > 100
    assert killed(cases) == []


def test_no_pattern_is_made_at_run_time_but_those_that_are_known() -> None:
    assert _all()[1] == set(MADE)


def test_what_comes_shorter_is_a_pattern_that_there_is() -> None:
    assert set(SHORTER) <= {case.name for case in _all()[0]}


@pytest.mark.parametrize(
    ("pattern", "way"),
    [
        (r"bytes=\s*([0-9]{0,18})\s*-\Z", "match"),
        (r"\$\{[a-z]+(?::[^,{}'\s]+)+\}", "search"),
        (r"\A(?:[a-z0-9]+(?:[._-]?[a-z0-9]+)*)\Z", "search"),
        (r"\s+\Z", "search"),
    ],
)
def test_the_texts_find_what_they_are_for(pattern: str, way: str) -> None:
    assert killed([_case("slow", re.compile(pattern), {way})], seconds=2) == ["slow"]
