"""``POST /``: AWS's two protocols on one path, told apart by their headers."""

from moorage.domain.errors import RegistryError
from moorage.edge.http.front import Edge
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response, plainly

_FORM = "application/x-www-form-urlencoded"


class RootEdge:
    """Hands a request to the JSON or the query edge; whoever just looks is told what this is."""

    def __init__(self, *, json: Edge, query: Edge) -> None:
        self._json, self._query = json, query

    async def answer(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._edge(request).answer(request)
        if request.method in {"GET", "HEAD"}:
            return Response(200, (("content-type", "text/plain; charset=utf-8"),), b"Moorage, a container registry\n")
        return Response(405, (("allow", "GET, HEAD, POST"), ("content-type", "text/plain")), b"method not allowed\n")

    def refused(self, request: Request, refusal: RegistryError) -> Response:
        return self._edge(request).refused(request, refusal) if request.method == "POST" else plainly(refusal)

    def broken(self, request: Request) -> Response:
        return self._edge(request).broken(request)

    def _edge(self, request: Request) -> Edge:
        kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
        is_form = kind == _FORM and request.headers.get("x-amz-target") is None
        return self._query if is_form else self._json
