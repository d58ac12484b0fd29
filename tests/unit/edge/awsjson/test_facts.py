"""What a call says of tags makes condition keys, unless it is longer than any tag can be."""

import pytest

from moorage.domain.errors import InvalidResourceTag, TooManyResourceTags
from moorage.edge.awsjson.facts import read_facts


def tags(*pairs: tuple[str, str]) -> dict[str, object]:
    return {"tags": [{"Key": key, "Value": value} for key, value in pairs]}


def test_tags_and_their_keys_are_told() -> None:
    assert read_facts(tags(("Team", "red"), ("k" * 128, "v" * 256))) == {
        "aws:requesttag/team": "red",
        f"aws:requesttag/{'k' * 128}": "v" * 256,
        "aws:tagkeys": ("Team", "k" * 128),
    }
    assert read_facts({"tagKeys": ["team"] * 200}) == {"aws:tagkeys": ("team",) * 200}


@pytest.mark.parametrize("given", [{"tags": "x"}, {"tags": [None, {"Key": 1, "Value": "v"}]}, {"tagKeys": [3]}, {}])
def test_what_is_no_tag_says_nothing(given: dict[str, object]) -> None:
    assert read_facts(given) == {}


@pytest.mark.parametrize(
    "given", [tags(("k" * 129, "v")), tags(("k", "v" * 257)), {"tagKeys": ["k" * 129]}, {"tagKeys": ["k" * 1_000_000]}]
)
def test_what_is_longer_than_any_tag_is_refused_before_anything_is_decided(given: dict[str, object]) -> None:
    with pytest.raises(InvalidResourceTag):
        read_facts(given)


@pytest.mark.parametrize("given", [tags(*((f"k{n}", "") for n in range(51))), {"tagKeys": ["k"] * 201}])
def test_more_tags_than_there_can_be_are_refused_before_anything_is_decided(given: dict[str, object]) -> None:
    with pytest.raises(TooManyResourceTags):
        read_facts(given)


def test_of_a_setting_no_more_is_told_than_a_name_may_have() -> None:
    assert read_facts({"name": "BASIC_SCAN"}) == {"ecr:accountsetting": "BASIC_SCAN"}
    assert read_facts({"name": "x" * 1_000_000}) == {"ecr:accountsetting": "x" * 128}
