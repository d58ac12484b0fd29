"""Change the evaluator in every small way that mutmut knows, and see that a test notices each change.

``python tests/conformance/mutation/run.py [GLOB...]`` exits 1 when a mutant survives that ``mutants.toml`` does not
explain, or when one is explained that does not survive. The globs are of mutmut's names, such as
``moorage.policy.match.*``; without any, all mutants are tried.

Mutmut's workers import the tests before they change anything, so that code which runs at import is judged as it was.
Whatever survives there, or has no test, is tried once more in a process of its own, changed from the first import on.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import mangled_name_from_mutant_name, orig_function_and_class_names_from_key

ROOT = Path(__file__).parents[3]
EXPLAINED = ROOT / "tests/conformance/mutants.toml"
PLACE = ROOT / ".tools/mutation"  # mutmut writes beside what it changes: not beside our own files
PARALLEL = min(2, os.cpu_count() or 1)
MOST_SECONDS = 3_600  # of all of mutmut's run
MOST_SECONDS_ALONE = 120  # of one mutant in a process of its own; it takes a few


@dataclass(frozen=True, slots=True)
class Change:
    """What a mutant is to a reader: lines of a function, without their indent, and what stands there instead."""

    file: str
    function: str
    line: str
    becomes: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mutant that mutmut tried; its name ends in a number that the next edit may change."""

    name: str
    change: Change
    noticed: bool


class NotTried(Exception):
    """The mutants could not be tried: nothing can be said of them."""


def explained(path: Path) -> Mapping[Change, str]:
    """Read the changes that change no decision, each with the reason; one entry may tell several of one line."""
    found: dict[Change, str] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"]:
        becomes = entry["becomes"]
        for text in [becomes] if isinstance(becomes, str) else becomes:
            found[Change(entry["file"], entry["function"], entry["line"], text)] = entry["reason"]
    return found


def copy(root: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for name in ("src", "tests"):
        shutil.copytree(root / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", place)


def mutate(place: Path, names: Sequence[str] = ()) -> list[Mutant]:
    """Let mutmut make the mutants and try them."""
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(PARALLEL), *names]
    log = place / "mutmut.log"
    with log.open("wb") as out:
        try:
            done = subprocess.run(  # noqa: S603 - ours
                command, cwd=place, stdout=out, stderr=subprocess.STDOUT, check=False, timeout=MOST_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise NotTried(f"mutmut took more than {MOST_SECONDS} seconds") from None
    if done.returncode != 0:
        raise NotTried(f"mutmut failed: {log.read_text(encoding='utf-8', errors='replace')[-2_000:]}")
    metas = sorted(place.glob("mutants/src/**/*.meta"))
    mutants = [mutant for meta in metas for mutant in _mutants(place, meta, whole=not names)]
    if not mutants:
        raise NotTried("mutmut made no mutants")
    return mutants


def _mutants(place: Path, meta: Path, *, whole: bool) -> Iterator[Mutant]:
    source = meta.with_suffix("")
    spans = json.loads(source.with_suffix(".py.spans").read_text(encoding="utf-8"))["spans"]
    lines = [line.strip() for line in source.read_text(encoding="utf-8").splitlines()]
    file = str(source.relative_to(place / "mutants"))
    for name, exit_code in json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"].items():
        if exit_code is None:
            if whole:
                raise NotTried(f"mutmut did not try {name}")
            continue
        mangled = name.rpartition(".")[2]
        bodies = []
        for each in (f"{mangled_name_from_mutant_name(mangled)}__mutmut_orig", mangled):
            first, last = spans[each]
            bodies.append([line.replace(each, "") for line in lines[first - 1 : last]])
        function, owner = orig_function_and_class_names_from_key(name)
        line, becomes = _difference(*bodies)
        change = Change(file, f"{owner}.{function}" if owner else function, line, becomes)
        yield Mutant(name, change, noticed=status_by_exit_code[exit_code] == "killed")


def _difference(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """Give the lines that differ, from the first to the last."""
    edits = [edit for edit in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if edit[0] != "equal"]
    (_, start, _, new_start, _), (_, _, end, _, new_end) = edits[0], edits[-1]
    return "\n".join(before[start:end]), "\n".join(after[new_start:new_end])


class Alone:
    """Tries a mutant in a process of its own, so that nothing was imported before it is there."""

    def __init__(self, place: Path) -> None:
        self._folder = place / "mutants"
        settings = tomllib.loads((place / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
        tests = [*settings["pytest_add_cli_args"], *settings["pytest_add_cli_args_test_selection"]]
        self._command = [sys.executable, "-m", "pytest", "-q", "-x", *tests]
        if not self.survives("") or self.survives("fail"):
            raise NotTried("the tests do not pass as they are, or they do not run the code that mutmut changed")

    def survives(self, name: str) -> bool:
        environment = {**os.environ, "MUTANT_UNDER_TEST": name, "PYTHONPATH": str(self._folder / "src")}
        environment.pop("PYTEST_ADDOPTS", None)
        try:
            done = subprocess.run(  # noqa: S603 - ours
                self._command,
                cwd=self._folder,
                env=environment,
                capture_output=True,
                check=False,
                timeout=MOST_SECONDS_ALONE,
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


def survivors(place: Path, mutants: Iterable[Mutant]) -> list[Mutant]:
    """Try those again that mutmut saw no test notice."""
    doubtful = [mutant for mutant in mutants if not mutant.noticed]
    alone = Alone(place)
    with ThreadPoolExecutor(PARALLEL) as threads:
        kept = threads.map(alone.survives, (mutant.name for mutant in doubtful))
        return [mutant for mutant, survives in zip(doubtful, kept, strict=True) if survives]


def complaints(left: Iterable[Change], told: Collection[Change]) -> list[str]:
    """Say which survivors are not explained, and which explanations are of none; each is good for one mutant."""
    counted, expected = Counter(left), Counter(told)
    return [
        *(f"survives, and is not explained: {_words(change)}" for change in counted - expected),
        *(f"is explained, and does not survive: {_words(change)}" for change in expected - counted),
    ]


def _words(change: Change) -> str:
    return f"{change.file}, {change.function}\n  - {change.line}\n  + {change.becomes}"


def main(names: Sequence[str], root: Path = ROOT, place: Path = PLACE, told: Path = EXPLAINED) -> int:
    try:
        copy(root, place)
        mutants = mutate(place, names)
        left = [mutant.change for mutant in survivors(place, mutants)]
    except NotTried as reason:
        print(reason)
        return 1
    functions = {(mutant.change.file, mutant.change.function) for mutant in mutants}
    entries = [one for one in explained(told) if not names or (one.file, one.function) in functions]
    wrong = complaints(left, entries)
    equivalent = (Counter(left) & Counter(entries)).total()
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(
        f"{len(mutants)} mutants, {len(mutants) - len(left)} killed, {equivalent} equivalent, "
        f"{len(left) - equivalent} survivors, {(Counter(entries) - Counter(left)).total()} stale explanations"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
