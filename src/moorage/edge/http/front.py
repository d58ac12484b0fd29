"""The front door: every request gets an id and a judged host, goes to its edge, is answered and noted.

Whatever an edge did not foresee becomes that edge's own 500; no exception ever reaches the server.
"""

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from moorage.domain.addresses import Addresses
from moorage.domain.errors import MalformedRequest, RegistryError, TooBusy
from moorage.edge.http.body import Bodies
from moorage.edge.http.fields import CodingUnknown, judge_fields
from moorage.edge.http.log import Line, RequestLog
from moorage.edge.http.outgoing import FREE, OF_FILE, Outgoing
from moorage.edge.http.request import Network, Origins, Request, Scope, Transport
from moorage.edge.http.response import Response, is_sendable, plainly, send

_PATH_SHOWN = 300
_NOT_FOUND = Response(404, (("content-type", "text/plain"),), b"Not Found\n", code="NotFound")


class Edge(Protocol):
    """One face of the server."""

    async def answer(self, request: Request) -> Response:
        """Answer a request, facts included."""
        ...

    def refused(self, request: Request, refusal: RegistryError) -> Response:
        """Say in this edge's form why a request is refused that it never saw, or that it answered at a bad time."""
        ...

    def broken(self, request: Request) -> Response:
        """Say in this edge's form that the server is at fault."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """Paths that begin with ``prefix`` go to ``edge``; an exact door takes that one path alone."""

    prefix: str
    edge: Edge
    exact: bool = False

    def takes(self, path: str) -> bool:
        return path == self.prefix or (not self.exact and path.startswith(self.prefix))


class Front:
    """Takes the server's requests; the first door that takes a path has it."""

    def __init__(  # noqa: PLR0913 - the parts that ``app`` plugs together
        self,
        doors: Sequence[Door],
        *,
        addresses: Addresses,
        proxies: tuple[Network, ...],
        clock: Callable[[], int],
        new_id: Callable[[], str],
        log: RequestLog,
        bodies: Bodies | None = None,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._doors, self._origins = tuple(doors), Origins(addresses, proxies)
        self._clock, self._new_id, self._log = clock, new_id, log
        self._bodies = bodies or Bodies()
        self._outgoing = outgoing or Outgoing()
        # The peers, by address and port, and how many of their requests are under way: the next one of a connection
        # may begin before the one that it came behind has taken note of its own end.
        self.served: dict[str, int] = {}

    async def __rsgi__(self, scope: Scope, transport: Transport) -> None:
        began = time.perf_counter_ns()
        request_id, at = self._new_id(), self._clock()
        method, path = scope.method, scope.path
        peer = scope.client
        self.served[peer] = self.served.get(peer, 0) + 1
        self._outgoing.over(peer)
        try:
            request, response = await self._take(scope, transport, request_id)
            if not is_sendable(response.headers):
                response = self._unsendable(request, response)
            if response.size > FREE and method != "HEAD":
                response = await self._in_turn(request, response, peer)
            rest = request.rest
            send(response, transport, head=method == "HEAD", last=request.ends_after(rest))
            self._log.note(
                Line(
                    id=request_id,
                    client=request.origin.client,
                    method=method,
                    path=path[:_PATH_SHOWN],
                    principal=request.trace.caller,
                    action=request.trace.action,
                    status=response.status,
                    error=response.code,
                    received=request.received,
                    bytes=response.size,
                    ms=(time.perf_counter_ns() - began) / 1e6,
                    at=at,
                )
            )
            if rest is not None:
                await request.linger(rest)
        finally:
            self._leave(peer)

    def _leave(self, peer: str) -> None:
        left = self.served[peer] - 1
        if left:
            self.served[peer] = left
        else:
            del self.served[peer]

    async def _take(self, scope: Scope, transport: Transport, request_id: str) -> tuple[Request, Response]:
        origin = None
        try:
            origin = self._origins.judge(scope)
            judge_fields(scope.headers)
        except MalformedRequest as malformed:
            known = origin or self._origins.nowhere(scope)
            request = Request(scope, transport, known, request_id, self._bodies)
            return request, self._refuse(request, malformed)
        request = Request(scope, transport, origin, request_id, self._bodies)
        return request, await self._answer(request)

    async def _in_turn(self, request: Request, response: Response, peer: str) -> Response:
        """Wait until a large answer may be given, or say that it may not."""
        size, made = response.size, response.content is None
        held = size if made else min(size, OF_FILE)
        try:
            await self._outgoing.begin(peer, request.sender.peer, held, made=made)
        except TooBusy as busy:
            edge = self._edge_behind(request.path)
            return replace(plainly(busy) if edge is None else edge.refused(request, busy), last=True)
        return response

    def _refuse(self, request: Request, malformed: MalformedRequest) -> Response:
        """Refuse at the door, in the form of the edge behind it."""
        edge = self._edge_behind(request.path)
        response = plainly(malformed) if edge is None else edge.refused(request, malformed)
        return replace(response, status=501) if isinstance(malformed, CodingUnknown) else response

    async def _answer(self, request: Request) -> Response:
        edge = self._edge_behind(request.path)
        if edge is None:
            return _NOT_FOUND
        try:
            return await edge.answer(request)
        except Exception:  # noqa: BLE001 - the last resort of every request
            sys.stderr.write(f"request {request.id} failed\n{traceback.format_exc()}")
            return edge.broken(request)
        finally:
            request.close()

    def _unsendable(self, request: Request, response: Response) -> Response:
        """Answer in place of a header that no client may get: that is a fault of ours, whatever the client sent."""
        names = ", ".join(name for name, value in response.headers if not is_sendable([(name, value)]))
        sys.stderr.write(f"request {request.id} failed: its answer cannot be sent, for what stands in {names}\n")
        edge = self._edge_behind(request.path)
        return _NOT_FOUND if edge is None else edge.broken(request)

    def _edge_behind(self, path: str) -> Edge | None:
        for door in self._doors:
            if door.takes(path):
                return door.edge
        return None
