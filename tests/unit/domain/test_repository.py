"""Whether a tag may move, and which pairs of mutability and filters can be asked for."""

import pytest

from moorage.domain.errors import InvalidParameter
from moorage.domain.names import Tag
from moorage.domain.repository import MutabilityRule, TagMutability

MUTABLE, IMMUTABLE = TagMutability.MUTABLE, TagMutability.IMMUTABLE
MUTABLE_BUT, IMMUTABLE_BUT = TagMutability.MUTABLE_WITH_EXCLUSION, TagMutability.IMMUTABLE_WITH_EXCLUSION


def test_a_tag_may_move_unless_something_else_was_said() -> None:
    assert MutabilityRule().may_move(Tag("v1"))


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "may_move"),
    [
        (MUTABLE, (), "v1", True),
        (IMMUTABLE, (), "v1", False),
        (IMMUTABLE_BUT, ("latest",), "latest", True),
        (IMMUTABLE_BUT, ("latest",), "v1", False),
        (IMMUTABLE_BUT, ("latest",), "latest-1", False),
        (IMMUTABLE_BUT, ("latest",), "Latest", False),
        (IMMUTABLE_BUT, ("dev-*", "latest"), "dev-", True),
        (IMMUTABLE_BUT, ("dev-*", "latest"), "my-dev-1", False),
        (IMMUTABLE_BUT, ("*-rc*",), "v1-rc2", True),
        (IMMUTABLE_BUT, ("*",), "anything", True),
        (IMMUTABLE_BUT, ("**",), "anything", True),
        (IMMUTABLE_BUT, ("v1.0",), "v1x0", False),
        (MUTABLE_BUT, ("v*",), "v1", False),
        (MUTABLE_BUT, ("v*",), "latest", True),
    ],
)
def test_a_filter_makes_the_exception_of_whole_tags(
    mutability: TagMutability,
    filters: tuple[str, ...],
    tag: str,
    may_move: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert MutabilityRule.parse(mutability, filters or None).may_move(Tag(tag)) is may_move


@pytest.mark.parametrize("filters", [None, ()])
@pytest.mark.parametrize("mutability", [MUTABLE_BUT, IMMUTABLE_BUT])
def test_a_mutability_with_exclusions_needs_filters(mutability: TagMutability, filters: tuple[str, ...] | None) -> None:
    with pytest.raises(InvalidParameter, match=f"can't be null when imageTagMutability is set as {mutability}'"):
        MutabilityRule.parse(mutability, filters)


@pytest.mark.parametrize("mutability", [MUTABLE, IMMUTABLE])
def test_filters_need_a_mutability_with_exclusions(mutability: TagMutability) -> None:
    with pytest.raises(InvalidParameter, match=f"must be null when imageTagMutability is set as {mutability}'"):
        MutabilityRule.parse(mutability, ("v*",))


def test_a_hostile_filter_is_answered_without_delay() -> None:
    rule = MutabilityRule.parse(IMMUTABLE_BUT, ("*a" * 2 + "*" * 100,))
    assert not rule.may_move(Tag("b" * 128))


def test_a_filter_of_many_stars_is_matched_without_trying_everything() -> None:
    rule = MutabilityRule(TagMutability.IMMUTABLE_WITH_EXCLUSION, ("*a" * 12 + "*b",))
    assert not rule.may_move(Tag("a" * 128))
