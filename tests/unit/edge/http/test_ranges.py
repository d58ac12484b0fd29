"""The Range header: one stretch, all of it, or none."""

import pytest

from moorage.edge.http.ranges import ByteRange, RangeUnsatisfiable, read_range


@pytest.mark.parametrize(
    ("header", "first", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 10),
        ("bytes=2-5", 2, 6),
        ("bytes=9-9", 9, 10),
        ("bytes=5-999", 5, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-999", 0, 10),
        ("Bytes=1-2", 1, 3),
        ("bytes= 1 - 2 ", 1, 3),
    ],
)
def test_one_range_is_a_stretch(header: str, first: int, end: int) -> None:
    assert read_range(header, 10) == ByteRange(first, end)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=0-1,3-4",
        "bytes=a-b",
        "bytes=1",
        "bytes=٣-",
        "bytes=0x1-2",
        "bytes=--1",
        "items=0-1",
        "bytes=" + "9" * 19 + "-",
    ],
)
def test_what_is_not_one_range_asks_for_everything(header: str | None) -> None:
    assert read_range(header, 10) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=10-20", 10), ("bytes=-0", 10), ("bytes=0-", 0), ("bytes=-5", 0)]
)
def test_a_range_behind_the_end_cannot_be_had(header: str, size: int) -> None:
    with pytest.raises(RangeUnsatisfiable):
        read_range(header, size)


@pytest.mark.parametrize("header", ["bytes={}x", "bytes={}-{}x", "bytes=1{}-2{}x", "bytes=-{}{}x"])
def test_a_mebibyte_of_blanks_is_read_once(header: str) -> None:
    """Cut in every possible way, it would be read for hours, and there would be no end to this test."""
    assert read_range(header.replace("{}", " " * (1 << 20)), 100) is None
