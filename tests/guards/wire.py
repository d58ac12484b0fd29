"""The HTTP server's half of a request, in memory: what the front reads from and answers to."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field


class Headers:
    """Headers as the server hands them over, names in lower case."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def __contains__(self, key: str) -> bool:
        return any(name == key for name, _ in self._pairs)

    def __len__(self) -> int:
        return len({name for name, _ in self._pairs})

    def get(self, key: str, default: str | None = None) -> str | None:
        return next((value for name, value in self._pairs if name == key), default)

    def get_all(self, key: str) -> list[str]:
        return [value for name, value in self._pairs if name == key]

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


@dataclass
class Arrived:
    """A request whose head has come: the server's scope."""

    method: str
    path: str
    headers: Headers
    query_string: str = ""
    scheme: str = "http"
    client: str = "127.0.0.1:40000"
    authority: str | None = None


@dataclass
class Wire:
    """The body of a request, and what was answered to it: the server's transport."""

    body: bytes = b""
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: bytes = b""
    file: str = ""
    stretch: tuple[int, int] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self.body:
            yield self.body
        yield b""

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.response_empty(status, headers)
        self.answer = body

    def response_file(self, status: int, headers: list[tuple[str, str]], file: str) -> None:
        self.response_empty(status, headers)
        self.file = file

    def response_file_range(  # the server's own signature
        self, status: int, headers: list[tuple[str, str]], file: str, start: int, end: int
    ) -> None:
        self.response_file(status, headers, file)
        self.stretch = (start, end)


def arrived(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Arrived:
    """Make the scope of a request, with its length told."""
    path, _, query = target.partition("?")
    pairs = [(name.lower(), value) for name, value in headers.items()]
    if body or method in {"POST", "PUT", "PATCH"}:
        pairs.append(("content-length", str(len(body))))
    return Arrived(method, path, Headers(pairs), query)
