"""Decide what is wrong with a JSON request, in AWS's words.

The slow path of the codec: the request is already known not to fit its shape. A wrong JSON type anywhere comes first,
as in AWS, where reading precedes validation; then the first broken constraint in the model's order of members.
"""

import binascii
from collections import deque
from collections.abc import Iterator, Mapping

from msgspec import Struct

from moorage.domain.errors import InvalidParameter, MalformedRequest
from moorage.edge.http.shapes import NOT_NULL, Kind, broken, kind_of, members

LONGS = range(-(2**63), 2**63)
WANTED: Mapping[type, str] = {str: "a String", int: "an Integer", bool: "a Boolean", bytes: "a Blob"}
CARRIER: Mapping[type, type] = {bytes: str, tuple: list}  # where JSON has another type than the shape


def check(shape: type[Struct], document: object) -> None:
    """Raise for the first thing that keeps a decoded document from being this shape."""
    violations = _structure(shape, document, "")
    first = next(violations, None)
    deque(violations, maxlen=0)  # read to the end: a wrong type further down goes first
    if first is not None:
        raise first


def _structure(shape: type[Struct], value: object, path: str) -> Iterator[InvalidParameter]:
    if not isinstance(value, dict):
        raise MalformedRequest(_unexpected(value, "a structure"))
    for member in members(shape):
        at = f"{path}.{member.name}" if path else member.name
        found = value.get(member.name)
        if found is not None:
            yield from _value(member.kind, found, at)
        elif member.required:
            yield InvalidParameter(at, NOT_NULL)


def _value(kind: Kind, value: object, at: str) -> Iterator[InvalidParameter]:
    if issubclass(kind.base, Struct):
        yield from _structure(kind.base, value, at)
        return
    wanted = WANTED.get(kind.base, "a list")
    if type(value) is not CARRIER.get(kind.base, kind.base) or (isinstance(value, int) and value not in LONGS):
        raise MalformedRequest(_unexpected(value, wanted))
    constraint = broken(kind.meta, _blob(value) if kind.base is bytes else value)
    if constraint is not None:
        yield InvalidParameter(at, constraint)
    if isinstance(value, list):
        inner = kind_of(kind.item)
        for number, item in enumerate(value, 1):
            place = f"{at}.{number}.member"
            if item is None:
                yield InvalidParameter(place, NOT_NULL)
            else:
                yield from _value(inner, item, place)


def _blob(value: object) -> bytes:
    try:
        return binascii.a2b_base64(str(value), strict_mode=True)
    except ValueError as error:
        raise MalformedRequest("STRING_VALUE is not valid base64") from error


def _unexpected(value: object, wanted: str) -> str:
    match value:
        case dict():
            return "Start of structure or map found where not expected."
        case list():
            return "Start of list found where not expected."
        case None:
            return f"NULL_VALUE can not be converted to {wanted}"
        case bool():
            return f"{str(value).upper()}_VALUE can not be converted to {wanted}"
        case str():
            return f"STRING_VALUE can not be converted to {wanted}"
        case _:
            return f"NUMBER_VALUE can not be converted to {wanted}"
