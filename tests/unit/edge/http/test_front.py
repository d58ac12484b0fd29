"""The front door: which edge gets a request, what it is told with, and what is noted of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from moorage.domain.addresses import Addresses
from moorage.domain.content import Content
from moorage.domain.errors import RegistryError
from moorage.edge.http.front import Door, Edge, Front
from moorage.edge.http.log import Line, RequestLog
from moorage.edge.http.outgoing import FREE, Outgoing
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response
from moorage.edge.http.turns import EACH
from support.env import HOME, REGION, START
from unit.edge.http.wire import WHOLE, Arrived

SECRET = "Basic QVdTOnNlY3JldA=="  # noqa: S105 - nobody's password


class Saying:
    """An edge that answers its name, with the length of the body it read."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def answer(self, request: Request) -> Response:
        await request.read(100)
        request.trace.caller, request.trace.action = "arn:of:somebody", "ecr:ListImages"
        return Response(200, (), self._name.encode())

    def refused(self, _request: Request, refusal: RegistryError) -> Response:
        return Response(400, (), f"{self._name}: {refusal}".encode(), code="Malformed")

    def broken(self, _request: Request) -> Response:
        return Response(503, (), self._name.encode(), code="BROKEN")


class Failing(Saying):
    async def answer(self, _request: Request) -> Response:
        raise ZeroDivisionError


class Large(Saying):
    """An edge that answers so many bytes."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name)
        self._size = size

    async def answer(self, _request: Request) -> Response:
        return Response(200, (), bytes(self._size))


class House:
    """A front with doors, and the lines of its log."""

    def __init__(self, *doors: tuple[str, Edge]) -> None:
        self.written = b""
        self._log = RequestLog(self._write)
        self.outgoing = Outgoing()
        self._front = Front(
            [Door(path.removesuffix("$"), edge, exact=path.endswith("$")) for path, edge in doors],
            addresses=Addresses(HOME, REGION, 4500, tls=False),
            proxies=(),
            clock=lambda: START,
            new_id=lambda: "request-1",
            log=self._log,
            outgoing=self.outgoing,
        )

    def _write(self, lines: bytes) -> None:
        self.written += lines

    @property
    def served(self) -> Collection[str]:
        return self._front.served

    def begin(self, arrived: Arrived) -> Coroutine[Any, Any, None]:
        return self._front.__rsgi__(arrived, arrived)

    def answer(self, arrived: Arrived) -> tuple[object, ...]:
        asyncio.run(self._front.__rsgi__(arrived, arrived))
        (answer,) = arrived.answers
        return answer

    def line(self, arrived: Arrived) -> dict[str, object]:
        self.answer(arrived)
        self._log.flush()
        line: dict[str, object] = json.loads(self.written)
        return line


@pytest.fixture
def house() -> House:
    return House(
        ("/v2/", Saying("v2")), ("/$", Saying("root")), ("/healthz$", Saying("health")), ("/v2/x", Saying("x"))
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [("/v2/", b"v2"), ("/v2/a/tags/list", b"v2"), ("/v2/x", b"v2"), ("/", b"root"), ("/healthz", b"health")],
)
def test_the_first_door_that_takes_a_path_has_it(house: House, path: str, name: bytes) -> None:
    assert house.answer(Arrived(path))[-1] == name


@pytest.mark.parametrize("path", ["/v2", "/healthz/", "/healthz2", "//", "/other", ""])
def test_a_path_that_no_door_takes_is_not_found(house: House, path: str) -> None:
    assert house.answer(Arrived(path))[:2] == ("bytes", 404)


@pytest.mark.parametrize(("size", "status"), [(FREE, 200), (FREE + 1, 400)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_there_has_to_be_room_for_a_large_answer(method: str, size: int, status: int) -> None:
    async def work() -> tuple[object, ...]:
        house = House(("/", Large("large", size)))
        asking = [house.outgoing.begin(f"127.0.0.1:{port}", "127.0.0.1", EACH, made=True) for port in (1, 2)]
        waiting = [asyncio.ensure_future(one) for one in asking]
        await asyncio.sleep(0)
        arrived = Arrived(method=method)
        await house.begin(arrived)
        waiting[1].cancel()
        return arrived.answers[0]

    answer = asyncio.run(work())
    assert answer[1] == (status if method == "GET" else 200)
    if answer[1] != 200:
        sentence = b"large: too many large requests at once"
        assert answer[2:] == ({"connection": "close", "content-length": str(len(sentence))}, sentence)


def test_who_asks_again_has_read_the_answer_before() -> None:
    async def work() -> list[object]:
        house = House(("/", Large("large", EACH)))
        arrived = [Arrived(), Arrived()]
        for one in arrived:
            await asyncio.wait_for(house.begin(one), 5)
        return [one.answers[0][1] for one in arrived]

    assert asyncio.run(work()) == [200, 200]


def test_what_an_edge_did_not_foresee_is_told_in_its_own_form(capsys: pytest.CaptureFixture[str]) -> None:
    answer = House(("/", Failing("sorry"))).answer(Arrived())
    assert (answer[1], answer[-1]) == (503, b"sorry")
    assert "request request-1 failed" in capsys.readouterr().err


def test_the_request_that_failed_can_be_found_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    House(("/", Failing("sorry"))).answer(Arrived())
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_request_without_a_host_is_refused_before_any_edge_sees_it(house: House) -> None:
    assert house.answer(Arrived(pairs=()))[:2] == ("bytes", 400)


def test_a_refusal_at_the_door_is_told_in_the_form_of_the_edge_behind_it(house: House) -> None:
    assert house.answer(Arrived("/v2/", pairs=()))[-1] == b"v2: a request has exactly one Host"


def test_a_refusal_where_there_is_no_door_is_told_plainly(house: House) -> None:
    assert house.answer(Arrived("/other", pairs=()))[-1] == b"a request has exactly one Host\n"


def test_every_request_is_noted(house: House) -> None:
    line = house.line(Arrived("/v2/", "POST", pieces=(b"body", *WHOLE)))
    assert line.pop("ms") is not None
    assert line == {
        "at": "2026-01-01T00:00:00.000+00:00",
        "id": "request-1",
        "client": "127.0.0.1",
        "method": "POST",
        "path": "/v2/",
        "principal": "arn:of:somebody",
        "action": "ecr:ListImages",
        "status": 200,
        "error": None,
        "received": 4,
        "bytes": 2,
    }


def test_a_request_that_was_refused_at_the_door_is_noted(house: House) -> None:
    line = house.line(Arrived(pairs=()))
    assert (line["status"], line["error"], line["client"]) == (400, "Malformed", "127.0.0.1")


def test_no_header_query_or_body_is_noted(house: House) -> None:
    pairs = (("host", "localhost"), ("authorization", SECRET))
    house.line(Arrived("/", "POST", pairs, (SECRET.encode(), *WHOLE), query_string=f"signature={SECRET}"))
    assert SECRET.encode() not in house.written


def test_a_long_path_is_cut(house: House) -> None:
    assert len(str(house.line(Arrived("/" * 10_000))["path"])) == 300


def test_a_path_cannot_break_its_line(house: House) -> None:
    house.line(Arrived('/\n{"id": "forged"}\x00\u2028'))
    assert house.written.count(b"\n") == 1


def line_of(number: int) -> Line:
    return Line(str(number), "127.0.0.1", "GET", "/", "", "", 200, None, 0, 0, 0.1, START)


def test_a_few_lines_are_written_together() -> None:
    written: list[bytes] = []
    log = RequestLog(written.append)
    for number in range(3):
        log.note(line_of(number))
    before = list(written)
    log.flush()
    assert (before, len(written), written[0].count(b"\n")) == ([], 1, 3)


def test_many_lines_do_not_wait() -> None:
    written: list[bytes] = []
    log = RequestLog(written.append)
    for number in range(2_000):
        log.note(line_of(number))
    assert len(written) == 1


def test_where_there_are_no_lines_nothing_is_written() -> None:
    written: list[bytes] = []
    RequestLog(written.append).flush()
    assert written == []


FILE = Content(10, "/file")


@pytest.mark.parametrize(
    ("response", "method", "answer"),
    [
        (Response(200, (), b"body"), "GET", ("bytes", 200, {"content-length": "4"}, b"body")),
        (Response(200, (), b"body"), "HEAD", ("empty", 200, {"content-length": "4"})),
        (Response(201), "PUT", ("empty", 201, {"content-length": "0"})),
        (Response(204), "DELETE", ("empty", 204, {})),
        (Response(304), "GET", ("empty", 304, {})),
        (Response(200, content=FILE), "GET", ("file", 200, {"content-length": "10"}, "/file")),
        (Response(200, content=FILE), "HEAD", ("empty", 200, {"content-length": "10"})),
        (Response(200, content=Content(0, "/file")), "GET", ("file", 200, {"content-length": "0"}, "/file")),
        (Response(206, content=FILE, first=2, end=5), "GET", ("range", 206, {"content-length": "3"}, "/file", 2, 5)),
        (Response(206, content=FILE, first=2, end=5), "HEAD", ("empty", 206, {"content-length": "3"})),
    ],
)
def test_the_length_of_an_answer_is_always_told(response: Response, method: str, answer: tuple[object, ...]) -> None:
    class Answering(Saying):
        async def answer(self, _request: Request) -> Response:
            return response

    assert House(("/", Answering(""))).answer(Arrived(method=method)) == answer


class Telling(Saying):
    """An edge that answers with one header."""

    async def answer(self, _request: Request) -> Response:
        return Response(202, (("location", self._name),))


@pytest.mark.parametrize("letter", [*map(chr, range(32)), "\x7f", "\x80", "é", "\u2028"], ids=ascii)
def test_a_header_that_no_client_may_get_is_a_fault(capsys: pytest.CaptureFixture[str], letter: str) -> None:
    """The server would end its process at one."""
    assert House(("/", Telling(f"/v2/a{letter}b"))).answer(Arrived())[:2] == ("bytes", 503)
    noted = capsys.readouterr().err
    assert "request request-1 failed" in noted
    assert "location" in noted
    assert f"a{letter}b" not in noted


def test_every_other_header_is_told_as_it_stands() -> None:
    visible = "".join(map(chr, range(32, 127)))
    answer = House(("/", Telling(visible))).answer(Arrived())
    assert answer == ("empty", 202, {"location": visible, "content-length": "0"})


@dataclass
class Held(Arrived):
    """A request whose body comes when it may."""

    may: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self.may.wait()
        async for piece in super().__aiter__():
            yield piece


def test_a_client_is_served_until_the_last_of_its_requests_is_over(house: House) -> None:
    """The next request of a connection may begin before the rest of the refused one is seen to have ended."""
    told = (("host", "localhost"), ("content-length", "5"))
    refused, after = (Held(path, "PUT", told, (b"hello", *WHOLE)) for path in ("/nowhere", "/v2/"))

    async def follow() -> list[bool]:
        seen = []
        first, second = asyncio.create_task(house.begin(refused)), asyncio.create_task(house.begin(after))
        await asyncio.sleep(0)
        for request, task in ((refused, first), (after, second)):
            seen.append(refused.client in house.served)
            request.may.set()
            await task
        return [*seen, refused.client in house.served]

    assert asyncio.run(follow()) == [True, True, False]
