"""A server may send a byte now and then, or without end, or nothing: the whole of an answer has its time and size."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from moorage.cli.call import Server, send
from moorage.cli.exchange import LONGEST, Answer, Question
from moorage.cli.refused import Refused, one_line

ASKED = Question("POST", "/", (("host", "localhost"),), b"{}")
HEAD = b"HTTP/1.1 200 OK\r\n"
Said = Callable[[socket.socket, threading.Event], None]


@contextmanager
def answering(said: Said, *, hears: bool = True, seconds: float = 30) -> Iterator[Server]:
    """Have a function say what it likes to one connection, until the test is over."""
    over = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as client:
            heard = b""
            while hears and not heard.endswith(b"{}") and (piece := client.recv(4096)):
                heard += piece
            said(client, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Server("127.0.0.1", listener.getsockname()[1], secure=False, ca=None, timeout=seconds)
        finally:
            over.set()
            thread.join()


def whole(body: bytes, length: int | None = None) -> Said:
    told = len(body) if length is None else length
    return lambda client, _: client.sendall(HEAD + f"Content-Length: {told}\r\n\r\n".encode() + body)


def trickling(begins: bytes) -> Said:
    def trickle(client: socket.socket, over: threading.Event) -> None:
        client.sendall(begins)
        while not over.wait(0.05):
            client.sendall(b"x")

    return trickle


def silent(_: socket.socket, over: threading.Event) -> None:
    over.wait()


def test_an_answer_is_read() -> None:
    with answering(whole(b"hello")) as server:
        assert send(server, ASKED) == Answer(200, b"hello")


@pytest.mark.parametrize(
    "begins",
    [b"", b"HTTP/1.1 200 O", HEAD + b"X: ", HEAD + b"Content-Length: 9999\r\n\r\n", HEAD + b"\r\n"],
    ids=["nothing", "status", "header", "body", "endless body"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(begins: bytes) -> None:
    with answering(trickling(begins), seconds=0.4) as server, pytest.raises(Refused, match="does not answer"):
        send(server, ASKED)


def test_a_server_that_says_nothing_to_who_wants_tls_is_not_waited_for() -> None:
    with answering(silent, hears=False) as server:
        secure = Server(server.host, server.port, secure=True, ca=None, timeout=0.4)
        with pytest.raises(Refused, match="timed out"):
            send(secure, ASKED)


@pytest.mark.parametrize("more", [0, 1])
def test_an_answer_has_a_mebibyte_at_most(more: int) -> None:
    with answering(whole(b"x" * (LONGEST + more))) as server:
        if more:
            with pytest.raises(Refused, match="answers with more than 1 MiB"):
                send(server, ASKED)
        else:
            assert len(send(server, ASKED).body) == LONGEST


@pytest.mark.parametrize("body", [b"", b"half"])
def test_half_of_an_answer_is_none(body: bytes) -> None:
    with answering(whole(body, 9)) as server, pytest.raises(Refused, match="does not answer: IncompleteRead"):
        send(server, ASKED)


def test_what_is_no_answer_is_told_in_one_line() -> None:
    with answering(lambda client, _: client.sendall(b"\x1b[2J" + b"x" * 5000 + b"\r\n\r\n")) as server:
        with pytest.raises(Refused, match="does not answer") as told:
            send(server, ASKED)
        assert (told.value.message.isprintable(), len(told.value.message) < 700) == (True, True)


@pytest.mark.parametrize("host", ["..", "a..b", "x" * 70])
def test_a_name_that_nobody_can_have_is_told(host: str) -> None:
    with pytest.raises(Refused, match="does not answer"):
        send(Server(host, 1, secure=False, ca=None), ASKED)


def test_a_credential_that_no_header_can_carry_is_not_shown() -> None:
    asked = Question("POST", "/", (("host", "localhost"), ("x-amz-security-token", "hush\nhush")), b"{}")
    with answering(whole(b"")) as server, pytest.raises(Refused, match="no header can carry") as told:
        send(server, asked)
    assert "hush" not in told.value.message


def test_what_others_say_is_one_line() -> None:
    assert one_line("as it is") == "as it is"
    assert one_line("two\nlines\x1b[0m") == "two\\nlines\\x1b[0m"
    assert one_line("long" * 10, 4) == "long…"


def test_a_name_that_is_looked_up_without_end_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: over.wait(60))
    try:
        with pytest.raises(Refused, match="not looked up in time"):
            send(Server("registry.example.com", 80, secure=False, ca=None, timeout=0.2), ASKED)
        assert not over.is_set()
    finally:
        over.set()


def test_a_name_without_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Refused, match="Name or service not known"):
        send(Server("registry.example.com", 80, secure=False, ca=None), ASKED)
