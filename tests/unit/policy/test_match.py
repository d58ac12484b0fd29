"""Wildcards match as IAM's do, and never take long about it."""

from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage.domain.wildcard import any_of, glob, has_wildcard, literal, literal_head, plain
from moorage.policy.errors import MalformedPolicy
from moorage.policy.match import arn_glob

PATTERNS = st.text(alphabet="ab:*?[.", max_size=10)
TEXTS = st.text(alphabet="ab:*?[.\n", max_size=12)


def naive(pattern: str, text: str) -> bool:
    """Say what a wildcard means, without a thought for the time it takes."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(naive(pattern[1:], text[skipped:]) for skipped in range(len(text) + 1))
    return bool(text) and pattern[0] in {"?", text[0]} and naive(pattern[1:], text[1:])


@given(pattern=PATTERNS, text=TEXTS)
def test_a_pattern_matches_what_its_definition_says(pattern: str, text: str) -> None:
    assert glob(pattern)(text) == naive(pattern, text)


def short(alphabet: str, longest: int) -> Iterator[str]:
    return ("".join(signs) for length in range(longest + 1) for signs in product(alphabet, repeat=length))


@pytest.mark.parametrize(("alphabet", "longest"), [("ab*", 5), ("ab?*", 4)])
def test_all_short_patterns_match_what_their_definition_says(alphabet: str, longest: int) -> None:
    texts = list(short("ab", 5))
    for pattern in short(alphabet, longest):
        test = glob(pattern)
        assert [text for text in texts if test(text)] == [text for text in texts if naive(pattern, text)], pattern


@pytest.mark.parametrize(
    "pattern", ["X", "XX", "x", "X*", "*X", "*X*", "*X?*", "*?X*", " ", "* *", "\n", "aXX*XX", "a*XXXX"]
)
def test_no_other_character_is_a_wildcard(pattern: str) -> None:
    assert not glob(pattern)("a")


def test_wildcards_that_mean_themselves_are_told_from_those_that_do_not() -> None:
    written = literal("a*b?")
    assert not has_wildcard(written)
    assert (plain(written), literal_head(written + "?*")) == ("a*b?", "a*b?")
    for pattern in (written, written + "*", "*" + written, "?" + written[1:]):
        assert glob(pattern)("a*b?")
        assert not glob(pattern)("aab?")
        assert not glob(pattern)("a*bb")
    assert [has_wildcard(text) for text in ("a", "a*", "?")] == [False, True, True]


def test_one_of_several_patterns_is_enough() -> None:
    assert [any_of(patterns)("ab") for patterns in ((), ("b*",), ("a*",), ("b*", "a*"), ("b*", "c*"))] == [
        False,
        False,
        True,
        True,
        False,
    ]


@given(text=TEXTS)
def test_a_text_without_wildcards_matches_itself(text: str) -> None:
    literal = text.replace("*", "").replace("?", "")
    assert glob(literal)(literal)


@pytest.mark.parametrize("pattern", ["[ab]", "[!a]", "a|b", "a.", "(a)", "\\*", "^a$"])
def test_what_other_languages_take_for_a_pattern_is_text(pattern: str) -> None:
    assert not glob(pattern)("a")


@pytest.mark.parametrize("pattern", ["*a" * 500 + "*b", "*a?" * 300 + "b", "a*" * 500 + "b", "*" * 1000 + "b"])
def test_many_stars_do_not_multiply_the_work(pattern: str) -> None:
    # Tried again and again, any of these would outlive the test's time limit by ages.
    assert not glob(pattern)("a" * 5000)


MANY = "?" * 500_000


@pytest.mark.parametrize("pattern", [f"*{MANY}b*", f"*a{MANY}b*", f"*b{MANY}*", f"*{MANY}*{MANY}b", f"{MANY}b*{MANY}"])
def test_many_question_marks_do_not_multiply_the_work(pattern: str) -> None:
    # As above: they are passed in one step, and not one by one at each place of the text.
    assert not glob(pattern)("a" * 2_000_000)


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("*??b??*", ("aabaa", "ababaa", "aaabbaaa"), ("abaa", "aaba", "aabb")),
        ("*a??b*", ("aaab", "baabb", "abab" * 2), ("aab", "aba", "baba")),
        ("*?a??b?*", ("aaaaba", "bbabbbb"), ("aabb", "aaaab", "abab")),
        ("a?*??*?b", ("aaaaab", "a...cb"), ("aaaab", "baaaab", "aaaaaa")),
        ("*?a?b*", ("baab", "aaaba"), ("aab", "baa", "aabx")),
        ("*?a??b?*", ("aaaaba",), ("aabba",)),
        ("*a?b*", ("a\nb", "baab"), ("ab", "ba")),
        ("*a?b?*", ("aaba", "xaabx"), ("aab", "xaab", "aaaab")),
        ("*a?b*b", ("aabb", "xaabxb"), ("aab", "xaab")),
        ("*a?b?*c*", ("aabcc", "aabacb"), ("aabc", "aabca", "aab")),
        ("*a?*b*", ("aab", "abb"), ("ab", "aba")),
        ("*a*?*", ("ab", "bab"), ("a", "ba")),
        ("*Xa?X*", ("XabX", "aXaaXa"), ("abX", "XaX", "Xab")),
        ("*X?*X*", ("XaX", "aXXX"), ("XX", "aaX", "Xa")),
        ("?", ("a",), ("", "ab")),
        ("?a?", ("bab",), ("ba", "baba", "bbb")),
    ],
)
def test_question_marks_are_as_many_characters(pattern: str, fits: tuple[str, ...], others: tuple[str, ...]) -> None:
    test = glob(pattern)
    assert [naive(pattern, text) for text in (*fits, *others)] == [True] * len(fits) + [False] * len(others)
    assert [test(text) for text in (*fits, *others)] == [True] * len(fits) + [False] * len(others)


@pytest.mark.parametrize("pattern", ["*a*a*a*b", "*" * 200 + "b", "*?" * 100 + "b"])
def test_many_stars_find_what_is_there(pattern: str) -> None:
    assert glob(pattern)("a" * 1000 + "b")


def test_a_star_reaches_over_colons_and_slashes() -> None:
    assert glob("arn:*/app")("arn:aws:ecr:us-east-1:111122223333:repository/team/app")


def test_a_question_mark_matches_a_line_feed_and_a_character_beyond_the_first_plane() -> None:
    assert glob("?*?")("\n\U0001f6a2")


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("arn:aws:iam::111122223333:user/*", True),
        ("arn:*:iam::*:user/team/ali?e", True),
        ("arn:aws:iam::111122223333:*", True),
        ("arn:*:user/team/alice:::", False),
        ("arn:aws:*:111122223333:*:*", False),
        ("arn:aws:iam:*:*:role/*", False),
    ],
)
def test_arn_parts_are_matched_one_by_one(pattern: str, *, matches: bool) -> None:
    assert arn_glob(pattern)("arn:aws:iam::111122223333:user/team/alice") is matches


@pytest.mark.parametrize("actual", ["", "arn", "arn:aws:iam::111122223333", "alice"])
def test_what_is_no_arn_matches_no_arn_pattern(actual: str) -> None:
    assert not arn_glob("arn:*:*:*:*:*")(actual)


@pytest.mark.parametrize("pattern", ["*", "arn:*", "alice", "urn:aws:iam::111122223333:root"])
def test_an_arn_pattern_has_six_parts(pattern: str) -> None:
    with pytest.raises(MalformedPolicy, match="must be in ARN format"):
        arn_glob(pattern)
