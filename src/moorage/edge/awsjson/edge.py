"""The path of an AWS JSON call: operation, signer, bounded body, signature, permission, input, handler, answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from moorage.domain.actions import OPERATIONS as NEEDS
from moorage.domain.actions import Needs, Scope
from moorage.domain.arns import read_repository_arn
from moorage.domain.caller import Registry
from moorage.domain.errors import (
    InvalidAccountId,
    InvalidParameter,
    InvalidRepositoryName,
    InvalidResourceTag,
    MalformedRequest,
    OperationNotBuilt,
    OperationUnknown,
    RegistryError,
    TooManyResourceTags,
)
from moorage.domain.machine import Machine
from moorage.domain.names import AccountId, Region, RepositoryName
from moorage.edge.awsjson import (
    images,
    layers,
    own,
    own_access,
    own_machines,
    own_tokens,
    registry,
    repositories,
    resource_tags,
    settings,
)
from moorage.edge.awsjson.ask import Ask
from moorage.edge.awsjson.codec import decode, encode
from moorage.edge.awsjson.errors import AwsError, Refusal, refuse, response, standard, write
from moorage.edge.awsjson.facts import read_facts
from moorage.edge.awsjson.shapes import OPERATIONS, TARGET_PREFIX, OperationShape
from moorage.edge.http.calls import call_of, signed_call, verify_machine_sent, verify_sent
from moorage.edge.http.request import Request
from moorage.edge.http.response import Response
from moorage.operations.authenticate import Signed, identify
from moorage.operations.authorise import Granted, authorise
from moorage.operations.borrowed import refuse_borrowed
from moorage.operations.env import Call, Env
from moorage.operations.machinecredentials import identify_machine
from moorage.policy.request import Value
from moorage.sigv4.errors import WrongScope
from moorage.sigv4.head import Head

Handler = Callable[[Ask], Awaitable[Struct]]

MIB = 1024 * 1024
_SMALL = 4096  # bytes of a body whose sender is nobody of an account
_MOST_NAMES = 100  # of the longest list of names in the model
LIMITS: Mapping[str, int] = {"PutImage": 25 * MIB, "UploadLayerPart": 28 * MIB}

HANDLERS: Mapping[str, Handler] = {
    "ecr.BatchCheckLayerAvailability": layers.check,
    "ecr.BatchDeleteImage": images.batch_delete,
    "ecr.BatchGetImage": images.batch_get_images,
    "ecr.CompleteLayerUpload": layers.complete,
    "ecr.CreateRepository": repositories.create,
    "ecr.DeleteRegistryPolicy": registry.delete_policy,
    "ecr.DeleteRepository": repositories.delete,
    "ecr.DeleteRepositoryPolicy": repositories.delete_policy,
    "ecr.DescribeImages": images.describe,
    "ecr.DescribeRegistry": registry.describe,
    "ecr.DescribeRepositories": repositories.describe,
    "ecr.GetAccountSetting": settings.get_setting,
    "ecr.GetAuthorizationToken": registry.authorization_token,
    "ecr.GetDownloadUrlForLayer": layers.download_url,
    "ecr.GetRegistryPolicy": registry.get_policy,
    "ecr.GetRepositoryPolicy": repositories.get_policy,
    "ecr.InitiateLayerUpload": layers.initiate,
    "ecr.ListImageReferrers": settings.list_image_referrers,
    "ecr.ListImages": images.list_ids,
    "ecr.ListTagsForResource": resource_tags.list_tags,
    "ecr.PutAccountSetting": settings.put_setting,
    "ecr.PutImage": images.put,
    "ecr.PutImageTagMutability": repositories.put_mutability,
    "ecr.PutRegistryPolicy": registry.put_policy,
    "ecr.SetRepositoryPolicy": repositories.set_policy,
    "ecr.TagResource": resource_tags.tag,
    "ecr.UntagResource": resource_tags.untag,
    "ecr.UploadLayerPart": layers.upload_part,
    "moorage.CreateAccount": own.create_account,
    "moorage.ListAccounts": own.list_accounts,
    "moorage.DescribeServer": own.describe_server,
    "moorage.CheckAccess": own_access.check_access,
    "moorage.ExplainDenial": own_access.explain_denial,
    "moorage.ListDenials": own_access.list_denials,
    "moorage.CreateToken": own_tokens.create_token,
    "moorage.ListTokens": own_tokens.list_tokens,
    "moorage.RevokeToken": own_tokens.revoke_token,
    "moorage.ListInstances": own_machines.list_instances,
    "moorage.RegisterInstance": own_machines.register_instance,
    "moorage.RevokeInstance": own_machines.revoke_instance,
}

# What is asked by whoever has no credentials yet, and by machines, whose keys are good for this alone.
UNSIGNED: Mapping[str, Callable[[Env, Call, Struct], Awaitable[Struct]]] = {
    "moorage.JoinInstance": own_machines.join_instance,
}
OF_MACHINES: Mapping[str, Callable[[Env, Call, Machine], Awaitable[Struct]]] = {
    "moorage.GetInstanceCredentials": own_machines.get_credentials,
}

_TABLES: Mapping[str, tuple[str, Mapping[str, OperationShape]]] = {
    TARGET_PREFIX: ("ecr", OPERATIONS),
    own.TARGET: ("moorage", own.OPERATIONS),
}


_OF_CALLERS = frozenset(
    f"moorage.{name}" for name in (*own_tokens.OPERATIONS, *own_access.OPERATIONS, *own_machines.OPERATIONS)
)


@dataclass(frozen=True, slots=True)
class _Operation:
    service: str
    shape: OperationShape

    @property
    def key(self) -> str:
        return f"{self.service}.{self.shape.name}"

    @property
    def limit(self) -> int:
        return LIMITS.get(self.shape.name, MIB)


class _Naming(Struct, frozen=True):
    """The members that name a resource, of whatever type; nothing else of the input is looked at before permission."""

    registryId: object = None  # noqa: N815 - a member's name on the wire
    repositoryName: object = None  # noqa: N815 - a member's name on the wire
    repositoryNames: object = None  # noqa: N815 - a member's name on the wire
    resourceArn: object = None  # noqa: N815 - a member's name on the wire
    tags: object = None
    tagKeys: object = None  # noqa: N815 - a member's name on the wire
    name: object = None


_NAMING = msgspec.json.Decoder(_Naming)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a call is about."""

    account: AccountId | None
    repositories: tuple[RepositoryName, ...]
    tagged: bool
    facts: Mapping[str, Value]


class JsonEdge:
    """ECR's API, and the server's own."""

    def __init__(self, env: Env) -> None:
        self._env = env

    async def answer(self, request: Request) -> Response:
        try:
            return await self._handle(request)
        except RegistryError as error:
            self._env.denials.note(error)
            return response(error, request.id)
        except Refusal as refusal:
            return refuse(refusal, request.id)

    def refused(self, request: Request, refusal: RegistryError) -> Response:
        return response(refusal, request.id)

    def broken(self, request: Request) -> Response:
        row = AwsError("ServerException", 500)
        return write(row, "The server failed, the request may be tried again.", request.id)

    async def _handle(self, request: Request) -> Response:
        operation = _operation(request.headers.get("x-amz-target") or "")
        request.trace.action = f"{operation.service}:{operation.shape.name}"
        if operation.key in UNSIGNED:
            return await self._with_token(request, operation)
        head = Head("POST", "/", request.query_string, tuple(request.headers.items()))
        if operation.key in OF_MACHINES:
            return await self._as_machine(request, operation, head)
        signed = await identify(self._env, head, services={operation.service}, at=self._env.clock())
        _expect_region(request, signed)
        body = await request.read(operation.limit)
        verify_sent(self._env, request, signed, body)
        request.trace.caller = signed.principal.caller.arn
        granted = await self._grant(request, operation, signed, body)
        handler = HANDLERS.get(operation.key)
        if handler is None:
            raise OperationNotBuilt(operation.shape.name)
        output = await handler(Ask(self._env, granted, decode(operation.shape, body)))
        return Response(200, standard(request.id), encode(output))

    async def _with_token(self, request: Request, operation: _Operation) -> Response:
        """Answer a call that needs no signature: a token in its body says who calls."""
        env = self._env
        given = decode(operation.shape, await request.read(_SMALL))
        call = call_of(request, env.account, "", env.region, at=env.clock())
        return Response(200, standard(request.id), encode(await UNSIGNED[operation.key](env, call, given)))

    async def _as_machine(self, request: Request, operation: _Operation, head: Head) -> Response:
        """Answer a machine, which signs with a key of its own."""
        env, at = self._env, self._env.clock()
        signed = await identify_machine(env, head, services={operation.service}, at=at)
        body = await request.read(_SMALL)
        verify_machine_sent(env, request, signed, body)
        decode(operation.shape, body)
        machine = signed.machine
        request.trace.caller = machine.arn
        call = call_of(request, machine.account, machine.key_id or "", Region(signed.claim.region), at=at)
        return Response(200, standard(request.id), encode(await OF_MACHINES[operation.key](env, call, machine)))

    async def _grant(self, request: Request, operation: _Operation, signed: Signed, body: bytes) -> Granted:
        """Read the resource's name alone, and ask whether the caller may."""
        refuse_borrowed(signed.principal, operation.key)
        named = _names(operation.shape, body, signed.claim.region)
        caller = signed.principal.caller
        call = signed_call(request, signed, at=self._env.clock())
        registry = Registry(self._owner(operation, named.account, caller.account), call.region)
        key = operation.key
        if operation.shape.name == "CreateRepository" and named.tagged:
            key = "ecr.CreateRepository with tags"
        if NEEDS[key].scope is not Scope.REPOSITORY:
            return await authorise(self._env, call, NEEDS[key], registry, facts=named.facts)
        if not named.repositories:
            return await authorise(self._env, call, _needs_of_all(operation, key, body), registry)
        for name in named.repositories[1:]:
            await authorise(self._env, call, NEEDS[key], registry, name)
        return await authorise(self._env, call, NEEDS[key], registry, named.repositories[0], facts=named.facts)

    def _owner(self, operation: _Operation, named: AccountId | None, caller: AccountId) -> AccountId:
        """Find the account whose registry is meant; what is about the server belongs to the first account."""
        if operation.key in _OF_CALLERS:
            return caller
        if operation.service == "moorage":
            return self._env.account
        return caller if named is None else named


def _operation(target: str) -> _Operation:
    prefix, _, name = target.partition(".")
    service, table = _TABLES.get(prefix, ("", {}))
    shape = table.get(name)
    if shape is None:
        raise OperationUnknown
    return _Operation(service, shape)


def _expect_region(request: Request, signed: Signed) -> None:
    """Refuse a host that names another region than the signature's, which is the one that counts."""
    region = request.origin.said.region
    if region is not None and region != signed.claim.region:
        raise WrongScope(["Credential should be scoped to a valid region."])


def _names(shape: OperationShape, body: bytes, region: str) -> _Named:
    """Read the names that the operation's own members give: what its shape does not know must not be asked about.

    Raises:
        MalformedRequest, InvalidParameter, InvalidAccountId, InvalidRepositoryName, InvalidResourceTag,
        TooManyResourceTags

    """
    try:
        naming = _NAMING.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        decode(shape, body)  # says what is wrong with it
        raise
    found: dict[str, object] = {
        name: getattr(naming, name) for name in shape.input.__struct_fields__ if hasattr(naming, name)
    }
    accounts, arns = _texts([found.get("registryId")]), _texts([found.get("resourceArn")])
    many, one = _texts(found.get("repositoryNames")), _texts([found.get("repositoryName")])
    if accounts is None or arns is None or many is None or one is None:
        decode(shape, body)  # says which member has the wrong type
        raise MalformedRequest("a name is no string")
    if len(many) > _MOST_NAMES:  # before each of them costs a decision
        decode(shape, body)  # says how many there may be
        raise InvalidParameter("repositoryNames", f"Member must have length less than or equal to {_MOST_NAMES}")
    try:
        account = AccountId.parse(accounts[0]) if accounts else None
        for arn in arns:
            account, name = _read_arn(arn, region)
            one = (name,)
        texts = dict.fromkeys((*many, *one))
        return _Named(account, tuple(map(RepositoryName.parse, texts)), bool(found.get("tags")), read_facts(found))
    except (InvalidAccountId, InvalidParameter, InvalidRepositoryName, InvalidResourceTag, TooManyResourceTags):
        decode(shape, body)  # tells the member and the rule it breaks
        raise


def _read_arn(arn: str, region: str) -> tuple[AccountId, str]:
    """Read whose repository an ARN names, and its name.

    Raises:
        InvalidParameter: it names no repository of this region

    """
    found = read_repository_arn(arn)
    if found is None or found.region != region:
        raise InvalidParameter("resourceArn", "Invalid ARN")
    return found.account, found.name


def _texts(written: object) -> tuple[str, ...] | None:
    """Read a list of texts, in which null is nothing; None if it is something else."""
    if not isinstance(written, list):
        return () if written is None else None
    texts = tuple(text for text in written if isinstance(text, str))
    return texts if len(texts) == len(written) - written.count(None) else None


def _needs_of_all(operation: _Operation, key: str, body: bytes) -> Needs:
    """Find what a call needs that names no repository.

    Raises:
        InvalidParameter: it has to name one

    """
    needs = NEEDS.get(f"{key} of all")
    if needs is None:
        decode(operation.shape, body)  # says which member is missing
        raise InvalidParameter("repositoryName", "Member must not be null")
    return needs
