"""AssumeRole: a caller becomes a role for a while, if the role's trust policy and the caller's own allow it."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moorage.domain.caller import CallerKind
from moorage.domain.entities import Entity, EntityKind, session_arn
from moorage.domain.errors import AccessDenied, ValidationFailed
from moorage.domain.names import AccountId
from moorage.domain.sessions import SessionFacts, SessionKind
from moorage.operations.authorise import Granted
from moorage.operations.context import CallContext
from moorage.operations.denials import Denied, Question
from moorage.operations.env import Call, Env
from moorage.operations.meant import tag_facts
from moorage.operations.principals import Principal
from moorage.operations.sessions import (
    CHAINED,
    Limits,
    Opened,
    Opening,
    judge_duration,
    judge_limits,
    judge_source,
    judge_tags,
    open_session,
    see_policies,
    spelled,
)
from moorage.policy.compiled import Compiled
from moorage.policy.decide import NO_RESOURCE, CallerPolicies, Decision
from moorage.policy.elements import Attached, Source
from moorage.policy.request import Request, Value
from moorage.policy.trust import decide_trust
from moorage.store import entities, entity_tags, roles
from moorage.store.roles import RoleRow

_ROLE = re.compile(r"arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):role(/.*)\Z")


@dataclass(frozen=True, slots=True)
class Assuming:
    """What a caller asks for."""

    role_arn: str
    name: str
    seconds: int | None
    limits: Limits
    tags: Sequence[tuple[str, str]]
    transitive: Sequence[str]
    external_id: str | None
    source_identity: str | None


@dataclass(frozen=True, slots=True)
class Assumed:
    """The session of a role."""

    opened: Opened
    role_id: str
    arn: str
    source_identity: str | None


@dataclass(frozen=True, slots=True)
class Target:
    """A role that somebody wants to become, with its trust policy made ready."""

    row: Entity
    own: RoleRow
    tags: Mapping[str, str]
    trust: Compiled

    def facts(self) -> dict[str, Value]:
        """Tell the condition keys that the role itself gives."""
        return tag_facts(self.tags)


async def assume_role(env: Env, granted: Granted, asked: Assuming) -> Assumed:
    """Open a session of a role for the caller.

    Raises:
        AccessDenied: whether the role is there or not
        CredentialUnknown: the machine that the caller comes from was revoked while the request was under way
        ValidationFailed, MalformedPolicy, PackedPolicyTooLarge

    """
    principal, call = granted.principal, granted.call
    if principal.caller.kind is CallerKind.ROOT:
        raise AccessDenied("Roles may not be assumed by root accounts.")
    parse_role(asked.role_arn)
    judge_limits(asked.limits)
    facts = _facts_of(principal, asked)
    target = await find_target(env, asked.role_arn)
    refused = _refused(granted, target, asked, facts)
    if refused is not None:
        sentence = f"User: {principal.caller.arn} is not authorized to perform: {refused[0].action} on resource: "
        raise untrusted(call, f"{sentence}{asked.role_arn}", principal.policies, *refused, target)
    await see_policies(env.store.now, target.row.account, asked.limits)
    chained = principal.caller.kind is CallerKind.ROLE
    opening = Opening(
        kind=SessionKind.ROLE,
        account=target.row.account,
        entity_id=target.row.id,
        name=asked.name,
        facts=facts,
        seconds=judge_duration(asked.seconds, target.own.longest, chained=chained),
        at=call.at,
        by=principal.caller.arn,
        request_id=call.request_id,
        machine=None if principal.session is None else principal.session.machine,
    )
    opened = await open_session(env, opening)
    arn = session_arn(target.row.account, target.row.name, asked.name)
    return Assumed(opened, target.row.id, arn, facts.source_identity)


def parse_role(arn: str) -> tuple[AccountId, str]:
    """Read a role's ARN: its account, and its name with its path.

    Raises:
        ValidationFailed

    """
    found = _ROLE.match(arn)
    if found is None:
        raise ValidationFailed(f"{arn} is invalid")
    return AccountId(found[1]), found[2]


def is_role(arn: str) -> bool:
    return _ROLE.match(arn) is not None


# What is looked at in place of a role that is not there, so that a refusal takes as long: it lets nobody become it.
_TRUSTS_NOBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:GetCallerIdentity"},
    }
)
_NO_ROLE = RoleRow(_TRUSTS_NOBODY, _TRUSTS_NOBODY, None, CHAINED)


async def find_target(env: Env, arn: str) -> Target:
    """Find a role by its ARN; an ARN with another path or case is another role's.

    In place of one that is not there a role is given that trusts nobody.
    """
    account, place = parse_role(arn)
    tx = env.store.now
    name = place.rpartition("/")[2]
    row = await entities.find(tx, account, EntityKind.ROLE, name)
    own = await roles.find(tx, account, "" if row is None else row.id)
    if row is None or own is None or row.place != place:
        path = place.removesuffix(name)
        row, own = Entity(account, "", EntityKind.ROLE, name, path, 0), _NO_ROLE
    return Target(row, own, await entity_tags.of_entity(tx, account, row.id), _compiled(own.resolved, row.name))


def _facts_of(principal: Principal, asked: Assuming) -> SessionFacts:
    """Gather what the session carries: what is asked for, and what goes on from the session that asks."""
    tags = dict(asked.tags)
    judge_tags(tags, len(asked.tags), asked.transitive)
    transitive = spelled(asked.transitive, tags)
    before = SessionFacts() if principal.session is None else principal.session.facts
    inherited = {name: before.tags[name] for name in spelled(before.transitive, before.tags)}
    for name in tags:
        if name.lower() in {one.lower() for one in inherited}:
            raise ValidationFailed(f"The tag key {name} was passed on by the session before and cannot be replaced.")
    source = asked.source_identity
    if before.source_identity is not None and source not in {None, before.source_identity}:
        raise ValidationFailed("The source identity of a session cannot be changed.")
    if source is not None:
        judge_source(source)
    return SessionFacts(
        policies=() if asked.limits.policy is None else (asked.limits.policy,),
        policy_arns=tuple(asked.limits.policy_arns),
        tags={**inherited, **tags},
        transitive=tuple(dict.fromkeys((*inherited, *transitive))),
        source_identity=source or before.source_identity,
    )


def _refused(granted: Granted, target: Target, asked: Assuming, facts: SessionFacts) -> tuple[Request, Decision] | None:
    """Ask the trust policy and the caller's policies about everything that the call wants: what they refuse first."""
    wanted = ["sts:AssumeRole"]
    if asked.tags or facts.transitive:
        wanted.append("sts:TagSession")
    if facts.source_identity is not None:
        wanted.append("sts:SetSourceIdentity")
    known = {**granted.principal.requester.facts, **target.facts(), **request_facts(asked.tags, asked.transitive)}
    known["sts:rolesessionname"] = asked.name
    if asked.external_id is not None:
        known["sts:externalid"] = asked.external_id
    if facts.source_identity is not None:
        known["sts:sourceidentity"] = facts.source_identity
    context = CallContext(granted.call, known, target.row.account)
    requester, row = granted.principal.requester, target.row
    for action in wanted:
        request = Request(requester, action, row.arn, row.account, context)
        decision = decide_trust(request, granted.principal.policies, target.trust)
        if not decision.allowed:
            return request, decision
    return None


def request_facts(tags: Sequence[tuple[str, str]], transitive: Sequence[str]) -> dict[str, Value]:
    """Tell the condition keys of the tags that a session is to have."""
    found: dict[str, Value] = {f"aws:requesttag/{name.lower()}": value for name, value in tags}
    if tags:
        found["aws:tagkeys"] = tuple(name for name, _ in tags)
    if transitive:
        found["sts:transitivetagkeys"] = tuple(transitive)
    return found


def untrusted(  # noqa: PLR0913, PLR0917 - what a refusal is made of
    call: Call, sentence: str, caller: CallerPolicies, request: Request, decision: Decision, target: Target
) -> Denied:
    """Word a refusal that tells nobody whether the role is there, and keep what is needed to explain it.

    What another account's role is, and whether it is one at all, is not kept: it is explained as one that is not there.
    """
    question = Question(
        request_id=call.request_id,
        at=call.at,
        region=call.region,
        client=call.client,
        user_agent=call.user_agent,
        account=AccountId(request.requester.account),
        caller=caller,
        request=request,
        decision=decision,
        policies=NO_RESOURCE,
        trust=target.trust if request.same_account else _compiled(_TRUSTS_NOBODY, target.row.name),
        absent=not target.row.id,
    )
    return Denied(sentence, question)


def _compiled(text: str, role: str) -> Compiled:
    return Compiled.stored([(Attached(Source.TRUST, "trust policy", f"role {role}"), text)])
