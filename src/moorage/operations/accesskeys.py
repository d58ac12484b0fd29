"""Access keys of users and of the root: create, list, update, delete; a secret is shown once, when it is made."""

from dataclasses import dataclass, field

from moorage.domain.errors import EntityNotFound, QuotaExceeded
from moorage.domain.events import EventKind
from moorage.operations.accounts import Vault
from moorage.operations.authorise import Granted
from moorage.operations.entities import name_of
from moorage.operations.env import Env
from moorage.operations.listing import Listing, Page, Paging
from moorage.operations.record import record
from moorage.operations.users import owner_id
from moorage.store import access_keys, accounts
from moorage.store.access_keys import AccessKeyRow
from moorage.store.transaction import Transaction

KEYS_LIMIT = 2


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key as its owner may see it; ``user_name`` is empty for the root's."""

    id: str
    user_name: str
    active: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A new access key with its secret, for the one time it is shown."""

    key: AccessKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LastUse:
    """Whose a key is and when it signed last, to the hour; ``None`` where it never did."""

    user_name: str
    at: int | None
    service: str | None
    region: str | None


class ConfiguredKeyFixedError(Exception):
    """The key that the settings name is replaced there: each start would bring it back."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"The Access Key with id {key_id} is set in the server's settings. Name another one there.")
        self.key_id = key_id


async def create_access_key(env: Env, granted: Granted) -> CreatedKey:
    """Make a key of the user, or of the root that asks.

    Raises:
        EntityNotFound, QuotaExceeded

    """
    account, at = granted.registry.account, granted.call.at
    vault = Vault(env.store, env.keyring, env.ids)
    new = vault.new_key()
    sealed = vault.seal(new)

    async def unit(tx: Transaction) -> AccessKey:
        owner = await owner_id(tx, granted)
        if len(await access_keys.of_user(tx, account, owner)) >= KEYS_LIMIT:
            raise QuotaExceeded("AccessKeysPerUser", KEYS_LIMIT)
        row = AccessKeyRow(new.access_key_id, account, owner, sealed, active=True, configured=False, created_at=at)
        await access_keys.create(tx, row)
        await _changed(tx, env, granted, EventKind.ACCESS_KEY_CREATED, row.id)
        return _shown(granted, row)

    return CreatedKey(await env.store.write(unit), new.secret)


async def list_access_keys(env: Env, granted: Granted, paging: Paging) -> Page[AccessKey]:
    """List keys in the order they were made, without their secrets.

    Raises:
        EntityNotFound

    """

    async def unit(tx: Transaction) -> list[AccessKeyRow]:
        return await access_keys.of_user(tx, granted.registry.account, await owner_id(tx, granted))

    page = Listing(env, granted, "ListAccessKeys").cut(paging, await env.store.read(unit), _mark)
    return page.map(lambda row: _shown(granted, row))


async def update_access_key(env: Env, granted: Granted, key_id: str, *, active: bool) -> None:
    """Let a key be used, or not any more.

    Raises:
        EntityNotFound, ConfiguredKeyFixedError

    """

    async def unit(tx: Transaction) -> None:
        row = await _get(tx, granted, key_id)
        if row.configured and not active:
            raise ConfiguredKeyFixedError(key_id)
        await access_keys.set_active(tx, row.account, row.user_id, row.id, active=active)
        await _changed(tx, env, granted, EventKind.ACCESS_KEY_UPDATED, row.id, active=int(active))

    await env.store.write(unit)


async def delete_access_key(env: Env, granted: Granted, key_id: str) -> None:
    """Delete a key; whoever signs with it is refused from now on.

    Raises:
        EntityNotFound, ConfiguredKeyFixedError

    """

    async def unit(tx: Transaction) -> None:
        row = await _get(tx, granted, key_id)
        if row.configured:
            raise ConfiguredKeyFixedError(key_id)
        await access_keys.delete_key(tx, row.account, row.user_id, row.id)
        await _changed(tx, env, granted, EventKind.ACCESS_KEY_DELETED, row.id)

    await env.store.write(unit)


async def get_last_used(env: Env, granted: Granted, key_id: str) -> LastUse:
    """Tell when a key of the account was used last.

    Raises:
        EntityNotFound: there is none, or it is another account's

    """
    holder = await access_keys.find(env.store.now, key_id)
    if holder is None or holder.key.account != granted.registry.account:
        raise EntityNotFound("Access Key", key_id, by="id")
    key = holder.key
    return LastUse(holder.user_name or "", key.used_at, key.used_for, key.used_in)


async def _get(tx: Transaction, granted: Granted, key_id: str) -> AccessKeyRow:
    """Give a key of the very user that the call was granted on; anybody else's is not found."""
    for row in await access_keys.of_user(tx, granted.registry.account, await owner_id(tx, granted)):
        if row.id == key_id:
            return row
    raise EntityNotFound("Access Key", key_id, by="id")


async def _changed(tx: Transaction, env: Env, granted: Granted, kind: EventKind, key_id: str, **facts: int) -> None:
    await accounts.bump(tx, granted.registry.account)
    await record(tx, env, granted, kind, user=name_of(granted) or None, access_key=key_id, **facts)


def _mark(row: AccessKeyRow) -> str:
    """Give the text whose order is that of the list."""
    return f"{row.created_at:020d} {row.id}"


def _shown(granted: Granted, row: AccessKeyRow) -> AccessKey:
    return AccessKey(row.id, name_of(granted), row.active, row.created_at)
