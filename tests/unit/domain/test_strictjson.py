"""JSON is read in one way only, or not at all."""

import pytest

from moorage.domain import strictjson
from moorage.domain.strictjson import NotStrictJson


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": [1, 2.5, true, null, "x"]}', {"a": [1, 2.5, True, None, "x"]}),
        (b' \t\r\n{"a": {"b": 1}, "c": {"b": 1}}\n', {"a": {"b": 1}, "c": {"b": 1}}),
        (b'"\\u00e9"', "é"),
        (b'"\\ud83d\\ude00"', "😀"),
        ('"größe"'.encode(), "größe"),
    ],
)
def test_plain_json_is_read(text: bytes, value: object) -> None:
    assert strictjson.loads(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b'{"a": 1, "a": 1}', "a key stands twice in one object"),
        (b'{"x": [{"a": 1, "b": 2, "\\u0061": 3}]}', "a key stands twice in one object"),
        (b"NaN", "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"-Infinity", "-Infinity is not JSON"),
        (b"[" + b",".join([b"{}"] * 65_537) + b"]", "it has too many parts"),
        (b'["\\"",' + b",".join([b"[]"] * 65_536) + b"]", "it has too many parts"),
        (b"", "it is not JSON"),
        (b"{} {}", "it is not JSON"),
        (b"{}\0", "it is not JSON"),
        (b"\xef\xbb\xbf{}", "it is not JSON"),
        (b"{'a': 1}", "it is not JSON"),
        (b"[1,]", "it is not JSON"),
        (b'"\n"', "it is not JSON"),
        (b"9" * 5_000, "it is not JSON"),
        (b'"\xff"', "it is not UTF-8"),
        (b'"\xed\xa0\x80"', "it is not UTF-8"),
        (b'"\xc0\x80"', "it is not UTF-8"),
        (b"[" * 100_000, "it is nested too deeply"),
        (b'{"a": "\\ud800"}', "it holds half of a surrogate pair"),
        (b'{"\\udc00": 1}', "it holds half of a surrogate pair"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_another_reader_might_read_differently_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(NotStrictJson, match=f"^{reason}$"):
        strictjson.loads(text)


@pytest.mark.parametrize("depth", [65, 500, 900, 960, 980, 990, 100_000])
@pytest.mark.parametrize("inside", [b"1", b'"\\u0041"'])
def test_deep_nesting_is_refused_at_whatever_depth_and_with_whatever_inside(depth: int, inside: bytes) -> None:
    with pytest.raises(NotStrictJson, match="nested too deeply"):
        strictjson.loads(b"[" * depth + inside + b"]" * depth)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert strictjson.loads(b"[" + b"[1]," * 500 + b"[1]]") == [[1]] * 501


@pytest.mark.parametrize("text", ["[{," * 50_000, '\\"[{,' * 50_000])
def test_what_stands_in_text_is_not_counted(text: str) -> None:
    assert strictjson.loads(b'{"a": "%s", "b": "["}' % text.encode()) == {"a": text.replace("\\", ""), "b": "["}


def test_text_that_does_not_end_is_read_once() -> None:
    """Read from each of its quotation marks to the end, a document of this size would take hours."""
    with pytest.raises(NotStrictJson, match="it is not JSON"):
        strictjson.loads(b'["' + b'\\",' * (1 << 20))


def test_as_many_objects_as_are_allowed_are_read() -> None:
    assert len(strictjson.loads(b"[" + b",".join([b"{}"] * 65_535) + b"]")) == 65_535  # type: ignore[arg-type]  # a list
