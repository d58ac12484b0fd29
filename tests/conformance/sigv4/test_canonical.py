"""Canonical forms, one rule a case; the whole is held against botocore in ``test_verify``."""

import pytest

from moorage.sigv4.canonical import canonical_headers, canonical_query, canonical_request, canonical_uri
from moorage.sigv4.head import Head


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("", "/"),
        ("/", "/"),
        ("//", "/"),
        ("/a//b/", "/a/b/"),
        ("/a/./b/../c", "/a/c"),
        ("/a/..", "/"),
        ("/../..", "/"),
        ("/a/", "/a/"),
        ("/a b~", "/a%20b~"),
        ("/a%20b", "/a%2520b"),
        ("/%2e%2e/a", "/%252e%252e/a"),
        ("/ሴ", "/%E1%88%B4"),
        ("/\ud800", "/%ED%A0%80"),
        ("/a:b@c", "/a%3Ab%40c"),
    ],
)
def test_a_path_is_normalised_and_encoded_once_more(path: str, expected: str) -> None:
    assert canonical_uri(path) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ""),
        ("b=2&a=1", "a=1&b=2"),
        ("a=2&a=10&a", "a=&a=10&a=2"),
        ("a-b=1&a=1", "a=1&a-b=1"),
        ("B=1&a=1&A=1", "A=1&B=1&a=1"),
        ("a=b=c", "a=b%3Dc"),
        ("a+b=%2B", "a%20b=%2B"),
        ("a=%2f/%7E~", "a=%2F%2F~~"),
        ("a=%zz", "a=%25zz"),
        ("a=%ff&a=%fe", "a=%FE&a=%FF"),
        ("&a", "=&a="),
        ("a=1&X-Amz-Signature=0&X%2DAmz-Signature=1", "a=1"),
        ("x-amz-signature=0", "x-amz-signature=0"),
    ],
)
def test_a_query_is_decoded_encoded_and_sorted_without_its_signature(query: str, expected: str) -> None:
    assert canonical_query(query) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((("a", "  x \t y  "),), "a:x y\n"),
        ((("a", '"x   y"'),), 'a:"x y"\n'),
        ((("a", "z"), ("b", "1"), ("a", " y ")), "a:z,y\n"),
        ((("a", ""), ("a", "")), "a:,\n"),
        ((("a", " é\u00a0 \n é "),), "a:é\u00a0 é\n"),
    ],
)
def test_a_signed_header_is_trimmed_and_joined(headers: tuple[tuple[str, str], ...], expected: str) -> None:
    assert canonical_headers(Head("GET", "/", "", headers), ("a",)) == expected


def test_a_canonical_request_has_the_documented_lines() -> None:
    head = Head("GET", "/", "b=&a=1", (("host", "example.com"), ("x-amz-date", "now"), ("accept", "unsigned")))
    expected = "GET\n/\na=1&b=\nhost:example.com\nx-amz-date:now\n\nhost;x-amz-date\nhash"
    assert canonical_request(head, ("host", "x-amz-date"), "hash") == expected
