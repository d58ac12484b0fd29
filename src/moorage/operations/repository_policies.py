"""The resource policy of a repository: set, get, delete."""

from dataclasses import replace

from moorage.domain.errors import InvalidParameter, RepositoryPolicyNotFound
from moorage.domain.events import EventKind
from moorage.domain.repository import Repository
from moorage.operations.authorise import Granted, may_still
from moorage.operations.env import Env
from moorage.operations.namedprincipals import PrincipalMissingError, resolve, with_ids
from moorage.operations.policies import compile_attached
from moorage.operations.record import record
from moorage.operations.repositories import get_repository
from moorage.policy.document import PolicyDocument, parse
from moorage.policy.elements import PolicyKind
from moorage.policy.errors import SYNTAX, MalformedPolicy
from moorage.store import accounts, attached, repository_policies
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
    """Give the policy to decide by: with the ids of the users and roles it names.

    Raises:
        InvalidParameter: it names somebody who is not there; ``invalid`` says of what kind of policy

    """
    try:
        return with_ids(text, await resolve(tx, document.principals_named))
    except PrincipalMissingError as missing:
        raise InvalidParameter("PolicyText", f"{invalid}: {missing}") from None
