"""A small HTTP server for programs of this machine: heads of 8 kB, few connections, and little patience."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from moorage.cli.metadata.guard import Ends, Guard
from moorage.cli.metadata.message import Malformed, Request, Response, plain, read_head, write_response
from moorage.cli.metadata.slots import Slot, Slots

_HEAD: Final = 8192
_CONNECTIONS: Final = 128
_SECONDS: Final = 10.0  # for a head to be whole, or an answer to be taken
_QUEUE: Final = 128  # connections that the kernel keeps for us
_AT_ONCE: Final = 16  # connections that are accepted before those that are open are looked after

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
        self._slots = Slots(connections, connections // 2 if guard.networks else connections)
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        # asyncio accepts as many at once as its backlog says: so many strangers could cut who came just before them,
        # unread. The kernel's queue is set again, because a queue so short loses connections.
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=_HEAD, backlog=_AT_ONCE)
        listener.listen(_QUEUE)

    async def stop(self) -> None:
        """Accept nothing more, and cut what is open: every answer is short, and can be asked for again."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Give a connection a slot, if its peer may ask at all and there is one; else tell it why, and close."""
        ends = _ends_of(writer)
        if ends is None:
            writer.transport.abort()
            return
        slot = Slot(ends.peer, writer.transport.abort)
        refusal = self._guard.refuse_peer(ends)
        if refusal is None and not self._slots.take(slot):
            refusal = plain(503, "too many ask at once")
        if refusal is not None:
            writer.write(write_response(refusal, stays=False))  # so little fits into what the kernel has ready
            writer.close()
            return
        writer.transport.set_write_buffer_limits(0)  # nothing waits in our memory for who does not read
        task = asyncio.create_task(self._serve(reader, writer, ends, slot))
        slot.cut = lambda: self._cut(writer, task)
        self._open.add(task)
        task.add_done_callback(lambda task: self._end(task, slot))

    @staticmethod
    def _cut(writer: asyncio.StreamWriter, task: asyncio.Task[None]) -> None:
        writer.transport.abort()  # the task does not, when it has not begun yet
        task.cancel()

    def _end(self, task: asyncio.Task[None], slot: Slot) -> None:
        self._open.discard(task)
        self._slots.leave(slot)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ends: Ends, slot: Slot) -> None:
        try:
            while (request := await self._read(reader, writer)) is not None:
                self._slots.work(slot)
                refusal = self._guard.refuse(request, ends)
                response = refusal or await self._answered(request)
                self._slots.wait(slot)
                stays = request.stays and refusal is None
                await self._write(writer, response, stays=stays, with_body=request.method != "HEAD")
                if not stays:
                    break
            writer.close()
        except (OSError, TimeoutError):
            writer.transport.abort()  # the client is gone, or slow
        except BaseException:
            writer.transport.abort()
            raise

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
        """Read the next request; None when there is no further one."""
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
        return None

    async def _answered(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Exception as error:  # noqa: BLE001 - one answer fails, and its type alone tells no secret
            self._say(f"a request could not be answered: {type(error).__name__}")
            return plain(500)

    async def _write(
        self, writer: asyncio.StreamWriter, response: Response, *, stays: bool = False, with_body: bool = True
    ) -> None:
        writer.write(write_response(response, stays=stays, with_body=with_body))
        async with asyncio.timeout(self._seconds):
            await writer.drain()


def _ends_of(writer: asyncio.StreamWriter) -> Ends | None:
    """Give the two ends; None when the client was gone before anybody looked."""
    client, here = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
    return None if client is None or here is None else Ends.of(client[0], here[0])
