"""The condition keys that the input of an AWS JSON call makes: read before permission is asked."""

from collections.abc import Mapping

from moorage.domain.resourcetag import check_room, folded
from moorage.policy.request import Value

_LONGEST_SETTING = 128  # longer than any name of an account setting: nothing that is cut here passes its check


def read_facts(members: Mapping[str, object]) -> Mapping[str, Value]:
    """Give what the name of a setting and the tags say; what is none of them is refused after the decision.

    What is longer than it can be is refused at once: a decision takes time for it, and a denial keeps it.

    Raises:
        InvalidResourceTag, TooManyResourceTags

    """
    facts: dict[str, Value] = {}
    setting = members.get("name")  # account settings are all that a ``name`` is of
    if isinstance(setting, str):
        facts["ecr:accountsetting"] = setting[:_LONGEST_SETTING]
    keys = members.get("tagKeys")
    removed = [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
    check_room(removed, ())
    tags = _tags(members.get("tags"))
    check_room([key for key, _ in tags], [value for _, value in tags])
    for key, value in tags:
        facts[f"aws:requesttag/{folded(key)}"] = value
    if removed or tags:
        facts["aws:tagkeys"] = (*removed, *(key for key, _ in tags))
    return facts


def _tags(given: object) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for tag in given if isinstance(given, list) else ():
        key, value = (tag.get("Key"), tag.get("Value")) if isinstance(tag, dict) else (None, None)
        if isinstance(key, str) and isinstance(value, str):
            found.append((key, value))
    return found
