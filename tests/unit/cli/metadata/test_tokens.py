"""Session tokens of IMDSv2: made for a time, good until then, and good for nobody who makes them up."""

import pytest

from moorage.cli.metadata.tokens import Tokens
from unit.cli.metadata.given import Given, credentials


def tokens() -> tuple[Given, Tokens]:
    given = Given([credentials()])
    return given, Tokens(lambda: given.seconds)


def test_a_token_is_good_until_its_time_is_over() -> None:
    given, made = tokens()
    token = made.make(60)
    given.seconds = 59.9
    good = made.holds(token)
    given.seconds = 60
    assert (good, made.holds(token)) == (True, False)


def test_no_two_tokens_are_alike() -> None:
    made = tokens()[1]
    assert len({made.make(60) for _ in range(100)}) == 100


def test_a_token_of_another_process_is_no_good() -> None:
    assert not tokens()[1].holds(tokens()[1].make(60))


@pytest.mark.parametrize("token", ["", "A", "AAAA", "é", "=" * 80, "A" * 74 + "==", "A" * 8000])
def test_what_nobody_made_is_no_good(token: str) -> None:
    assert not tokens()[1].holds(token)


def test_a_token_with_one_character_changed_is_no_good() -> None:
    made = tokens()[1]
    token = made.make(60)
    changed = [token[:at] + ("B" if token[at] == "A" else "A") + token[at + 1 :] for at in range(len(token) - 4)]
    assert [one for one in changed if made.holds(one)] == []
