"""The base endpoint (end-1), and what is recognised but not built."""

from moorage.domain.errors import OperationNotBuilt
from moorage.edge.http.response import Response
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION


async def version(_ask: Ask) -> Response:
    return Response(200, (VERSION, ("content-type", "application/json; charset=utf-8")), b"{}")


async def referrers(_ask: Ask) -> Response:
    """No ``OCI-Subject`` is ever answered to a push either, so that clients keep the referrers tag themselves."""
    raise OperationNotBuilt("the referrers API")
