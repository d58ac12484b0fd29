"""The path of a ``/v2/`` request: who is it, where does it go, may it; only then its first body byte."""

from collections.abc import Awaitable, Callable, Mapping

from moorage.domain.actions import ROUTES, RouteKey, Scope
from moorage.domain.addresses import read_host, scheme
from moorage.domain.caller import Registry
from moorage.domain.errors import (
    CredentialsMissing,
    CredentialUnknown,
    RegionNotServed,
    RegistryError,
    TokenOfAnotherRegion,
)
from moorage.domain.names import AccountId, Region, RepositoryName
from moorage.edge.http.calls import Credential, Trace, call_of
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response
from moorage.edge.oci import base, blobs, manifests, tags, uploads
from moorage.edge.oci.ask import Ask
from moorage.edge.oci.errors import VERSION, Profile, challenge, response
from moorage.edge.oci.routes import Route, find_route
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Env
from moorage.operations.tokens import Token, TokenReader

Handler = Callable[[Ask], Awaitable[Response]]

HANDLERS: Mapping[str, Handler] = {
    "end-1": base.version,
    "end-2": blobs.get,
    "end-3": manifests.get,
    "end-4a": uploads.start,
    "end-4b": uploads.whole,
    "end-5": uploads.part,
    "end-6": uploads.complete,
    "end-6 with body": uploads.complete,
    "end-7": manifests.put,
    "end-8": tags.tags,
    "end-9": manifests.delete,
    "end-10": blobs.delete,
    "end-11": uploads.start,
    "end-12": base.referrers,
    "end-13": uploads.status,
    "end-14": uploads.cancel,
    "catalog": tags.catalog,
}


class OciEdge:
    """Docker and OCI clients, in one profile."""

    def __init__(self, env: Env, tokens: TokenReader, profile: Profile = Profile.ECR) -> None:
        self._env, self._tokens, self._profile = env, tokens, profile

    async def answer(self, request: Request) -> Response:
        trace = Trace()
        try:
            answer = await self._handle(request, trace)
        except (CredentialsMissing, CredentialUnknown):
            answer = challenge(self._realm(request))
        except RegistryError as error:
            answer = response(self._profile, error)
        return answer.told(caller=trace.caller, action=trace.action)

    def broken(self, _request: Request) -> Response:
        body = b'{"errors":[{"code":"UNKNOWN","message":"The server failed, the request may be tried again"}]}'
        return Response(500, (("content-type", "application/json; charset=utf-8"), VERSION), body, code="UNKNOWN")

    async def _handle(self, request: Request, trace: Trace) -> Response:
        at = self._env.clock()
        authorizations = request.headers.get_all("authorization")
        if len(authorizations) != 1:  # of two, another reader of the request might believe the other
            raise CredentialsMissing
        token = self._tokens.read(authorizations[0], at=at)
        route = find_route(request.method, request.path, request.query, has_body=request.has_body)
        granted = await self._grant(request, route, token, at, trace)
        ask = Ask(self._env, self._profile, request, route, granted, _base(request))
        return await HANDLERS[route.endpoint](ask)

    async def _grant(self, request: Request, route: Route, token: Token, at: int, trace: Trace) -> Granted:
        needs = ROUTES[RouteKey(route.endpoint, request.method, route.kind)]
        trace.action = " ".join(needs.names)
        trace.caller = token.access_key_id  # until the principal behind it is known
        registry = self._registry(request, token)
        call = call_of(
            request, Credential(AccountId(token.account), token.access_key_id, token.key_mark), registry.region, at=at
        )
        name = RepositoryName.parse(route.name) if needs.scope is Scope.REPOSITORY else ""
        granted = await authorise(self._env, call, needs, registry, name)
        trace.caller = granted.caller.arn
        return granted

    def _registry(self, request: Request, token: Token) -> Registry:
        """Find the registry that the host names, else the caller's own."""
        host = read_host(request.origin.name)
        region = host.region or token.region
        if region not in self._env.regions:
            raise RegionNotServed(region)
        if region != token.region:
            raise TokenOfAnotherRegion(token.region, region)
        return Registry(host.account or AccountId(token.account), Region(region))

    def _realm(self, request: Request) -> str:
        origin = request.origin
        if origin.trusted:
            return f"{_base(request)}/"
        env = self._env
        name = env.addresses.registry(env.account, env.region, port=None, secure=origin.secure)
        return f"{scheme(secure=origin.secure)}://{name}/"


def _base(request: Request) -> str:
    """Give scheme and host as the client wrote them, or nothing where the Host is anybody's invention."""
    origin = request.origin
    if not origin.trusted:
        return ""
    name = f"[{origin.name}]" if ":" in origin.name else origin.name
    port = "" if origin.port in {None, 443 if origin.secure else 80} else f":{origin.port}"
    return f"{scheme(secure=origin.secure)}://{name}{port}"
