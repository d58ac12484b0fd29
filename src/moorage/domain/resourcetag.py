"""Resource tags: names and values for people and for policies. They are no image tags."""

from collections.abc import Collection, Iterable, Mapping

from moorage.domain.errors import InvalidResourceTag, TooManyResourceTags

MOST = 50
_MOST_REMOVED = 200  # at once; more than a repository can have, for a client may name what is not there
_LONGEST_KEY, _LONGEST_VALUE = 128, 256
_RESERVED = "aws:"
_SIGNS = frozenset(" _.:/=+-@")


def read_resource_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Read tags as they were asked for, each key once, whatever its case: conditions cannot tell them apart.

    Raises:
        InvalidResourceTag

    """
    tags: dict[str, str] = {}
    known: set[str] = set()
    for key, value in pairs:
        if not is_tag_key(key):
            raise InvalidResourceTag(f"Tag key '{key[:_LONGEST_KEY]}' is invalid")
        if not is_tag_value(value):
            raise InvalidResourceTag(f"The value of tag '{key}' is invalid")
        if key.lower().startswith(_RESERVED):
            raise InvalidResourceTag(f"Tag key '{key}' is invalid: the prefix aws: is reserved")
        if folded(key) in known:
            raise InvalidResourceTag(f"Tag key '{key}' is given twice: case makes no difference")
        known.add(folded(key))
        tags[key] = value
    return _counted(tags)


def check_room(keys: Collection[str], values: Collection[str]) -> None:
    """Refuse more and longer tags than there can be: before policies are asked about what a client invents.

    Keys without values are those of tags to be removed.

    Raises:
        InvalidResourceTag, TooManyResourceTags

    """
    if len(keys) > (MOST if values else _MOST_REMOVED):
        raise TooManyResourceTags(MOST)
    for key in keys:
        if len(key) > _LONGEST_KEY:
            raise InvalidResourceTag(f"Tag key '{key[:_LONGEST_KEY]}' is invalid")
    if any(len(value) > _LONGEST_VALUE for value in values):
        raise InvalidResourceTag(f"A tag's value has at most {_LONGEST_VALUE} characters")


def folded(key: str) -> str:
    """Give a key as conditions know it: they set case aside."""
    return key.lower()


def by_folded(tags: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Sort tags by their keys without case, each with the values that it has: what was stored long ago may have two."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in tags.items():
        found[folded(key)] = (*found.get(folded(key), ()), value)
    return found


def merged(tags: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Add tags; one under an old key takes the old one's place, and none is there in a second spelling.

    Raises:
        InvalidResourceTag, TooManyResourceTags

    """
    known = frozenset(map(folded, tags))
    for key in more:
        if key not in tags and folded(key) in known:
            raise InvalidResourceTag(f"Tag key '{key}' is there in another spelling: case makes no difference")
    return _counted({**tags, **more})


def _counted(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MOST:
        raise TooManyResourceTags(MOST)
    return tags


def is_tag_key(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_KEY and _is_plain(text)


def is_tag_value(text: str) -> bool:
    return len(text) <= _LONGEST_VALUE and _is_plain(text)


def _is_plain(text: str) -> bool:
    """Whether the text has letters, digits, blanks and AWS's signs alone."""
    return all(character.isalnum() or character in _SIGNS for character in text)
