"""Keys of resource tags are unique whatever their case, as conditions know them."""

import pytest

from moorage.domain.errors import InvalidResourceTag
from moorage.domain.resourcetag import by_folded, merged, read_resource_tags


@pytest.mark.parametrize("pairs", [(("team", "a"), ("Team", "b")), (("desk", "a"), ("des\u212a", "a"))])
def test_a_key_in_two_spellings_is_refused(pairs: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(InvalidResourceTag):
        read_resource_tags(pairs)


@pytest.mark.parametrize("key", ["Team", "TEAM"])
def test_no_second_spelling_is_added(key: str) -> None:
    with pytest.raises(InvalidResourceTag):
        merged({"team": "a"}, {key: "b"})


def test_what_is_there_in_two_spellings_can_be_mended() -> None:
    assert merged({"team": "a", "Team": "b"}, {"Team": "c", "cost": "d"}) == {"team": "a", "Team": "c", "cost": "d"}


def test_the_values_of_all_spellings_are_told() -> None:
    assert by_folded({"team": "a", "cost": "c", "Team": "b"}) == {"team": ("a", "b"), "cost": ("c",)}
