"""Requests are read strictly: what two programs could read differently is read by neither."""

import pytest

from moorage.cli.metadata.message import Malformed, Response, plain, read_head, write_response


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def test_a_head_is_read() -> None:
    read = read_head(head("GET /latest/meta-data/a%40b?x=1 HTTP/1.1", "Host: here:80", "X-Thing:  a value "))
    assert (read.method, read.path, read.header("host"), read.header("x-thing"), read.stays) == (
        *("GET", "/latest/meta-data/a@b", "here:80", "a value"),
        True,
    )


@pytest.mark.parametrize("lines", [("GET / HTTP/1.0", "Host: a"), ("GET / HTTP/1.1", "Connection: Close")])
def test_a_connection_ends_when_the_client_says_so(lines: tuple[str, ...]) -> None:
    assert not read_head(head(*lines)).stays


@pytest.mark.parametrize(
    "lines",
    [
        ("",),
        ("GET",),
        ("GET /",),
        ("GET  / HTTP/1.1",),
        ("GET / HTTP/2.0",),
        ("GET http://169.254.169.254/latest/ HTTP/1.1",),
        ("GET * HTTP/1.1",),
        ("GET latest HTTP/1.1",),
        ("GET /\x00 HTTP/1.1",),
        ("GET /\xe9 HTTP/1.1",),
        ("G(T / HTTP/1.1",),
        ("GET / HTTP/1.1", "no colon"),
        ("GET / HTTP/1.1", "Host : a"),
        ("GET / HTTP/1.1", ": a"),
        ("GET / HTTP/1.1", "X: a", " folded"),
        ("GET / HTTP/1.1", "X: a\x00"),
        ("GET / HTTP/1.1", "X: a\nHost: b"),
        ("GET / HTTP/1.1", "Host: a", "host: b"),
        ("GET / HTTP/1.1", "Authorization: a", "Authorization: a"),
        ("GET / HTTP/1.1", "X-aws-ec2-metadata-token: a", "X-aws-ec2-metadata-token: b"),
        ("PUT / HTTP/1.1", "Content-Length: 1"),
        ("PUT / HTTP/1.1", "Content-Length: 00"),
        ("PUT / HTTP/1.1", "Transfer-Encoding: chunked"),
    ],
    ids=repr,
)
def test_what_is_no_request_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        read_head(head(*lines))


def test_an_answer_says_how_long_it_is_and_is_kept_by_nobody() -> None:
    told = write_response(Response(200, "höh", headers=(("Allow", "GET"),)), stays=True)
    assert (
        b"Content-Length: 4\r\n" in told,
        b"Cache-Control: no-store\r\n" in told,
        b"\r\nAllow: GET\r\n" in told,
    ) == (
        *(True, True),
        True,
    )
    assert told.endswith(b"\r\n\r\nh\xc3\xb6h")


def test_an_answer_to_head_has_no_body() -> None:
    told = write_response(plain(404, "why"), stays=False, with_body=False)
    assert (b"Content-Length: 19\r\n" in told, told.endswith(b"\r\n\r\n")) == (True, True)
