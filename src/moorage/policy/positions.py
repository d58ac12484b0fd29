"""Where each statement stands in the text of a policy, as people count: lines and columns from one."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from json import JSONDecoder

_DECODER = JSONDecoder()
_LINE_END = re.compile("\n")
_SPACES = " \t\n\r"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; an end is told by the column behind it."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Span:
    start: Position
    end: Position


def spans(text: str) -> tuple[Span, ...]:
    """Find the statements of a document that could be read, in their order."""
    lines = [0, *(found.end() for found in _LINE_END.finditer(text))]
    return tuple(Span(_position(lines, start), _position(lines, end)) for start, end in _statements(text))


def _statements(text: str) -> Iterator[tuple[int, int]]:
    at = _skip(text, 0) + 1
    while text[at := _skip(text, at)] != "}":
        key, at = _value(text, at)
        at = _skip(text, _skip(text, at) + 1)  # over the colon
        if key == "Statement":
            yield from _each(text, at)
            return
        _, at = _value(text, at)
        at = _over_comma(text, at)


def _each(text: str, at: int) -> Iterator[tuple[int, int]]:
    if text[at] != "[":
        yield at, _value(text, at)[1]
        return
    at += 1
    while text[at := _skip(text, at)] != "]":
        _, end = _value(text, at)
        yield at, end
        at = _over_comma(text, end)


def _value(text: str, at: int) -> tuple[object, int]:
    value, end = _DECODER.raw_decode(text, at)
    return value, int(end)


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACES:
        at += 1
    return at


def _over_comma(text: str, at: int) -> int:
    at = _skip(text, at)
    return at + 1 if text[at] == "," else at


def _position(lines: Sequence[int], offset: int) -> Position:
    line = bisect_right(lines, offset)
    return Position(line, offset - lines[line - 1] + 1)
