"""Inline policies of users: put, get, list, delete."""

from moorage.domain.errors import EntityNotFound, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.pages import DEFAULT_PAGE, next_token
from moorage.operations.record import record
from moorage.operations.users import Page, Paging, get_row, read_marker
from moorage.policy.document import parse
from moorage.policy.elements import PolicyKind
from moorage.store import accounts, user_policies
from moorage.store.transaction import Transaction

SIZE_LIMIT = 2_048  # characters of all inline policies of one user, white space not counted


class PolicySizeExceeded(QuotaExceeded):
    """All inline policies of the user together would be too long; ``str()`` is IAM's own sentence."""

    def __init__(self, user: str) -> None:
        super().__init__("the size of inline policies", SIZE_LIMIT)
        self.user = user

    def __str__(self) -> str:
        return f"Maximum policy size of {self.limit} bytes exceeded for user {self.user}"


async def put_user_policy(env: Env, granted: Granted, name: str, document: str) -> None:
    """Keep a policy under its name, in place of the one that was there.

    Raises:
        EntityNotFound, PolicySizeExceeded
        MalformedPolicy: the document cannot be read, or asks for something that is not evaluated

    """
    await get_row(env.store.now, granted)  # a missing user is told before anything about the policy
    parse(document, PolicyKind.IDENTITY)

    async def unit(tx: Transaction) -> None:
        user = await get_row(tx, granted)
        kept = dict(await user_policies.of_user(tx, user.account, user.id))
        kept[name] = document
        if sum(map(_size, kept.values())) > SIZE_LIMIT:
            raise PolicySizeExceeded(user.name)
        await user_policies.put(tx, user.account, user.id, name, document)
        await accounts.bump(tx, user.account)
        await record(tx, env, granted, EventKind.USER_POLICY_PUT, user=user.name, policy=name)

    await env.store.write(unit)


async def get_user_policy(env: Env, granted: Granted, name: str) -> str:
    """Give a policy's document as it was put.

    Raises:
        EntityNotFound

    """
    document = dict(await env.store.read(lambda tx: _of_user(tx, granted))).get(name)
    if document is None:
        raise EntityNotFound("user policy", name)
    return document


async def list_user_policies(env: Env, granted: Granted, paging: Paging) -> Page[str]:
    """List the names of a user's policies.

    Raises:
        EntityNotFound

    """
    after = read_marker(env, granted, "ListUserPolicies", granted.name, paging)
    size = paging.count or DEFAULT_PAGE
    rest = [name for name, _ in await env.store.read(lambda tx: _of_user(tx, granted)) if name > after]
    page = rest[:size]
    if len(rest) <= size:
        return Page(page, None)
    return Page(page, next_token(env, "ListUserPolicies", granted.registry, granted.name, page[-1]))


async def delete_user_policy(env: Env, granted: Granted, name: str) -> None:
    """Delete a policy.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> None:
        user = await get_row(tx, granted)
        if not await user_policies.delete_policy(tx, user.account, user.id, name):
            raise EntityNotFound("user policy", name)
        await accounts.bump(tx, user.account)
        await record(tx, env, granted, EventKind.USER_POLICY_DELETED, user=user.name, policy=name)

    await env.store.write(unit)


async def _of_user(tx: Transaction, granted: Granted) -> list[tuple[str, str]]:
    user = await get_row(tx, granted)
    return await user_policies.of_user(tx, user.account, user.id)


def _size(document: str) -> int:
    return len("".join(document.split()))
