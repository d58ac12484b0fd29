"""Turn AWS JSON 1.1 bodies into shapes, and shapes into bodies.

A good body is read twice, both times in C: once generically, for what msgspec lets pass (duplicate keys, U+0000), and
once into its shape. Only a body that does not fit is walked in Python, to find AWS's words for what is wrong with it.
"""

from functools import cache

from msgspec import DecodeError, Struct
from msgspec.json import Decoder, Encoder

from moorage.domain import strictjson
from moorage.domain.errors import MalformedRequest
from moorage.edge.awsjson.constraints import check
from moorage.edge.awsjson.shapes import OperationShape

DEEPEST = 64
LONG_BODY, LONG_STRING = 65_536, 1024


def _plain(value: object) -> str:
    """Write the house's judged names, which are strings of a type of their own."""
    if isinstance(value, str):
        return str(value)
    raise NotImplementedError


_ENCODER = Encoder(enc_hook=_plain)


def decode(shape: OperationShape, body: bytes) -> Struct:
    """Read the input of an operation, or raise ``MalformedRequest`` or ``InvalidParameter``."""
    body = body or b"{}"
    _inspect(_hollow(body))
    try:
        return _decoder(shape.input).decode(body)
    except DecodeError as error:
        check(shape.input, _document(body))
        raise MalformedRequest(str(error)) from error


def encode(output: Struct) -> bytes:
    """Write the output of an operation; a member that is None stays absent."""
    return _ENCODER.encode(output)


@cache
def _decoder(shape: type[Struct]) -> Decoder[Struct]:
    return Decoder(shape)


def _inspect(body: bytes) -> None:
    """Refuse what fits no shape: broken text, duplicate keys, characters nobody can store, endless nesting."""
    document = _document(body)
    # Only this escape can bring in a NUL, and only many brackets nest deep: nearly no body is walked.
    if b"\\u0000" in body or body.count(b"[") + body.count(b"{") > DEEPEST:
        _walk(document, 1)


def _document(body: bytes) -> object:
    try:
        return strictjson.loads(body)
    except strictjson.NotStrictJson as error:
        raise MalformedRequest(str(error)) from error
    except RecursionError as error:
        raise MalformedRequest("the body is nested too deeply") from error


def _walk(value: object, depth: int) -> None:
    match value:
        case str() if "\0" in value:
            raise MalformedRequest("a string holds the character U+0000")
        case dict() | list() if depth > DEEPEST:
            raise MalformedRequest("the body is nested too deeply")
        case dict():
            for name, inner in value.items():
                _walk(name, depth)
                _walk(inner, depth + 1)
        case list():
            for inner in value:
                _walk(inner, depth + 1)
        case _:
            pass


def _hollow(body: bytes) -> bytes:
    """Take the long strings out of a long body: a layer part of 20 MB need not be read generically.

    Without a backslash, every other piece between quotes is a string. What is taken out still passes msgspec, which
    refuses control characters; the only thing it skips over is broken UTF-8, so the body must be ASCII.
    """
    if len(body) < LONG_BODY or b"\\" in body or not body.isascii():
        return body
    pieces = body.split(b'"')
    pieces[1::2] = [
        piece if len(piece) < LONG_STRING else b"long string %d" % at for at, piece in enumerate(pieces[1::2])
    ]
    return b'"'.join(pieces)
