"""The largest requests and the worst strings for the patterns of the model."""

import base64
import json
import re
from collections.abc import Iterator

import msgspec
import pytest

from moorage.domain.errors import InvalidParameter
from moorage.edge.awsjson.codec import decode, encode
from moorage.edge.awsjson.shapes import OPERATIONS, UploadLayerPartRequest
from moorage.edge.http.shapes import Kind, kind_of, members

UPLOAD = OPERATIONS["UploadLayerPart"]


def annotated(kind: Kind) -> Iterator[Kind]:
    """Find every constrained kind below a shape."""
    yield kind
    if issubclass(kind.base, msgspec.Struct):
        for member in members(kind.base):
            yield from annotated(member.kind)
    elif kind.base is tuple:
        yield from annotated(kind_of(kind.item))


PATTERNS = sorted(
    {
        str(kind.meta.pattern)
        for operation in OPERATIONS.values()
        for kind in annotated(kind_of(operation.input))
        if kind.meta.pattern is not None
    }
)


def test_the_largest_layer_part_is_read() -> None:
    ask = UploadLayerPartRequest(
        repositoryName="team/app",
        uploadId="01234567-89ab-cdef-0123-456789abcdef",
        partFirstByte=0,
        partLastByte=20_971_519,
        layerPartBlob=bytes(20_971_520),
    )
    assert decode(UPLOAD, encode(ask)) == ask


def test_a_layer_part_one_byte_too_large_is_refused() -> None:
    ask = {"repositoryName": "team/app", "uploadId": "01234567-89ab-cdef-0123-456789abcdef", "partFirstByte": 0}
    blob = base64.b64encode(bytes(20_971_521)).decode()
    with pytest.raises(InvalidParameter) as refusal:
        decode(UPLOAD, json.dumps({**ask, "partLastByte": 1, "layerPartBlob": blob}).encode())
    assert refusal.value.constraint == "Member must have length less than or equal to 20971520"


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("unit", ["a", "a-", "-", "a/", "0", "*"])
def test_no_pattern_backtracks_without_end(pattern: str, unit: str) -> None:
    megabyte = unit * (1_000_000 // len(unit))
    assert re.search(pattern, f"{megabyte}!\n") is None


def test_the_pattern_that_was_rewritten_still_means_the_same() -> None:
    operation = OPERATIONS["PutRegistryScanningConfiguration"]
    found = next(kind for kind in annotated(kind_of(operation.input)) if "._\\-/" in str(kind.meta.pattern))
    original = re.compile(str(found.meta.description).removeprefix("must satisfy regular expression '")[:-1])
    words = [""]
    for _ in range(6):
        words = [word + letter for word in words for letter in ("", "a", "*", "-", "/")]
    differing = {w for w in words if bool(original.fullmatch(w)) != bool(re.search(str(found.meta.pattern), w))}
    assert differing == set()
