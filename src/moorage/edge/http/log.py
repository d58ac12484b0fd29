"""One line of JSON a request, gathered in memory and written behind: no request waits for its own line."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

_GATHER = 0.25  # seconds
_FULL = 2_000  # lines


class RequestLog:
    """Collects lines and writes them a few times a second, and when many have come."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._lines: list[dict[str, object]] = []
        self._encoder = msgspec.json.Encoder()

    def note(self, at: int, line: dict[str, object]) -> None:
        """Add a line; ``at`` is in microseconds. Values are ids, names and numbers: never a header, never a body."""
        line["at"] = at
        self._lines.append(line)
        if len(self._lines) >= _FULL:
            self.flush()

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        for line in lines:
            moment = line["at"]
            if isinstance(moment, int):
                line["at"] = datetime.fromtimestamp(moment / 1e6, UTC).isoformat(timespec="milliseconds")
        if not lines:
            return
        # A full disk costs these lines and stops nothing: neither the requests nor the lines after it.
        with contextlib.suppress(OSError):
            self._write(b"".join(self._encoder.encode(line) + b"\n" for line in lines))

    async def run(self) -> None:
        while True:
            await asyncio.sleep(_GATHER)
            self.flush()
