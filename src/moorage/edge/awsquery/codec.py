"""Turn AWS query forms into shapes, and shapes into XML.

The forms are small and their members few, so there is one path only: read, check, build. The words are IAM's own.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from msgspec import Meta, Struct

from moorage.domain.errors import MalformedRequest, ValidationFailed
from moorage.edge.awsquery.shapes import OperationShape
from moorage.edge.http.shapes import NOT_NULL, Kind, broken, kind_of, members

MOST_FIELDS = 512
LONGEST_ECHO = 1024
Form = Mapping[str, str]


def parse_form(body: bytes) -> Form:
    """Read ``application/x-www-form-urlencoded``, in which every field stands once."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise MalformedRequest(f"the form has more than {MOST_FIELDS} fields or is not valid UTF-8") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise MalformedRequest("a field stands twice in the form")
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise MalformedRequest("the form holds the character U+0000")
    return form


def decode(shape: OperationShape, form: Form) -> Struct:
    """Read the input of an operation, or raise ``MalformedRequest`` or ``ValidationFailed``."""
    return _structure(shape.input, form, "")


def encode(operation_name: str, namespace: str, output: Struct | None, request_id: str) -> bytes:
    """Write the answer of an operation; one without output has no result element."""
    result = "" if output is None else _element(f"{operation_name}Result", "".join(_fields(output)))
    metadata = _element("ResponseMetadata", _element("RequestId", _escaped(request_id)))
    return _root(f"{operation_name}Response", namespace, result + metadata)


def encode_error(namespace: str, kind: str, code: str, message: str, request_id: str) -> bytes:
    """Write an error; ``kind`` is ``Sender`` or ``Receiver``."""
    told = {"Type": kind, "Code": code, "Message": message}
    error = _element("Error", "".join(_element(name, _escaped(text)) for name, text in told.items()))
    return _root("ErrorResponse", namespace, error + _element("RequestId", _escaped(request_id)))


def _structure(shape: type[Struct], form: Form, prefix: str) -> Struct:
    found = {}
    for member in members(shape):
        at = prefix + member.name
        if _given(form, at):
            found[member.name] = _value(member.kind, form, at)
        elif member.required:
            raise missing(at)
    if prefix:
        _refuse_strays(shape, form, prefix)
    return shape(**found)


def missing(at: str) -> ValidationFailed:
    """Word that a member is not there, which its place in the form names."""
    return ValidationFailed(_sentence("Value null", at, NOT_NULL))


def _refuse_strays(shape: type[Struct], form: Form, prefix: str) -> None:
    """Refuse what an inner structure has no member for: misspelt, the limits of a session would vanish in silence."""
    known = {member.name for member in members(shape)}
    for name in form:
        if name.startswith(prefix) and name.removeprefix(prefix).partition(".")[0] not in known:
            raise ValidationFailed(f"{_echo(name)} is no member that is known: it has {', '.join(sorted(known))}")


def _given(form: Form, at: str) -> bool:
    return at in form or any(name.startswith(f"{at}.") for name in form)


def _value(kind: Kind, form: Form, at: str) -> object:
    if issubclass(kind.base, Struct):
        if form.get(at):
            raise MalformedRequest(f"{at} is not a structure")
        return _structure(kind.base, form, f"{at}.")
    if kind.base is tuple:
        inner, numbers = kind_of(kind.item), _numbers(form, at)
        _check(kind.meta, numbers, "Value", at)
        return tuple(_value(inner, form, f"{at}.member.{number}") for number in numbers)
    if at not in form:
        raise MalformedRequest(f"{at} is not a plain value")
    text = form[at]
    value = READERS[kind.base](text, at)
    _check(kind.meta, value, f"Value '{_echo(text)}'", at)
    return value


def _echo(text: str) -> str:
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}..."


def _numbers(form: Form, at: str) -> range:
    """Find the indexes of a list's items, which go from 1 upwards without a gap; ``Tags=`` is an empty list."""
    start = f"{at}.member."
    seen = {name.removeprefix(start).partition(".")[0] for name in form if name.startswith(start)}
    numbers = range(1, len(seen) + 1)
    strays = any(name.startswith(f"{at}.") and not name.startswith(start) for name in form)
    if seen != {str(number) for number in numbers} or form.get(at) or strays:
        raise MalformedRequest(f"the items of {at} are not numbered from 1 upwards")
    return numbers


def _integer(text: str, at: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise MalformedRequest(f"{at} is not an integer")
    return int(text)


def _boolean(text: str, at: str) -> bool:
    if text not in {"true", "false"}:
        raise MalformedRequest(f"{at} is neither true nor false")
    return text == "true"


READERS: Mapping[type, Callable[[str, str], object]] = {
    str: lambda text, _: text,
    int: _integer,
    bool: _boolean,
}


def _check(meta: Meta, value: object, told: str, at: str) -> None:
    constraint = broken(meta, value)
    if constraint is not None:
        raise ValidationFailed(_sentence(told, at, constraint))


def _sentence(told: str, at: str, constraint: str) -> str:
    # Tags.member.1.Key in the form is tags.1.member.key in the sentence.
    place = ".".join(part[:1].lower() + part[1:] for part in re.sub(r"member\.(\d+)", r"\1.member", at).split("."))
    return f"1 validation error detected: {told} at '{place}' failed to satisfy constraint: {constraint}"


def _fields(value: Struct) -> Iterator[str]:
    for member in members(type(value)):
        found = getattr(value, member.name)
        if found is None:
            continue
        if (member.kind.meta.extra or {}).get("url_encoded"):
            found = quote(found, safe="")
        yield _element(member.name, _text(found))


def _text(value: object) -> str:
    match value:
        case Struct():
            return "".join(_fields(value))
        case tuple():
            return "".join(_element("member", _text(item)) for item in value)
        case dict():
            pairs = (_element("key", _text(key)) + _element("value", _text(item)) for key, item in value.items())
            return "".join(_element("entry", pair) for pair in pairs)
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case _:
            return _escaped(str(value))


def _root(name: str, namespace: str, content: str) -> bytes:
    return f'<{name} xmlns="{_escaped(namespace)}">{content}</{name}>'.encode()


def _element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


# XML 1.0 cannot carry most control characters in any way, and a parser turns a bare carriage return into a line feed.
_UNCARRIED = (*range(0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF)
_ESCAPES: Mapping[int, str] = (
    dict.fromkeys(_UNCARRIED, "\ufffd")
    | {ord("\t"): "\t", ord("\n"): "\n", ord("\r"): "&#13;"}
    | {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord('"'): "&quot;"}
)
