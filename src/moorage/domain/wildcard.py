"""Wildcards as IAM has them, and as tag filters do: ``*`` is any run of characters, ``?`` is one, the rest is itself.

A pattern is cut at its stars; each piece but the first and the last is looked for once, at its leftmost place. That
is enough, because a star in front of a piece swallows whatever was skipped, and so nothing is ever tried twice:
the time is bounded by the length of the text times the length of the longest piece, whatever the pattern.
"""

import re
from collections.abc import Callable

Test = Callable[[str], bool]

# In a pattern, these two noncharacters stand for a star and a question mark that mean themselves.
_LITERALS = {"*": "\ufdd0", "?": "\ufdd1"}
_LITERAL = str.maketrans(_LITERALS)
_PLAIN = str.maketrans({sign: character for character, sign in _LITERALS.items()})

_FIRST_WILDCARD = re.compile(r"[*?]")


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


def _piece(text: str) -> re.Pattern[str]:
    """Compile a piece between stars: it has one fixed length, and no repetition that could be tried again."""
    wild = ("." if character == "?" else re.escape(plain(character)) for character in text)
    return re.compile("".join(wild), re.DOTALL)


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
    head = _piece(first)
    if not rest:
        return lambda text: head.fullmatch(text) is not None
    tail, tail_length = _piece(rest[-1]), len(rest[-1])
    middle = tuple(_piece(piece) for piece in rest[:-1] if piece)

    def matches(text: str) -> bool:
        if len(text) < least or head.match(text) is None:
            return False
        end = len(text) - tail_length
        if tail.match(text, end) is None:
            return False
        position = len(first)
        for piece in middle:
            found = piece.search(text, position, end)
            if found is None:
                return False
            position = found.end()
        return True

    return matches


def any_of(patterns: tuple[str, ...]) -> Test:
    """Make the test whether a text matches at least one of ``patterns``."""
    tests = tuple(glob(pattern) for pattern in patterns)
    if len(tests) == 1:
        return tests[0]
    return lambda text: any(test(text) for test in tests)
