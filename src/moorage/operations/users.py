"""IAM users: create, get, list, delete; and which user a call means.

A call is granted on a user's name with its path, ``/team/ada``, and on nothing for the account's own root. Whoever
bears that name under another path when the change is made is somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from moorage.domain.arns import root_arn, user_arn
from moorage.domain.caller import Caller, CallerKind
from moorage.domain.errors import DeleteConflict, EntityAlreadyExists, EntityNotFound, InvalidParameter
from moorage.domain.events import EventKind
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.pages import DEFAULT_PAGE, next_token, read_token
from moorage.operations.record import record
from moorage.store import access_keys, accounts, user_policies, users
from moorage.store.access_keys import ROOT
from moorage.store.transaction import Transaction
from moorage.store.users import UserRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class User:
    """A user; ``name`` and ``path`` are empty for the account's root. ``created_at`` is in microseconds."""

    id: str
    name: str
    path: str
    arn: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a list goes on and how much of it is wanted, as the client says."""

    marker: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the marker for more."""

    items: Sequence[T]
    marker: str | None


async def find_named(env: Env, caller: Caller, name: str | None) -> str:
    """Name the user that a call means, its path included; without a name the caller itself, nothing for a root.

    A user who is not there is looked for where most users are: nobody learns from the permission that is asked.
    """
    if name is not None:
        user = await users.find(env.store.now, caller.account, name)
        return f"/{name}" if user is None else f"{user.path}{user.name}"
    if caller.kind is CallerKind.ROOT:
        return ""
    user = await users.find_by_id(env.store.now, caller.account, caller.unique_id)
    return f"/{caller.name}" if user is None else f"{user.path}{user.name}"


def name_of(granted: Granted) -> str:
    """Give the name of the user that the call was granted on, without its path."""
    return granted.name.rpartition("/")[2]


async def get_row(tx: Transaction, granted: Granted) -> UserRow:
    """Give the user that the call was granted on.

    Raises:
        EntityNotFound

    """
    user = await users.find(tx, granted.registry.account, name_of(granted))
    if user is None or f"{user.path}{user.name}" != granted.name:
        raise EntityNotFound("user", name_of(granted))
    return user


async def owner_id(tx: Transaction, granted: Granted) -> str:
    """Give what marks the keys of whom the call was granted on: the user's id, or ``ROOT``.

    Raises:
        EntityNotFound

    """
    if not granted.name and granted.caller.kind is CallerKind.ROOT:
        return ROOT
    return (await get_row(tx, granted)).id


async def create_user(env: Env, granted: Granted, name: str, path: str) -> User:
    """Make a user who may do nothing yet.

    Raises:
        EntityAlreadyExists: whatever the case of the letters

    """
    account = granted.registry.account
    row = UserRow(account, env.ids.user(), name, path, granted.call.at)

    async def unit(tx: Transaction) -> User:
        if not await users.create(tx, row):
            raise EntityAlreadyExists("user", name)
        await accounts.bump(tx, account)
        await record(tx, env, granted, EventKind.USER_CREATED, user=name, path=path, user_id=row.id)
        return _user(row)

    return await env.store.write(unit)


async def get_user(env: Env, granted: Granted) -> User:
    """Describe a user, or the root to itself.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> User:
        if await owner_id(tx, granted) != ROOT:
            return _user(await get_row(tx, granted))
        account = granted.registry.account
        # The root calls with a key of its own; the oldest is the nearest thing to a birthday that it has.
        keys = await access_keys.of_user(tx, account, ROOT)
        created_at = min((key.created_at for key in keys), default=granted.call.at)
        return User(account, "", "", root_arn(account), created_at)

    return await env.store.read(unit)


async def list_users(env: Env, granted: Granted, prefix: str, paging: Paging) -> Page[User]:
    """List users by name, those whose path begins with ``prefix``; a page holds at most 100 unless told."""
    after = read_marker(env, granted, "ListUsers", prefix, paging)
    size = paging.count or DEFAULT_PAGE
    found = await env.store.read(lambda tx: _gather(tx, granted, prefix, after, size + 1))
    page = [_user(row) for row in found[:size]]
    if len(found) <= size:
        return Page(page, None)
    return Page(page, next_token(env, "ListUsers", granted.registry, prefix, page[-1].name))


async def delete_user(env: Env, granted: Granted) -> None:
    """Delete a user who has neither keys nor policies left.

    Raises:
        EntityNotFound, DeleteConflict

    """

    async def unit(tx: Transaction) -> None:
        user = await get_row(tx, granted)
        if await access_keys.of_user(tx, user.account, user.id):
            raise DeleteConflict("delete access keys")
        if await user_policies.of_user(tx, user.account, user.id):
            raise DeleteConflict("delete policies")
        await users.delete_user(tx, user.account, user.id)
        await accounts.bump(tx, user.account)
        await record(tx, env, granted, EventKind.USER_DELETED, user=user.name, path=user.path, user_id=user.id)

    await env.store.write(unit)


def read_marker(env: Env, granted: Granted, operation: str, where: str, paging: Paging) -> str:
    """Open the marker of a list, which is good for the same list alone.

    Raises:
        InvalidParameter

    """
    try:
        return read_token(env, operation, granted.registry, where, paging.marker)
    except InvalidParameter:
        raise InvalidParameter("marker", "Invalid marker") from None


async def _gather(tx: Transaction, granted: Granted, prefix: str, after: str, count: int) -> list[UserRow]:
    """Read on until ``count`` users have the prefix, or there are no more."""
    found: list[UserRow] = []
    while True:
        rows = await users.page(tx, granted.registry.account, after=after, count=count)
        found += [row for row in rows if row.path.startswith(prefix)]
        if len(rows) < count or len(found) >= count:
            return found[:count]
        after = rows[-1].name


def _user(row: UserRow) -> User:
    return User(row.id, row.name, row.path, user_arn(row.account, row.path, row.name), row.created_at)
