"""``/healthz`` and ``/readyz``: alive, and able to work; without credentials, and telling nothing else."""

from moorage.domain.errors import RegistryError
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response, plainly
from moorage.operations.env import Env
from moorage.operations.health import is_ready

_TEXT = (("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store"))


class HealthEdge:
    """Answers whoever watches the server."""

    def __init__(self, env: Env) -> None:
        self._env = env

    async def answer(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return Response(405, (*_TEXT, ("allow", "GET, HEAD")), b"method not allowed\n")
        if request.path == "/healthz" or await is_ready(self._env):
            return Response(200, _TEXT, b"ok\n")
        return self.broken(request)

    def refused(self, _request: Request, refusal: RegistryError) -> Response:
        return plainly(refusal)

    def broken(self, _request: Request) -> Response:
        return Response(503, _TEXT, b"unavailable\n")
