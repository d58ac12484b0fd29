"""The resource policy of a repository: set, get, delete."""

import json
from collections.abc import Mapping
from dataclasses import replace

from moorage.domain.arns import user_arn
from moorage.domain.errors import InvalidParameter, RepositoryPolicyNotFound
from moorage.domain.events import EventKind
from moorage.domain.names import AccountId
from moorage.domain.repository import Repository
from moorage.operations.authorise import Granted, may_still
from moorage.operations.env import Env
from moorage.operations.policies import compile_attached
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.policy.document import PolicyDocument, parse
from moorage.policy.elements import PolicyKind
from moorage.policy.errors import SYNTAX, MalformedPolicy
from moorage.policy.principal import Principal, PrincipalKind
from moorage.store import accounts, attached, repository_policies, users
from moorage.store.transaction import Transaction

_INVALID = "Invalid repository policy provided"
_LOCKED_OUT = "The new policy would not allow the caller to set it again: use force to set it all the same"


async def set_policy(env: Env, granted: Granted, text: str, *, force: bool) -> None:
    """Replace the repository's policy.

    Raises:
        RepositoryNotFound
        InvalidParameter: the policy cannot be kept, or would lock its author out and ``force`` is not set

    """
    granted.repository_id  # noqa: B018 - a missing repository is told before anything about the policy
    try:
        document = parse(text, PolicyKind.REPOSITORY)
    except MalformedPolicy as malformed:
        why = "" if malformed.sentence == SYNTAX else f": {malformed.sentence}"
        raise InvalidParameter("PolicyText", f"{_INVALID}{why}") from None

    async def unit(tx: Transaction) -> None:
        repository = await get_repository(tx, granted)
        resolved = await resolved_text(tx, text, document, _INVALID)
        policies = compile_attached(replace(await attached.find(tx, granted.registry, repository.id), own=resolved))
        if not force and not may_still(granted, "ecr:SetRepositoryPolicy", policies):
            raise InvalidParameter("PolicyText", _LOCKED_OUT)
        await repository_policies.put(tx, repository, text, resolved)
        await accounts.bump(tx, repository.account)
        await record(tx, env, granted, EventKind.REPOSITORY_POLICY_SET, repository=repository.name)

    await env.store.write(unit)


async def get_policy(env: Env, granted: Granted) -> str:
    """Give the policy as it was set.

    Raises:
        RepositoryNotFound, RepositoryPolicyNotFound

    """
    return await _find(env.store.now, await get_repository(env.store.now, granted))


async def delete_policy(env: Env, granted: Granted) -> str:
    """Delete the policy and give what it was.

    Raises:
        RepositoryNotFound, RepositoryPolicyNotFound

    """

    async def unit(tx: Transaction) -> str:
        repository = await get_repository(tx, granted)
        text = await _find(tx, repository)
        await repository_policies.delete_policy(tx, repository)
        await accounts.bump(tx, repository.account)
        await record(tx, env, granted, EventKind.REPOSITORY_POLICY_DELETED, repository=repository.name)
        return text

    return await env.store.write(unit)


async def _find(tx: Transaction, repository: Repository) -> str:
    text = await repository_policies.find(tx, repository)
    if text is None:
        raise RepositoryPolicyNotFound(repository.place)
    return text


async def resolved_text(tx: Transaction, text: str, document: PolicyDocument, invalid: str) -> str:
    """Give the policy to decide by: with the ids of the users it names.

    Raises:
        InvalidParameter: it names somebody who is not there; ``invalid`` says of what kind of policy

    """
    return _with_ids(text, await _resolve(tx, document.principals_named, invalid))


async def _resolve(tx: Transaction, named: tuple[Principal, ...], invalid: str) -> Mapping[str, str]:
    """See that every named principal exists, and give the ids of the users among them by their ARNs."""
    ids: dict[str, str] = {}
    for principal in named:
        match principal.kind:
            case PrincipalKind.ACCOUNT:
                known = await accounts.find_generation(tx, AccountId(principal.name)) is not None
            case PrincipalKind.USER:
                found = await _user_id(tx, principal.name)
                known, ids[principal.name] = found is not None, found or ""
            case PrincipalKind.UNIQUE_ID:
                known = True  # AWS shows a deleted principal by its id and takes the text back
            case _:
                known = False
        if not known:
            raise InvalidParameter("PolicyText", f"{invalid}: principal '{principal.name}' does not exist")
    return ids


async def _user_id(tx: Transaction, arn: str) -> str | None:
    account, _, path = arn.removeprefix("arn:aws:iam::").partition(":user")
    if len(account) != len("123456789012"):
        return None
    user = await users.find(tx, AccountId(account), path.rpartition("/")[2])
    return user.id if user is not None and user_arn(user.account, user.path, user.name) == arn else None


def _with_ids(text: str, ids: Mapping[str, str]) -> str:
    document = json.loads(text)
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if isinstance(principal, dict) and "AWS" in principal:
                named = principal["AWS"]
                listed = named if isinstance(named, list) else [named]
                principal["AWS"] = [ids.get(name, name) for name in listed]
    return json.dumps(document)
