"""Texts that a pattern may be slow to read, and a program that reads them with little processor time.

Standard library alone, and run as a program: a pattern that is being matched cannot be interrupted, only killed.
It is given the seconds that each pattern may take, and cases as lines of JSON; it writes the names of those that were
killed.
"""

import json
import os
import re
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from re import _constants as code  # type: ignore[attr-defined]  # no stub knows the tree that a pattern is read into
from re import _parser  # type: ignore[attr-defined]  # as above
from typing import Any

SIZE = 100_000
USUAL = " a0-./_:"
_PRINTABLE = "".join(map(chr, range(32, 127))) + "\t\n\x00\xa0"
_REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)
_SIGNS = (code.LITERAL, code.NOT_LITERAL, code.ANY, code.IN)
_MANY = 1000  # a repeat of fewer is bounded by what is written

Tree = Iterable[tuple[object, Any]]  # what a kind's value is depends on the kind


class _Full(Exception):
    """The repeat that is blown up has been written."""


class _Writer:
    """Write one text that a pattern matches: how each choice falls is settled before."""

    def __init__(self, fill: str, option: int, least: int, blown: int) -> None:
        self.fill, self.option, self.least, self.blown = fill, option, least, blown
        self.seen = 0  # repeats without a bound
        self.out: list[str] = []
        self.head = ""  # up to the end of the repeat that is blown up

    def write(self, tree: Tree) -> None:
        for kind, value in tree:
            if kind in _REPEATS:
                self._repeat(*value)
            elif kind is code.SUBPATTERN:
                self.write(value[3])
            elif kind is code.ATOMIC_GROUP:
                self.write(value)
            elif kind is code.BRANCH:
                branches = value[1]
                self.write(branches[self.option % len(branches)])
            elif kind in _SIGNS:
                self.out.append(_sign((kind, value), self.fill))
            elif kind not in {code.AT, code.ASSERT, code.ASSERT_NOT}:
                raise NotImplementedError(kind)

    def _repeat(self, least: int, most: int, body: Tree) -> None:
        mine = -1
        if most >= _MANY:
            mine, self.seen = self.seen, self.seen + 1
        begun = len(self.out)
        for _ in range(max(least, min(most, self.least), int(mine == self.blown and mine >= 0))):
            self.write(body)
        if mine == self.blown and mine >= 0:
            once = "".join(self.out[begun:]) or "a"
            self.out.append(once * (SIZE // len(once)))
            self.head = "".join(self.out)


def _admits(part: tuple[object, Any], sign: str) -> bool:
    kind, value = part
    if kind is code.ANY:
        return sign != "\n"
    if kind is code.IN:
        return re.match(_class(value), sign) is not None
    return (value == ord(sign)) is (kind is code.LITERAL)


def _class(parts: Tree) -> str:
    """Write a character class again."""
    names = {
        code.CATEGORY_DIGIT: r"\d",
        code.CATEGORY_NOT_DIGIT: r"\D",
        code.CATEGORY_SPACE: r"\s",
        code.CATEGORY_NOT_SPACE: r"\S",
        code.CATEGORY_WORD: r"\w",
        code.CATEGORY_NOT_WORD: r"\W",
    }
    text = ""
    for kind, value in parts:
        if kind is code.NEGATE:
            text += "^"
        elif kind is code.LITERAL:
            text += re.escape(chr(value))
        elif kind is code.RANGE:
            low, high = value
            text += f"{re.escape(chr(low))}-{re.escape(chr(high))}"
        else:
            text += names[value]
    return f"[{text}]"


def _sign(part: tuple[object, Any], fill: str) -> str:
    return next((sign for sign in fill + USUAL + _PRINTABLE if _admits(part, sign)), "\u3000")


def _alphabet(tree: Tree) -> list[str]:
    """Give one of all signs that mean the same to whatever is repeated without a bound."""
    leaves = list(_repeated(tree, inside=False))
    kinds: dict[tuple[bool, ...], str] = {}
    for sign in USUAL + _PRINTABLE:
        kinds.setdefault(tuple(_admits(leaf, sign) for leaf in leaves), sign)
    return list(kinds.values())


def _repeated(tree: Tree, *, inside: bool) -> Iterator[tuple[object, Any]]:
    for kind, value in tree:
        if kind in _REPEATS:
            yield from _repeated(value[2], inside=inside or value[1] >= _MANY)
        elif kind is code.SUBPATTERN:
            yield from _repeated(value[3], inside=inside)
        elif kind is code.ATOMIC_GROUP:
            yield from _repeated(value, inside=inside)
        elif kind is code.BRANCH:
            for branch in value[1]:
                yield from _repeated(branch, inside=inside)
        elif inside and kind in _SIGNS:
            yield kind, value


def texts(pattern: str, flags: int) -> Iterator[str]:
    """Write long texts: of one sign, of what the pattern begins with, and of all but its end."""
    tree = _parser.parse(pattern, flags)
    branches = min(4, 1 + pattern.count("|"))
    yield from (sign * SIZE for sign in USUAL)
    for fill in _alphabet(tree):
        for option in range(branches):
            for least in (0, 1):
                plain = _Writer(fill, option, least, -1)
                plain.write(tree)
                begin = "".join(plain.out)
                for length in range(1, min(len(begin), 8)):
                    yield begin[:length] * (SIZE // length)
                for blown in range(plain.seen):
                    writer = _Writer(fill, option, least, blown)
                    writer.write(tree)
                    yield writer.head
                    yield writer.head + "\x00"
                    yield writer.head + "\n'"
                    yield "".join(writer.out) + "\x00"


def _once(written: Iterable[str], longest: int) -> Iterator[str]:
    """Give each text once, cut to what may come, with its end."""
    seen = set()
    for text in written:
        cut = text if len(text) <= longest else text[: longest - 1] + text[-1]
        if cut not in seen:
            seen.add(cut)
            yield cut


def read(pattern: str, flags: int, ways: Sequence[str], longest: int | None, *, is_bytes: bool) -> None:
    """Read every text in each of the ways in which the pattern is used."""
    compiled = re.compile(pattern, flags)
    in_bytes = re.compile(pattern.encode("latin-1"), flags & ~re.UNICODE) if is_bytes else None
    for text in _once(texts(pattern, flags), longest or SIZE * 2):
        for way in ways:
            extra = ("",) if way == "sub" else ()
            if in_bytes is not None:
                found = getattr(in_bytes, way)(*(part.encode() for part in extra), text.encode("latin-1", "replace"))
            else:
                found = getattr(compiled, way)(*extra, text)
            if way == "finditer":
                list(found)


def _run(case: dict[str, Any], seconds: int) -> bool:
    """Read in a child whose processor time is limited; False when it was killed."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        read(**case)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    for line in sys.stdin:
        case = json.loads(line)
        name = case.pop("name")
        if not _run(case, int(sys.argv[1])):
            sys.stdout.write(json.dumps(name) + "\n")
            sys.stdout.flush()
