"""Wildcards as IAM has them, and as tag filters do: ``*`` is any run of characters, ``?`` is one, the rest is itself.

A pattern is cut at its stars; each piece but the first and the last is looked for once, at its leftmost place. That
is enough, because a star in front of a piece swallows whatever was skipped, and so nothing is ever tried twice:
the time grows with the length of the text, and only a piece of many question marks with other characters between them
multiplies it by the number of those. Such texts are bounded where they come in (``policy.request.bounded``).
"""

import re
from collections.abc import Callable

Test = Callable[[str], bool]

# In a pattern, these two noncharacters stand for a star and a question mark that mean themselves.
_LITERALS = {"*": "\ufdd0", "?": "\ufdd1"}
_LITERAL = str.maketrans(_LITERALS)
_PLAIN = str.maketrans({sign: character for character, sign in _LITERALS.items()})

_FIRST_WILDCARD = re.compile(r"[*?]")
_NOWHERE = -1
_RUN = re.compile(r"[^?]+")
_RUNS = re.compile(r"[^?]+|\?+")


def literal(text: str) -> str:
    """Write a text as a pattern that nothing else matches."""
    return text.translate(_LITERAL)


def plain(pattern: str) -> str:
    """Give the text that a pattern without wildcards means."""
    return pattern.translate(_PLAIN)


def literal_head(pattern: str) -> str:
    """Whatever a matching text must begin with."""
    return plain(_FIRST_WILDCARD.split(pattern, maxsplit=1)[0])


def has_wildcard(pattern: str) -> bool:
    return _FIRST_WILDCARD.search(pattern) is not None


def _anything(_text: str) -> bool:
    return True


def _standing(piece: str) -> Callable[[str, int], bool]:
    """Make the test whether a piece stands at a place of a text that is long enough for it."""
    runs = tuple((found.start(), plain(found[0])) for found in _RUN.finditer(piece))
    if not runs:
        return lambda _text, _at: True
    if len(runs) == 1:
        ((offset, run),) = runs
        return lambda text, at: text.startswith(run, at + offset)
    return lambda text, at: all(text.startswith(run, at + offset) for offset, run in runs)


def _finder(piece: str) -> Callable[[str, int, int], int]:
    """Make what gives the end of a piece's leftmost place between two places of a text, if there is one."""
    core = piece.strip("?")
    before = len(piece) - len(piece.lstrip("?"))
    after = len(piece) - len(core) - before
    if not core:
        return lambda _text, start, end: start + before if start + before <= end else _NOWHERE
    if "?" in core:
        return _wild_finder(core, before, after)
    literal_core = plain(core)
    behind = len(core) + after

    def find(text: str, start: int, end: int) -> int:
        found = text.find(literal_core, start + before, end - after)
        return _NOWHERE if found == _NOWHERE else found + behind

    return find


def _wild_finder(core: str, before: int, after: int) -> Callable[[str, int, int], int]:
    """Make the finder of a piece with question marks inside; a run of them is passed in one step."""
    wild = (re.escape(plain(run)) if run[0] != "?" else f".{{{len(run)}}}" for run in _RUNS.findall(core))
    search = re.compile("".join(wild), re.DOTALL).search

    def find(text: str, start: int, end: int) -> int:
        found = search(text, start + before, end - after)
        return _NOWHERE if found is None else found.end() + after

    return find


def glob(pattern: str) -> Test:
    """Make the test whether a text matches ``pattern`` from its first to its last character."""
    if pattern.strip("*") == "":
        return _anything if pattern else "".__eq__
    if not has_wildcard(pattern):
        return plain(pattern).__eq__
    head, *rest = pattern.split("*")
    if rest == [""] and "?" not in head:
        beginning = plain(head)
        return lambda text: text.startswith(beginning)
    return _pieces(pattern)


def _pieces(pattern: str) -> Test:
    first, *rest = pattern.split("*")
    least = len(pattern) - len(rest)
    head = _standing(first)
    if not rest:
        return lambda text: len(text) == least and head(text, 0)
    tail, tail_length = _standing(rest[-1]), len(rest[-1])
    middle = tuple(_finder(piece) for piece in rest[:-1] if piece)

    def matches(text: str) -> bool:
        end = len(text) - tail_length
        if len(text) < least or not head(text, 0) or not tail(text, end):
            return False
        position = len(first)
        for find in middle:
            position = find(text, position, end)
            if position == _NOWHERE:
                return False
        return True

    return matches


def any_of(patterns: tuple[str, ...]) -> Test:
    """Make the test whether a text matches at least one of ``patterns``."""
    tests = tuple(glob(pattern) for pattern in patterns)
    if len(tests) == 1:
        return tests[0]
    return lambda text: any(test(text) for test in tests)
