"""A small HTTP server for programs of this machine: heads of 8 kB, few connections, and little patience."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from moorage.cli.metadata.guard import Ends, Guard
from moorage.cli.metadata.message import Malformed, Request, Response, plain, read_head, write_response

_HEAD: Final = 8192
_CONNECTIONS: Final = 128
_SECONDS: Final = 10.0  # for a head to be whole, or an answer to be taken

Answer = Callable[[Request], Awaitable[Response]]


class Server:
    """Answers on one socket; ``say`` takes a line for the log."""

    def __init__(
        self,
        answer: Answer,
        guard: Guard,
        say: Callable[[str], None],
        *,
        seconds: float = _SECONDS,
        connections: int = _CONNECTIONS,
    ) -> None:
        self._answer = answer
        self._guard = guard
        self._say = say
        self._seconds = seconds
        self._most = connections
        self._open: set[asyncio.Task[None]] = set()
        self._waiting: dict[asyncio.Task[None], None] = {}  # for a request, whoever has waited longest first
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=_HEAD)

    async def stop(self) -> None:
        """Accept nothing more, and cut what is open: every answer is short, and can be asked for again."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= self._most:
            # Who only waits makes room: holding connections open must not shut everybody else out.
            longest = next(iter(self._waiting), None)
            if longest is None:
                writer.transport.abort()
                return
            del self._waiting[longest]
            longest.cancel()
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            ends = _ends_of(writer)
            while (request := await self._read(reader, writer)) is not None:
                response = self._guard.refuse(request, ends) or await self._answered(request)
                await self._write(writer, response, request)
                if not request.stays:
                    break
            writer.close()
        except (OSError, TimeoutError):
            writer.transport.abort()  # the client is gone, or slow
        except BaseException:
            writer.transport.abort()
            raise

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
        """Read the next request; None when there is no further one."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._waiting[task] = None
        try:
            async with asyncio.timeout(self._seconds):
                raw = await reader.readuntil(b"\r\n\r\n")
            return read_head(raw)
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError:
            await self._write(writer, plain(431))
        except Malformed as malformed:
            await self._write(writer, plain(400, malformed.why))
        finally:
            self._waiting.pop(task, None)
        return None

    async def _answered(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Exception as error:  # noqa: BLE001 - one answer fails, and its type alone tells no secret
            self._say(f"a request could not be answered: {type(error).__name__}")
            return plain(500)

    async def _write(self, writer: asyncio.StreamWriter, response: Response, request: Request | None = None) -> None:
        stays = request is not None and request.stays
        with_body = request is None or request.method != "HEAD"
        writer.write(write_response(response, stays=stays, with_body=with_body))
        async with asyncio.timeout(self._seconds):
            await writer.drain()


def _ends_of(writer: asyncio.StreamWriter) -> Ends:
    client, here = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    if client is None or here is None:
        raise ConnectionResetError  # it was gone before anybody looked at it
    return Ends.of(client[0], here[0])
