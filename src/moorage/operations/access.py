"""Whether somebody could do something: the question that a call would ask, without the call.

Everything that is attached is read as it is now; what only a real call has, such as its address, is given by hand.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from moorage.domain.actions import OPERATIONS
from moorage.domain.arns import account_in, read_repository_arn, root_arn
from moorage.domain.caller import Registry
from moorage.domain.entities import AWS, Entity, EntityKind
from moorage.domain.errors import EntityNotFound, ValidationFailed
from moorage.domain.identityfacts import InvalidInput
from moorage.domain.names import AccountId, Region
from moorage.domain.spellings import spelled
from moorage.operations.assumerole import Target, find_target, is_role
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Env
from moorage.operations.identities import entity_identity, root_identity
from moorage.operations.meant import facts_of_entity, facts_of_resource
from moorage.operations.policies import NO_REPOSITORY
from moorage.policy import words
from moorage.policy.decide import NO_RESOURCE, CallerPolicies, ResourcePolicies
from moorage.policy.elements import check_action
from moorage.policy.errors import MalformedPolicy
from moorage.policy.match import is_arn
from moorage.policy.reasons import reasons_of
from moorage.policy.request import (
    ANY_RESOURCE,
    LONGEST_FACT,
    MOST_VALUES,
    Request,
    Requester,
    Value,
    bounded,
)
from moorage.policy.trust import trust_reasons
from moorage.store import entities, standing
from moorage.store.transaction import Transaction

_NEEDS = OPERATIONS["iam.SimulatePrincipalPolicy"]
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(?:(user|role)(/.*)|(root))\Z", re.DOTALL)
_OF_SERVICES = ".amazonaws.com"
_LONGEST_ACTION, _LONGEST_ARN = 128, 2_048  # characters, as in the model of IAM's simulator
_MOST_KEYS = 256  # of circumstances
_SESSION = re.compile(r"arn:aws[a-z-]*:sts::([0-9]{12}):assumed-role/([^/]+)/([^/]+)\Z")


@dataclass(frozen=True, slots=True)
class Access:
    """What is asked: may the principal do the action on the resource, under the circumstances."""

    principal: str
    action: str
    resource: str
    context: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision in words."""

    allowed: bool
    principal: str
    why: tuple[str, ...]
    remedy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody that was named, who may not be there: nothing is told of that before permission."""

    arn: str
    row: Entity | None
    session: str = ""


@dataclass(frozen=True, slots=True)
class Somebody:
    """A principal as policies know it, and all that is attached to it."""

    requester: Requester
    policies: CallerPolicies


async def check_access(env: Env, granted: Granted, asked: Access) -> Answer:
    """Decide what a call would be told.

    Raises:
        AccessDenied: the caller may not look at that principal's policies
        EntityNotFound, InvalidInput, ValidationFailed

    """
    account = granted.caller.account
    named = await find_named(env, account, asked.principal)
    facts_of_named = {} if named.row is None else await facts_of_entity(env, named.row)
    await authorise(env, granted.call, _NEEDS, granted.registry, named.arn, facts=facts_of_named)
    somebody = await env.store.read(lambda tx: get_somebody(tx, account, named))
    judge_action(asked.action)
    _judge_resource(asked.resource)
    judge_circumstances(asked.context)
    asked = replace(asked, action=spelled(asked.action))  # the rules for single actions know one spelling alone
    owner, policies = await _attached(env, granted, asked)
    foreign = owner != account
    if foreign and asked.context:  # made-up circumstances would sound out the conditions of another account's policy
        raise InvalidInput("of another account's resource nothing is told for circumstances: leave the context out")
    target = await _target(env, asked)
    own = await facts_of_resource(env, account, asked.action, asked.resource) if target is None else target.facts()
    facts = {
        **somebody.requester.facts,
        **policies.facts,
        **own,
        "aws:resourceaccount": owner,
        "aws:requestedregion": granted.call.region,
        **{name.lower(): value for name, value in asked.context.items()},
    }
    request = Request(somebody.requester, asked.action, asked.resource, owner, facts)
    if target is None:
        found = reasons_of(request, somebody.policies, policies)
    else:
        found = trust_reasons(request, somebody.policies, target.trust)
    return Answer(found.decision.allowed, named.arn, words.why(found, foreign=foreign), words.remedy(found))


def judge_action(action: str) -> None:
    """See that an action names a service and one operation.

    Raises:
        InvalidInput

    """
    try:
        check_action(action)
    except MalformedPolicy:
        action = ""
    if not action or len(action) > _LONGEST_ACTION or "*" in action or "?" in action:
        raise InvalidInput("an action is written like ecr:PutImage, with neither * nor ?")


def judge_circumstances(context: Mapping[str, Value]) -> None:
    """See that facts which are given by hand are no more and no longer than policies are asked about.

    Raises:
        InvalidInput

    """
    if len(context) > _MOST_KEYS:
        raise InvalidInput(f"there are at most {_MOST_KEYS} context keys")
    if any(bounded(value) is not value for value in context.values()):
        raise InvalidInput(f"a context key has at most {MOST_VALUES} values of {LONGEST_FACT} characters")


async def find_named(env: Env, account: AccountId, text: str) -> Named:
    """Find who is meant by an ARN, or by the name of a user or role.

    Raises:
        InvalidInput: of another account, or nothing that has policies
        ValidationFailed: a user and a role have that name

    """
    if len(text) > _LONGEST_ARN:
        raise InvalidInput(f"a principal has at most {_LONGEST_ARN} characters")
    if not text.startswith("arn:"):
        return await _by_name(env, account, text)
    found, session = _PRINCIPAL.match(text), _SESSION.match(text)
    if (found or session) is None or account not in {found and found[1], session and session[1]}:
        raise InvalidInput(f"{text} is no user, role or session of account {account}")
    if session is not None:
        row = await entities.find(env.store.now, account, EntityKind.ROLE, session[2])
        return Named(text if row is None else row.arn, row, session[3])
    assert found is not None  # noqa: S101 - one of the two matched
    if found[4]:
        return Named(root_arn(account), None)
    row = await entities.find(env.store.now, account, EntityKind(found[2]), found[3].rpartition("/")[2])
    return Named(text, row if row is not None and row.arn == text else None)


async def _by_name(env: Env, account: AccountId, name: str) -> Named:
    rows = [await entities.find(env.store.now, account, kind, name) for kind in (EntityKind.USER, EntityKind.ROLE)]
    there = [row for row in rows if row is not None]
    if len(there) > 1:
        raise ValidationFailed(f"there are a user and a role named {name}: give the ARN of the one you mean")
    return Named(there[0].arn, there[0]) if there else Named(f"arn:aws:iam::{account}:user/{name}", None)


async def get_somebody(tx: Transaction, account: AccountId, named: Named) -> Somebody:
    """Read who somebody is to policies; of a role a session that nothing more narrows.

    Raises:
        EntityNotFound
        InvalidInput: a service

    """
    if named.arn == root_arn(account):
        return Somebody(*root_identity(account))
    if named.row is None:
        name = named.arn.rpartition("/")[2]
        if name.endswith(_OF_SERVICES):
            raise InvalidInput(
                f"{name} is a service, which no policies are attached to: whether it may stands in the trust policy of "
                "the role, or in the policy of the repository, that names it"
            )
        raise EntityNotFound("user or role", name)
    return Somebody(*await entity_identity(tx, named.row, named.session))


def _judge_resource(text: str) -> None:
    if len(text) > _LONGEST_ARN:
        raise InvalidInput(f"a resource has at most {_LONGEST_ARN} characters")
    if text != ANY_RESOURCE and not is_arn(text):
        raise InvalidInput(f"{text} is no ARN: write * or one such as arn:aws:ecr:REGION:ACCOUNT:repository/NAME")


async def _target(env: Env, asked: Access) -> Target | None:
    """Find the role whose trust policy decides who becomes it; None where the question is another one."""
    if asked.action != "sts:AssumeRole" or not is_role(asked.resource):
        return None
    return await find_target(env, asked.resource)


async def _attached(env: Env, granted: Granted, asked: Access) -> tuple[AccountId, ResourcePolicies]:
    """Find who owns a resource, and the policies that a call of ECR would ask there."""
    account, resource = granted.caller.account, asked.resource
    owner, region, name = account, granted.call.region, ""
    if resource != ANY_RESOURCE:
        owner = AccountId(account_in(resource).removeprefix(AWS) or account)  # what AWS manages is anybody's to ask for
        found = read_repository_arn(resource)
        if found is None or found.region not in env.regions:
            return owner, NO_RESOURCE
        region, name = Region(found.region), found.name
    registry = Registry(owner, region)
    where = await standing.find(env.store.recall, account, registry, name)
    if where.owner_generation is None or not asked.action.startswith("ecr:"):
        return owner, NO_RESOURCE
    return owner, await env.policies.find(registry, where.repository_id or NO_REPOSITORY, where.owner_generation)
