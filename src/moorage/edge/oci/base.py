"""The base endpoint (end-1)."""

from moorage.edge.http.response import Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION


async def version(_ask: Ask) -> Response:
    return Response(200, (VERSION, ("content-type", "application/json; charset=utf-8")), b"{}")
