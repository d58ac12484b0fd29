"""The server's side of a request, in memory: a scope with headers, a body in pieces, and what is answered."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

WHOLE = (b"",)  # granian ends a whole body with one empty piece, and a broken one with two
CUT = (b"", b"")


class Headers:
    """Headers as the server hands them over: of values beyond ASCII the names alone."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def __contains__(self, key: str) -> bool:
        return any(name == key for name, _ in self._pairs)

    def __len__(self) -> int:
        return len({name for name, _ in self._pairs})

    def get(self, key: str, default: str | None = None) -> str | None:
        return next(iter(self.get_all(key)), default)

    def get_all(self, key: str) -> list[str]:
        return [value for name, value in self._pairs if name == key and value.isascii()]

    def items(self) -> list[tuple[str, str]]:
        return self._pairs


@dataclass
class Arrived:
    """Scope and transport in one."""

    path: str = "/"
    method: str = "GET"
    pairs: Sequence[tuple[str, str]] = (("host", "localhost:5000"),)
    pieces: Sequence[bytes] = WHOLE
    query_string: str = ""
    scheme: str = "http"
    client: str = "127.0.0.1:40000"
    authority: str | None = None
    answers: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def headers(self) -> Headers:
        return Headers(self.pairs)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.answers.append(("empty", status, dict(headers)))

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append(("bytes", status, dict(headers), body))

    def response_file(self, status: int, headers: list[tuple[str, str]], file: str) -> None:
        self.answers.append(("file", status, dict(headers), file))

    def response_file_range(self, status: int, headers: list[tuple[str, str]], file: str, start: int, end: int) -> None:
        self.answers.append(("range", status, dict(headers), file, start, end))
