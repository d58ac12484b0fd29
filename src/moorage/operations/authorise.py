"""Whether the caller may: the one place where policies are asked.

Every operation takes the ``Granted`` that comes from here and names no action itself. Nobody who may not read a
repository learns whether it is there: the policies are asked first.
"""

from collections.abc import Mapping

from msgspec import Struct

from moorage.domain.actions import IAM_PLACES, Needs, Scope
from moorage.domain.arns import repository_arn
from moorage.domain.caller import Caller, Registry
from moorage.domain.errors import CredentialUnknown, Place, RepositoryNotFound
from moorage.domain.repository import RepositoryKey
from moorage.operations.context import CallContext
from moorage.operations.denials import Denied, Question
from moorage.operations.env import Call, Env
from moorage.operations.policies import NO_REPOSITORY
from moorage.operations.principals import Principal
from moorage.policy.decide import NO_RESOURCE, Decision, Outcome, ResourcePolicies, Side, decide, denial
from moorage.policy.request import ANY_RESOURCE, Request, Value
from moorage.store import standing
from moorage.store.standing import Standing

NO_FACTS: Mapping[str, Value] = {}


class Granted(Struct, frozen=True):
    """A call that may go on: who calls, on which registry, and the repository it named, if it is there."""

    call: Call
    principal: Principal
    registry: Registry
    name: str
    found: str | None

    @property
    def caller(self) -> Caller:
        return self.principal.caller

    @property
    def place(self) -> Place:
        return Place(self.name, self.registry.account)

    @property
    def repository_id(self) -> str:
        """The id of the repository that was named.

        Raises:
            RepositoryNotFound

        """
        return self.key.id

    @property
    def key(self) -> RepositoryKey:
        """The repository that was named, by its id.

        Raises:
            RepositoryNotFound

        """
        if self.found is None:
            raise RepositoryNotFound(self.place)
        return RepositoryKey(self.registry.account, self.registry.region, self.found)


async def authorise(  # noqa: PLR0913 - what a call wants, and where
    env: Env, call: Call, needs: Needs, registry: Registry, name: str = "", *, facts: Mapping[str, Value] = NO_FACTS
) -> Granted:
    """Ask the policies whether the call may do what it needs.

    ``name`` is the repository's, or for IAM's operations what comes after the kind in the ARN, such as a user's name
    with its path. ``facts`` are condition keys that only this operation has.

    Raises:
        Denied: with AWS's sentence, and what it is made of
        CredentialUnknown: the key was deactivated, or its user deleted, while the request was under way

    """
    where = await standing.find(env.store.recall, call.account, registry, name)
    principal = await env.principals.find(call.access_key_id, where.caller_generation)
    if principal is None or principal.caller.account != call.account:
        raise CredentialUnknown
    if call.key_mark is not None and call.key_mark != principal.key_mark:
        raise CredentialUnknown  # a token made with a secret that was replaced under the same key id
    if needs.scope is not Scope.NOBODY:
        await _check(env, call, principal, needs, registry, name, where, facts)
    return Granted(call, principal, registry, name, where.repository_id)


async def _check(  # noqa: PLR0913, PLR0917 - what a decision looks at
    env: Env,
    call: Call,
    principal: Principal,
    needs: Needs,
    registry: Registry,
    name: str,
    where: Standing,
    facts: Mapping[str, Value],
) -> None:
    policies = NO_RESOURCE
    if needs.actions[0][0].startswith("ecr:") and where.owner_generation is not None:
        policies = await env.policies.find(registry, where.repository_id or NO_REPOSITORY, where.owner_generation)
    # Neither the principal nor the policies ever change, others take their place: an allowance that looked at nothing
    # else is one for every call that asks the same.
    asked = (needs, registry, name)
    if not facts and principal.settled.get(asked) is policies:
        return
    resource = _resource(needs.scope, registry, name)
    owner = registry.account
    known = principal.requester.facts
    context = CallContext(call, {**known, **facts} if facts else known, owner, policies.facts)
    for group in needs.actions:
        refused: tuple[Decision, Request] | None = None
        for action in group:
            request = Request(principal.requester, action, resource, owner, context)
            decision = decide(request, principal.policies, policies)
            if decision.allowed and not _is_narrowed(principal, request):
                refused = None
                break
            refused = refused or (_NARROWED if decision.allowed else decision, request)
        if refused is not None:
            raise refusal(call, principal, *refused, policies)
    if not context.asked and not facts:
        principal.settle(asked, policies)


def refusal(
    call: Call, principal: Principal, decision: Decision, request: Request, policies: ResourcePolicies
) -> Denied:
    """Word a denial, and keep what is needed to explain it."""
    question = Question(
        request_id=call.request_id,
        at=call.at,
        region=call.region,
        client=call.client,
        user_agent=call.user_agent,
        account=principal.caller.account,
        caller=principal.policies,
        request=request,
        decision=decision,
        policies=policies,
        narrowed=decision is _NARROWED,
    )
    return Denied(denial(decision, request), question)


_NARROWED = Decision(Outcome.IMPLICIT_DENY, side=Side.SESSION)


def _is_narrowed(principal: Principal, request: Request) -> bool:
    """Tell whether the credential was made for less than its principal may do, and this is not part of it."""
    session = principal.session
    narrow = None if session is None else session.facts.narrow
    return narrow is not None and not narrow.allows(request.action, request.resource)


def may_still(granted: Granted, action: str, policies: ResourcePolicies) -> bool:
    """Tell whether the caller might do ``action`` on the repository if ``policies`` were attached to it."""
    resource = _resource(Scope.REPOSITORY, granted.registry, granted.name)
    owner = granted.registry.account
    context = CallContext(granted.call, granted.principal.requester.facts, owner, policies.facts)
    request = Request(granted.principal.requester, action, resource, owner, context)
    return decide(request, granted.principal.policies, policies).allowed


def _resource(scope: Scope, registry: Registry, name: str) -> str:
    match scope:
        case Scope.REPOSITORY:
            return repository_arn(registry.account, registry.region, name)
        case Scope.REPOSITORIES:
            return repository_arn(registry.account, registry.region, "*")
        case Scope.POLICY | Scope.PRINCIPAL:
            return name
        case _ if scope in IAM_PLACES:
            return f"arn:aws:iam::{registry.account}:{IAM_PLACES[scope]}{name}"
        case _:
            return ANY_RESOURCE
