"""Generated shapes, taken apart: their members, and which constraint a value breaks, in the words AWS shares."""

import re
from functools import cache
from types import NoneType
from typing import Annotated, NamedTuple, get_args, get_origin

from msgspec import Meta, Struct
from msgspec.structs import fields


class Kind(NamedTuple):
    """A member's annotation taken apart."""

    base: type
    item: object  # the annotation of a list's items
    meta: Meta


class Member(NamedTuple):
    """A member of a shape."""

    name: str
    required: bool
    kind: Kind


UNLIMITED = Meta()
NOT_NULL = "Member must not be null"


def broken(meta: Meta, value: object) -> str | None:
    """Name the first constraint the value breaks; size comes before pattern, so that a long string costs nothing."""
    if isinstance(value, int):
        noun, size, least, most = "value", value, meta.ge, meta.le
    elif isinstance(value, (str, bytes, list, range)):
        noun, size, least, most = "length", len(value), meta.min_length, meta.max_length
    else:
        return None
    if least is not None and size < least:
        return f"Member must have {noun} greater than or equal to {least}"
    if most is not None and size > most:
        return f"Member must have {noun} less than or equal to {most}"
    if meta.pattern is not None and isinstance(value, str) and not re.search(meta.pattern, value):
        return meta.description
    return None


@cache
def members(shape: type[Struct]) -> tuple[Member, ...]:
    """List the members of a shape in the model's order."""
    return tuple(Member(field.name, field.required, kind_of(field.type)) for field in fields(shape))


@cache
def kind_of(annotation: object) -> Kind:
    """Take an annotation such as ``Annotated[tuple[str, ...], Meta(max_length=100)] | None`` apart."""
    if NoneType in get_args(annotation):
        annotation = next(arg for arg in get_args(annotation) if arg is not NoneType)
    meta = UNLIMITED
    if get_origin(annotation) is Annotated:
        annotation, meta = get_args(annotation)
    base = get_origin(annotation) or annotation
    if not isinstance(base, type):
        raise TypeError(annotation)
    return Kind(base, next(iter(get_args(annotation)), None), meta)
