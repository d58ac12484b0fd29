"""Denials after the fact: written down with their reasons, found by the id of the request, told in words.

They belong to the account of whoever was refused. Whoever may simulate that principal's policies may read them.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from moorage.domain.actions import OPERATIONS
from moorage.domain.errors import DenialNotFound
from moorage.operations.authorise import Granted, authorise
from moorage.operations.denials import Noted, Question
from moorage.operations.env import Env
from moorage.operations.meant import facts_of_principal
from moorage.policy import words
from moorage.policy.reasons import reasons_of
from moorage.policy.request import Requester, RequesterType
from moorage.policy.trust import trust_reasons
from moorage.store import accounts, denials
from moorage.store.denials import DenialRow
from moorage.store.transaction import Transaction

KEPT = 7 * 24 * 3600 * 1_000_000  # µs
MOST = 2_000  # of one account
_LONGEST = 512  # characters of what a client says about itself
_LISTED = 20
_NEEDS = OPERATIONS["iam.SimulatePrincipalPolicy"]


class Told(Struct, frozen=True):
    """What is kept of a denial: who asked what of what, from where, the answer, and why."""

    sentence: str
    caller: str
    action: str
    resource: str
    region: str
    client: str
    user_agent: str
    why: tuple[str, ...]
    remedy: tuple[str, ...]


class Explanation(Struct, frozen=True):
    """A denial as somebody asks about it; ``at`` is in microseconds."""

    id: str
    at: int
    told: Told


async def write_denials(env: Env) -> None:
    """Write down the denials that were noted since the last time, and forget the oldest of too many."""
    rows = [_row(noted) for noted in env.denials.take()]
    if not rows:
        return

    async def unit(tx: Transaction) -> None:
        for row in rows:
            await denials.create(tx, row)
        for account in {row.account for row in rows}:
            await denials.delete_over(tx, account, most=MOST)

    await env.store.write(unit)


async def forget_denials(env: Env) -> None:
    """Forget denials that are a week old."""
    before = env.clock() - KEPT

    async def unit(tx: Transaction) -> None:
        for account in await accounts.page(tx):
            await denials.delete_before(tx, account, before=before)

    await env.store.write(unit)


async def explain_denial(env: Env, granted: Granted, denial_id: str) -> Explanation:
    """Tell why a request was refused.

    Raises:
        AccessDenied: the caller may not look at that principal's policies
        DenialNotFound

    """
    await write_denials(env)
    row = await denials.find(env.store.now, granted.caller.account, denial_id)
    await _authorise(env, granted, "*" if row is None else row.principal)
    if row is None:
        raise DenialNotFound(denial_id)
    return _explanation(row)


async def list_denials(env: Env, granted: Granted) -> Sequence[Explanation]:
    """List the newest denials, the newest first, to whoever may look at everybody's policies.

    Raises:
        AccessDenied

    """
    await write_denials(env)
    await _authorise(env, granted, "*")
    rows = await denials.last(env.store.now, granted.caller.account, count=_LISTED)
    return [_explanation(row) for row in rows]


async def _authorise(env: Env, granted: Granted, principal: str) -> None:
    facts = await facts_of_principal(env, granted.caller.account, principal)
    await authorise(env, granted.call, _NEEDS, granted.registry, principal, facts=facts)


def _explanation(row: DenialRow) -> Explanation:
    return Explanation(row.id, row.at, msgspec.json.decode(row.told, type=Told))


def _row(noted: Noted) -> DenialRow:
    asked = noted.question
    request, requester = asked.request, asked.request.requester
    why, remedy = _reasons(asked)
    told = Told(
        sentence=noted.sentence,
        caller=_caller(requester),
        action=request.action,
        resource=str(request.resource),
        region=str(asked.region),
        client=asked.client,
        user_agent=asked.user_agent[:_LONGEST],
        why=why,
        remedy=remedy,
    )
    principal = requester.role_arn or requester.arn
    return DenialRow(asked.account, asked.request_id, asked.at, principal, msgspec.json.encode(told).decode())


def _caller(requester: Requester) -> str:
    """Name who was refused; of a token also whom it is about."""
    if requester.type is RequesterType.WEB_IDENTITY:
        return f"{requester.arn}/{requester.unique_id}"[:_LONGEST]
    return requester.arn


def _reasons(asked: Question) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if asked.narrowed:
        why = ("the policies allow it, but the password that was used was made for less",)
        return why, ("make a password that is good for it: `moorage token create`, or `aws ecr get-login-password`",)
    if asked.absent and asked.request.same_account:
        why = (f"there is no role {asked.request.resource}: its path is part of the ARN, and case counts",)
        return why, ("name a role that is there, or create it with a trust policy",)
    if asked.trust is None:
        found = reasons_of(asked.request, asked.caller, asked.policies)
    else:
        found = trust_reasons(asked.request, asked.caller, asked.trust)
    foreign = not asked.request.same_account
    return words.why(found, foreign=foreign), words.remedy(found)
