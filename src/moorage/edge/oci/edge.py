"""The path of a ``/v2/`` request: who is it, where does it go, may it; only then its first body byte."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct

from moorage.domain.actions import ROUTES, Needs, RouteKey, Scope
from moorage.domain.addresses import scheme
from moorage.domain.caller import Registry
from moorage.domain.errors import (
    CredentialsMissing,
    CredentialUnknown,
    RegionNotServed,
    RegistryError,
    TokenOfAnotherRegion,
)
from moorage.domain.names import AccountId, Region, RepositoryName
from moorage.domain.profile import Profile, Profiles
from moorage.edge.http.calls import call_of
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response
from moorage.edge.oci import base, blobs, manifests, referrers, tags, uploads
from moorage.edge.oci.ask import Ask, base_of
from moorage.edge.oci.errors import VERSION, challenge, response
from moorage.edge.oci.routes import Route, find_route
from moorage.operations.authorise import authorise
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
    "end-12": referrers.get,
    "end-13": uploads.status,
    "end-14": uploads.cancel,
    "catalog": tags.catalog,
}


_READS = frozenset({"GET", "HEAD"})
_PLANS = 4096  # remembered
_LONGEST_PATH = 512


class Plan(Struct, frozen=True):
    """Where a request goes, what that needs, and who answers it: the same for every request of that method and path."""

    route: Route
    handler: Handler
    needs: Needs
    action: str
    name: str  # the repository's, or empty


class OciEdge:
    """Docker and OCI clients, each in the profile of the host and registry it speaks to."""

    def __init__(self, env: Env, tokens: TokenReader, profiles: Profiles) -> None:
        self._env, self._tokens, self._profiles = env, tokens, profiles
        self._plans: dict[tuple[str, str], Plan] = {}

    async def answer(self, request: Request) -> Response:
        # Until the caller is known, whose registry it is else, the host may name the registry.
        profile = self._profiles.find(request.origin.name, request.origin.said.account or "")
        at = self._env.clock()
        try:
            token = self._token(request, at)
            registry = self._registry(request, token)
            profile = self._profiles.find(request.origin.name, registry.account)
            return await self._handle(request, token, registry, profile, at)
        except (CredentialsMissing, CredentialUnknown):
            return challenge(profile, self._realm(request))
        except RegistryError as error:
            self._env.denials.note(error)
            return response(profile, error, request.id)

    def refused(self, request: Request, refusal: RegistryError) -> Response:
        return response(self._profiles.find(request.origin.name, request.origin.said.account or ""), refusal)

    def broken(self, _request: Request) -> Response:
        body = b'{"errors":[{"code":"UNKNOWN","message":"The server failed, the request may be tried again"}]}'
        return Response(500, (("content-type", "application/json; charset=utf-8"), VERSION), body, code="UNKNOWN")

    def _token(self, request: Request, at: int) -> Token:
        authorizations = request.headers.get_all("authorization")
        if len(authorizations) != 1:  # of two, another reader of the request might believe the other
            raise CredentialsMissing
        token = self._tokens.read(authorizations[0], at=at)
        request.trace.caller = token.access_key_id  # until the principal behind it is known
        return token

    async def _handle(self, request: Request, token: Token, registry: Registry, profile: Profile, at: int) -> Response:
        plan = self._plan(request)
        account, key = AccountId(token.account), token.access_key_id
        call = call_of(request, account, key, registry.region, at=at, key_mark=token.key_mark)
        granted = await authorise(self._env, call, plan.needs, registry, plan.name)
        request.trace.caller = granted.caller.arn
        return await plan.handler(Ask(self._env, profile, request, plan.route, granted))

    def _plan(self, request: Request) -> Plan:
        """Tell where the request goes; a path that is read again and again is taken apart once."""
        key = (request.method, request.path)
        plan = None if request.query_string else self._plans.get(key)
        if plan is None:
            route = find_route(request.method, request.path, request.query, has_body=request.has_body)
            needs = ROUTES[RouteKey(route.endpoint, request.method, route.kind)]
            request.trace.action = " ".join(needs.names)
            name = RepositoryName.parse(route.name) if needs.scope is Scope.REPOSITORY else ""
            plan = Plan(route, HANDLERS[route.endpoint], needs, request.trace.action, name)
            self._remember(request, key, plan)
        request.trace.action = plan.action
        return plan

    def _remember(self, request: Request, key: tuple[str, str], plan: Plan) -> None:
        if request.query_string or request.method not in _READS or len(request.path) > _LONGEST_PATH:
            return
        if len(self._plans) >= _PLANS:
            self._plans.clear()
        self._plans[key] = plan

    def _registry(self, request: Request, token: Token) -> Registry:
        """Find the registry that the host names, else the caller's own."""
        host = request.origin.said
        region = host.region or token.region
        if region not in self._env.regions:
            raise RegionNotServed(region)
        if region != token.region:
            raise TokenOfAnotherRegion(token.region, region)
        return Registry(host.account or AccountId(token.account), Region(region))

    def _realm(self, request: Request) -> str:
        origin = request.origin
        if origin.trusted:
            return f"{base_of(request)}/"
        env = self._env
        name = env.addresses.registry(env.account, env.region, port=None, secure=origin.secure)
        return f"{scheme(secure=origin.secure)}://{name}/"
