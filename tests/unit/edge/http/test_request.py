"""What a request says of itself: its query, the length of its body, and how much of it came."""

import asyncio

import pytest

from moorage.domain.errors import MalformedRequest
from moorage.edge.http.body import Bodies
from moorage.edge.http.request import Origin, Request
from unit.edge.http.wire import WHOLE, Arrived


def request(query: str = "", *pairs: tuple[str, str], pieces: tuple[bytes, ...] = WHOLE) -> Request:
    arrived = Arrived(pairs=pairs, query_string=query, pieces=pieces)
    origin = Origin("localhost", 80, secure=False, client="127.0.0.1", trusted=True)
    return Request(arrived, arrived, origin, "request-1", Bodies())


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", {}),
        ("n=2&last=a", {"n": "2", "last": "a"}),
        ("digest=sha256%3Aab", {"digest": "sha256:ab"}),
        ("mount=", {"mount": ""}),
        ("mount", {"mount": ""}),
        ("a=%C3%A4+b", {"a": "ä b"}),
    ],
)
def test_a_query_has_fields(query: str, fields: dict[str, str]) -> None:
    assert request(query).query == fields


@pytest.mark.parametrize(
    "query",
    ["n=1&n=2", "n=1&n=1", "a=%FF", "&".join(f"a{number}=1" for number in range(65))],
    ids=lambda text: text[:9],
)
def test_a_query_that_cannot_be_read_in_one_way_is_refused(query: str) -> None:
    with pytest.raises(MalformedRequest):
        request(query).query  # noqa: B018 - reading is what raises


@pytest.mark.parametrize(
    ("pairs", "length"), [((), None), ((("content-length", "0"),), 0), ((("content-length", "12"),), 12)]
)
def test_the_length_of_the_body_is_what_was_declared(pairs: tuple[tuple[str, str], ...], length: int | None) -> None:
    assert request("", *pairs).content_length == length


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "0x1", " 1", "1\n", "9" * 19])
def test_a_length_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(MalformedRequest):
        request("", ("content-length", text)).content_length  # noqa: B018 - reading is what raises


@pytest.mark.parametrize(
    ("pairs", "has_body"),
    [
        ((), False),
        ((("content-length", "0"),), False),
        ((("content-length", "1"),), True),
        ((("transfer-encoding", "chunked"),), True),
    ],
)
def test_a_request_tells_whether_it_has_a_body(pairs: tuple[tuple[str, str], ...], has_body: bool) -> None:  # noqa: FBT001 - a column of the table
    assert request("", *pairs).has_body is has_body


def test_what_was_streamed_is_counted() -> None:
    made = request(pieces=(b"ab", b"cde", *WHOLE))

    async def drain() -> list[bytes]:
        return [piece async for piece in made.stream()]

    assert (asyncio.run(drain()), made.received) == ([b"ab", b"cde"], 5)
