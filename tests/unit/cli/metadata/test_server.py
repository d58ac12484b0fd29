"""The little HTTP server over real sockets on loopback: hostile and slow clients cost little and stop nobody."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from moorage.cli.listener import open_listener
from moorage.cli.metadata.guard import Ends, Guard
from moorage.cli.metadata.message import Request, Response
from moorage.cli.metadata.server import Answer, Server
from moorage.domain.listen import Listen

HEAD = b"GET /it HTTP/1.1\r\nHost: localhost\r\n\r\n"
LONG = 600.0
MUCH = "x" * (4 * 1024 * 1024)  # more than the kernel takes for who does not read
NEAR = Guard()
T = TypeVar("T")
OPEN: "list[Client]" = []


async def told_path(request: Request) -> Response:
    return Response(200, request.path)


async def broken(request: Request) -> Response:
    raise ValueError(f"secret in {request.path}")


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, port: int) -> "Client":
        made = cls(*await asyncio.open_connection("127.0.0.1", port))
        OPEN.append(made)
        return made

    async def ask(self, raw: bytes = HEAD) -> tuple[int, bytes]:
        self.writer.write(raw)
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        body = b"" if raw.startswith(b"HEAD") else await self.reader.readexactly(length)
        return int(head.split()[1]), body

    async def is_closed(self) -> bool:
        try:
            return await self.reader.read() == b""
        except ConnectionError:
            return True


def serve(  # noqa: PLR0913 - a server has that many
    use: Callable[[int], Awaitable[T]],
    answer: Answer = told_path,
    *,
    seconds: float = LONG,
    connections: int = 4,
    said: list[str] | None = None,
    guard: Guard = NEAR,
) -> T:
    async def serving() -> T:
        listener = open_listener(Listen("127.0.0.1", 0))
        server = Server(
            answer, guard, (said if said is not None else []).append, seconds=seconds, connections=connections
        )
        await server.start(listener)
        try:
            return await use(listener.getsockname()[1])
        finally:
            await server.stop()
            for client in OPEN:
                client.writer.transport.abort()
            await asyncio.sleep(0)
            OPEN.clear()

    return asyncio.run(serving())


def test_requests_are_answered_one_after_the_other() -> None:
    async def use(port: int) -> list[tuple[int, bytes]]:
        client = await Client.of(port)
        return [
            await client.ask(),
            await client.ask(HEAD.replace(b"/it", b"/other")),
            await client.ask(b"HEAD" + HEAD[3:]),
        ]

    assert serve(use) == [(200, b"/it"), (200, b"/other"), (200, b"")]


def test_a_connection_is_closed_when_the_client_wants_it() -> None:
    async def use(port: int) -> tuple[int, bool]:
        client = await Client.of(port)
        return (await client.ask(HEAD[:-2] + b"Connection: close\r\n\r\n"))[0], await client.is_closed()

    assert serve(use) == (200, True)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /it HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /", 400),
        (b"GET /it HTTP/1.1\r\nHost: evil.example.com\r\n\r\n", 403),
        (b"GET /it HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n", 403),
        (b"GET /it HTTP/1.1\r\n\r\n", 400),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
        (b"GET /it HTTP/1.1\r\n" + b"X: y\r\n" * 4000 + b"\r\n", 431),
    ],
    ids=["nonsense", "body", "host", "proxy", "hostless", "target", "headers"],
)
def test_what_is_not_answered_is_told(raw: bytes, status: int) -> None:
    async def use(port: int) -> tuple[int, bool]:
        client = await Client.of(port)
        return (await client.ask(raw))[0], await client.is_closed()

    assert serve(use) == (status, True)


@pytest.mark.parametrize("start", [b"", b"GET /it HTTP/1.1\r\nHost:"])
def test_who_never_ends_a_request_is_not_waited_for(start: bytes) -> None:
    async def use(port: int) -> bool:
        client = await Client.of(port)
        client.writer.write(start)
        return await client.is_closed()

    assert serve(use, seconds=0.2)


def test_who_only_waits_makes_room_for_who_asks() -> None:
    async def use(port: int) -> tuple[int, bool]:
        idle = [await Client.of(port) for _ in range(4)]
        for client in idle:
            client.writer.write(b"GET")
        return (await (await Client.of(port)).ask())[0], await idle[0].is_closed()

    assert serve(use) == (200, True)


async def much(request: Request) -> Response:
    return Response(200, "x" if request.path == "/it" else MUCH)


STALLED = {
    "silent": b"",
    "half": b"GET /it HTTP/1.1\r\nHost:",
    "not reading": b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "not reading its last": b"GET /much HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("begins", STALLED.values(), ids=STALLED)
def test_two_hundred_who_neither_send_nor_read_shut_nobody_out(begins: bytes) -> None:
    async def use(port: int) -> list[tuple[int, bytes]]:
        told = []
        for _ in range(4):
            for _ in range(50):
                (await Client.of(port)).writer.write(begins)
            told.append(await (await Client.of(port)).ask())
        return told

    assert serve(use, much, connections=128) == [(200, b"x")] * 4


def test_who_does_not_read_the_last_answer_is_not_waited_for() -> None:
    async def use(port: int) -> bool:
        client = await Client.of(port)
        client.writer.write(STALLED["not reading its last"])
        await asyncio.sleep(0.5)
        return len(await client.reader.read(-1)) < len(MUCH)

    assert serve(use, much, seconds=0.1)


def test_who_may_not_ask_is_told_before_it_asks_and_takes_no_slot() -> None:
    class Strangers(Guard):
        def refuse_peer(self, ends: Ends) -> Response | None:
            return super().refuse_peer(Ends.of("192.0.2.1", str(ends.here)))

    async def use(port: int) -> list[tuple[int, bool]]:
        told = []
        for _ in range(20):
            client = await Client.of(port)
            told.append(((await client.ask(b""))[0], await client.is_closed()))
        return told

    assert serve(use, guard=Strangers()) == [(403, True)] * 20


def test_more_than_so_many_are_not_answered_at_once() -> None:
    async def use(port: int) -> tuple[int, bool]:
        client = await Client.of(port)
        return (await client.ask(b""))[0], await client.is_closed()

    async def busy(port: int) -> tuple[int, bool]:
        for _ in range(4):
            client = await Client.of(port)
            client.writer.write(HEAD)
        await all_begun.wait()
        return await use(port)

    begun = list[str]()
    all_begun = asyncio.Event()

    async def never(request: Request) -> Response:
        begun.append(request.path)
        if len(begun) == 4:
            all_begun.set()
        await asyncio.Event().wait()
        return Response(200)

    assert serve(busy, never) == (503, True)


def test_a_failure_tells_its_kind_and_no_more() -> None:
    said: list[str] = []

    async def use(port: int) -> tuple[int, bytes]:
        return await (await Client.of(port)).ask()

    assert serve(use, broken, said=said) == (500, b"500 Internal Server Error\n")
    assert said == ["a request could not be answered: ValueError"]


def test_a_client_that_resets_its_connection_stops_nobody() -> None:
    async def use(port: int) -> int:
        client = await Client.of(port)
        client.writer.write(HEAD * 50)
        client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.writer.transport.abort()
        return (await (await Client.of(port)).ask())[0]

    assert serve(use) == 200
