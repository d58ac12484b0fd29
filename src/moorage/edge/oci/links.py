"""``/layers/``: blobs by a signed address of ours, good for an hour, without other credentials.

It is followed in the name of whoever asked for it, and leads nowhere once that one may not have the layer.
"""

import re

from moorage.domain.errors import LinkExpired, MethodUnknown, RegistryError
from moorage.domain.names import AccountId, Region
from moorage.domain.profile import Profile
from moorage.edge.http.calls import call_of
from moorage.edge.http.conditions import etag, wanted_range
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response
from moorage.edge.oci.blobs import stretch
from moorage.edge.oci.errors import response
from moorage.operations.denials import Denied
from moorage.operations.env import Env
from moorage.operations.layers import LayerLink, LinkCaller, follow_link

_PATH = re.compile(
    r"/layers/([0-9]{12})/([a-z0-9-]{2,25})/([0-9a-f]{1,64})/(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z"
)
_CALLER = re.compile(r"([0-9]{12})\.([^.]{1,128})\.([0-9a-f]{24})\Z")  # that it is ours, the signature tells
_EXPIRES = re.compile(r"[1-9][0-9]{0,17}\Z")


class LinkEdge:
    """Serves what GetDownloadUrlForLayer handed out."""

    def __init__(self, env: Env) -> None:
        self._env = env

    async def answer(self, request: Request) -> Response:
        request.trace.action = "layer link"
        try:
            return await self._handle(request)
        except Denied as error:  # whoever holds the link is told nothing of the one who asked for it
            self._env.denials.note(error)
            return response(Profile.ECR, LinkExpired())
        except RegistryError as error:
            return response(Profile.ECR, error)

    def refused(self, _request: Request, refusal: RegistryError) -> Response:
        return response(Profile.ECR, refusal)

    def broken(self, _request: Request) -> Response:
        return Response(500, (("content-type", "text/plain"),), b"The server failed\n", code="UNKNOWN")

    async def _handle(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            raise MethodUnknown(["GET", "HEAD"])
        link = _read(request)
        caller, at = link.caller, self._env.clock()
        call = call_of(
            request,
            AccountId(caller.account),
            caller.access_key_id,
            Region(link.region),
            at=at,
            key_mark=caller.key_mark,
        )
        content = await follow_link(self._env, link, call)
        headers = (("content-type", "application/octet-stream"), ("accept-ranges", "bytes"), etag(link.digest))
        return stretch(content, wanted_range(request.headers, link.digest), headers)


def _read(request: Request) -> LayerLink:
    found = _PATH.match(request.path)
    caller = _CALLER.match(request.query.get("caller", ""))
    expires, signature = request.query.get("expires", ""), request.query.get("signature", "")
    if found is None or caller is None or _EXPIRES.match(expires) is None:
        raise LinkExpired
    return LayerLink(
        found[1], found[2], found[3], found[4], int(expires), LinkCaller(caller[1], caller[2], caller[3]), signature
    )
