"""The path of an IAM or STS call: signer, bounded body, signature, operation, permission, input, handler, answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from moorage.domain.actions import IAM_PLACES
from moorage.domain.actions import OPERATIONS as NEEDS
from moorage.domain.caller import Registry
from moorage.domain.entities import EntityKind
from moorage.domain.errors import (
    CredentialsMissing,
    OperationNotBuilt,
    RegistryError,
)
from moorage.domain.names import Region
from moorage.edge.awsquery import (
    accesskeys,
    account,
    attached,
    groups,
    policies,
    profiles,
    providers,
    roles,
    simulation,
    sts,
    users,
)
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.edge.awsquery.codec import Form, decode, encode, parse_form
from moorage.edge.awsquery.errors import FAILURE, Refusal, refuse, response, standard, write
from moorage.edge.awsquery.named import moved_to, read_named
from moorage.edge.awsquery.shapes import (
    IAM,
    IAM_NAMESPACE,
    IAM_OPERATIONS,
    IAM_VERSION,
    OperationShape,
)
from moorage.edge.awsquery.stsshapes import STS, STS_NAMESPACE, STS_OPERATIONS, STS_VERSION
from moorage.edge.http.calls import call_of, signed_call, verify_sent
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response
from moorage.operations.authenticate import Signed, identify
from moorage.operations.authorise import Granted, authorise
from moorage.operations.borrowed import refuse_borrowed
from moorage.operations.denials import Denied
from moorage.operations.env import Call, Env
from moorage.operations.meant import find_meant
from moorage.sigv4.head import Head

_LIMIT = 1024 * 1024
_LONGEST_NAME = 1024  # longer than any name and path that the model allows: nothing that is cut here passes its check
_UNSIGNED = "AssumeRoleWithWebIdentity"
_UNSIGNED_LIMIT = 64 * 1024  # a token has at most 20,000 characters, and nobody has said who he is yet
_GLOBAL = Region("us-east-1")  # plain clients sign for the global endpoints' region, whatever is served here

HANDLERS: Mapping[str, Handler] = {
    **users.HANDLERS,
    **accesskeys.HANDLERS,
    **attached.HANDLERS,
    **groups.HANDLERS,
    **roles.HANDLERS,
    **policies.HANDLERS,
    **profiles.HANDLERS,
    **providers.HANDLERS,
    **account.HANDLERS,
    **simulation.HANDLERS,
    **sts.HANDLERS,
}


@dataclass(frozen=True, slots=True)
class Service:
    """What one of the two services knows."""

    name: str
    version: str
    namespace: str
    operations: frozenset[str]
    shapes: Mapping[str, OperationShape]


SERVICES: Mapping[str, Service] = {
    "iam": Service("iam", IAM_VERSION, IAM_NAMESPACE, IAM_OPERATIONS, IAM),
    "sts": Service("sts", STS_VERSION, STS_NAMESPACE, STS_OPERATIONS, STS),
}


class QueryEdge:
    """IAM and STS."""

    def __init__(self, env: Env) -> None:
        self._env = env

    async def answer(self, request: Request) -> Response:
        try:
            return await self._handle(request)
        except RegistryError as error:
            self._env.denials.note(error)
            return response(error, _namespace(request), request.id)
        except Refusal as refusal:
            return refuse(refusal, _namespace(request), request.id)

    def refused(self, request: Request, refusal: RegistryError) -> Response:
        return response(refusal, _namespace(request), request.id)

    def broken(self, request: Request) -> Response:
        message = "The request processing has failed because of an unknown error, exception or failure."
        return write(FAILURE, message, _namespace(request), request.id)

    async def _handle(self, request: Request) -> Response:
        at = self._env.clock()
        if _is_unsigned(request):
            return await self._with_token(request, at)
        head = Head(request.method, request.path, request.query_string, tuple(request.headers.items()))
        regions = self._env.regions | {_GLOBAL}
        signed = await identify(self._env, head, services=SERVICES.keys(), regions=regions, at=at)
        body = await request.read(_LIMIT)
        verify_sent(self._env, request, signed, body)
        request.trace.caller = signed.principal.caller.arn
        form = parse_form(body)
        service = SERVICES[signed.claim.service]
        operation = _operation(service, form)
        request.trace.action = f"{service.name}:{operation}"
        granted = await self._grant(signed_call(request, signed, at=at), signed, f"{service.name}.{operation}", form)
        handler = HANDLERS.get(f"{service.name}.{operation}")
        if handler is None:
            raise OperationNotBuilt(operation)
        output = await handler(Ask(self._env, granted, decode(service.shapes[operation], form)))
        return Response(200, standard(request.id), encode(operation, service.namespace, output, request.id))

    async def _with_token(self, request: Request, at: int) -> Response:
        """Answer the one operation that needs no signature: a token in its form says who calls.

        Raises:
            CredentialsMissing: it is another one

        """
        form = parse_form(await request.read(_UNSIGNED_LIMIT))
        if form.get("Action") != _UNSIGNED:
            raise CredentialsMissing
        service, env = SERVICES["sts"], self._env
        request.trace.action = f"sts:{_operation(service, form)}"
        call = call_of(request, env.account, "", env.region, at=at)
        output = await sts.assume_role_with_web_identity(env, call, decode(service.shapes[_UNSIGNED], form))
        return Response(200, standard(request.id), encode(_UNSIGNED, service.namespace, output, request.id))

    async def _grant(self, call: Call, signed: Signed, key: str, form: Form) -> Granted:
        """Read what the call is about alone, and ask whether the caller may."""
        refuse_borrowed(signed.principal, key)
        region = call.region if call.region in self._env.regions else self._env.region
        registry = Registry(call.account, region)
        named = await read_named(self._env, signed.principal.caller, key, form)
        try:
            granted = await authorise(self._env, call, named.needs, registry, named.name, facts=named.facts)
            moved = moved_to(key, form, named.name)
            if moved is not None:
                await authorise(self._env, call, named.needs, registry, moved, facts=named.facts)
            if key == "iam.AddRoleToInstanceProfile":
                await self._pass_role(granted, form)
        except Denied as denied:
            if named.shown is None:
                raise
            # IAM names an entity as the caller did: the ARN would tell that there is one, and its path.
            asked = f"on resource: arn:aws:iam::{call.account}:{IAM_PLACES[named.needs.scope]}{named.name} "
            sentence = str(denied).replace(asked, f"on resource: {named.shown} ", 1)
            raise Denied(sentence, denied.question) from None
        return granted

    async def _pass_role(self, granted: Granted, form: Form) -> None:
        """Ask whether the caller may hand a role to machines."""
        registry, given = granted.registry, form.get("RoleName", "")[:_LONGEST_NAME]
        role = await find_meant(self._env, registry.account, EntityKind.ROLE, given)
        facts = {**role.facts, "iam:passedtoservice": "ec2.amazonaws.com"}
        await authorise(self._env, granted.call, NEEDS["iam.PassRole"], registry, role.place, facts=facts)


def _is_unsigned(request: Request) -> bool:
    return request.headers.get("authorization") is None and "X-Amz-" not in request.query_string


def _operation(service: Service, form: Form) -> str:
    """Read which operation is meant; only names that the service has go on.

    Raises:
        Refusal

    """
    action, version = form.get("Action", "")[:_LONGEST_NAME], form.get("Version", "NO_VERSION_SPECIFIED")
    if not action:
        raise Refusal("MissingAction", "The request must contain the parameter Action.")
    if action not in service.operations:
        raise Refusal("InvalidAction", f"The action {action} is not valid for this web service.")
    if version != service.version:
        sentence = f"Could not find operation {action} for version {version[:_LONGEST_NAME]}"
        raise Refusal("InvalidAction", sentence)
    return action


def _namespace(request: Request) -> str:
    """Find the namespace for an error, which may come before anything of the request is believed."""
    scope = request.headers.get("authorization") or request.query_string
    return STS_NAMESPACE if "/sts/aws4_request" in scope.replace("%2F", "/") else IAM_NAMESPACE
