"""The path of an IAM or STS call: signer, bounded body, signature, operation, permission, input, handler, answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from msgspec import Struct

from moorage.domain.actions import OPERATIONS as NEEDS
from moorage.domain.actions import Scope, not_built
from moorage.domain.arns import user_arn
from moorage.domain.caller import Registry
from moorage.domain.errors import AccessDenied, OperationNotBuilt, RegistryError
from moorage.domain.names import Region
from moorage.edge.awsquery import iam, sts
from moorage.edge.awsquery.ask import Ask
from moorage.edge.awsquery.codec import Form, decode, encode, parse_form
from moorage.edge.awsquery.errors import FAILURE, Refusal, refuse, response, standard, write
from moorage.edge.awsquery.shapes import (
    IAM,
    IAM_NAMESPACE,
    IAM_OPERATIONS,
    IAM_VERSION,
    STS,
    STS_NAMESPACE,
    STS_OPERATIONS,
    STS_VERSION,
    OperationShape,
)
from moorage.edge.http.calls import signed_call, verify_sent
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response
from moorage.operations.authenticate import Signed, identify
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Call, Env
from moorage.operations.users import find_named
from moorage.sigv4.head import Head

Handler = Callable[[Ask], Awaitable[Struct | None]]

_LIMIT = 1024 * 1024
_LONGEST_NAME = 1024  # longer than any name and path that the model allows: nothing that is cut here passes its check
_GLOBAL = Region("us-east-1")  # plain clients sign for the global endpoints' region, whatever is served here

HANDLERS: Mapping[str, Handler] = {
    "iam.CreateUser": iam.create_user,
    "iam.GetUser": iam.get_user,
    "iam.ListUsers": iam.list_users,
    "iam.DeleteUser": iam.delete_user,
    "iam.CreateAccessKey": iam.create_access_key,
    "iam.ListAccessKeys": iam.list_access_keys,
    "iam.UpdateAccessKey": iam.update_access_key,
    "iam.DeleteAccessKey": iam.delete_access_key,
    "iam.PutUserPolicy": iam.put_user_policy,
    "iam.GetUserPolicy": iam.get_user_policy,
    "iam.ListUserPolicies": iam.list_user_policies,
    "iam.DeleteUserPolicy": iam.delete_user_policy,
    "sts.GetCallerIdentity": sts.get_caller_identity,
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
            return response(error, _namespace(request), request.id)
        except Refusal as refusal:
            return refuse(refusal, _namespace(request), request.id)

    def broken(self, request: Request) -> Response:
        message = "The request processing has failed because of an unknown error, exception or failure."
        return write(FAILURE, message, _namespace(request), request.id)

    async def _handle(self, request: Request) -> Response:
        at = self._env.clock()
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

    async def _grant(self, call: Call, signed: Signed, key: str, form: Form) -> Granted:
        """Read the user's name alone, and ask whether the caller may."""
        region = call.region if call.region in self._env.regions else self._env.region
        registry = Registry(call.account, region)
        needs = NEEDS.get(key) or not_built(*key.split("."))
        if needs.scope is not Scope.USER:
            return await authorise(self._env, call, needs, registry)
        given = _cut(form.get("UserName"))
        if key == "iam.CreateUser":
            return await authorise(self._env, call, needs, registry, f"{_cut(form.get('Path')) or '/'}{given or ''}")
        name = await find_named(self._env, signed.principal.caller, given)
        try:
            return await authorise(self._env, call, needs, registry, name)
        except AccessDenied as denied:
            # IAM names the user as the caller did: the ARN would tell that there is one, and its path.
            asked = f"on resource: {user_arn(call.account, '', name)} "
            shown = signed.principal.caller.name if given is None else given
            raise AccessDenied(str(denied).replace(asked, f"on resource: user {shown} ", 1)) from None


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


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:_LONGEST_NAME]


def _namespace(request: Request) -> str:
    """Find the namespace for an error, which may come before anything of the request is believed."""
    scope = request.headers.get("authorization") or request.query_string
    return STS_NAMESPACE if "/sts/aws4_request" in scope.replace("%2F", "/") else IAM_NAMESPACE
