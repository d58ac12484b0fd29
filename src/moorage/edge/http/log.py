"""One line of JSON a request, gathered in memory and written behind: no request waits for its own line."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

_GATHER = 0.25  # seconds
_FULL = 2_000  # lines


class Line(msgspec.Struct):
    """What is noted of a request: ids, names and numbers, never a header, never a body.

    ``at`` is in microseconds since 1970 (UTC) until the line is written, which tells it as ISO 8601 does.
    """

    id: str
    client: str
    method: str
    path: str
    principal: str
    action: str
    status: int
    error: str | None
    received: int
    bytes: int
    ms: float
    at: int | str


class RequestLog:
    """Collects lines and writes them a few times a second, and when many have come."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._lines: list[Line] = []
        self._encoder = msgspec.json.Encoder()

    def note(self, line: Line) -> None:
        self._lines.append(line)
        if len(self._lines) >= _FULL:
            self.flush()

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        for line in lines:
            if isinstance(line.at, int):
                line.at = datetime.fromtimestamp(line.at / 1e6, UTC).isoformat(timespec="milliseconds")
        # A full disk costs these lines and stops nothing: neither the requests nor the lines after it.
        with contextlib.suppress(OSError):
            self._write(self._encoder.encode_lines(lines))

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_GATHER)
            self.flush()
