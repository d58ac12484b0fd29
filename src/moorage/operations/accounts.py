"""Accounts: the first one and its administrator, further ones, and what the server as a whole holds."""

import hmac
from dataclasses import dataclass

from moorage.domain.errors import AccountExists
from moorage.domain.events import EventKind
from moorage.domain.names import AccountId
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.ids import Ids
from moorage.operations.keyring import KeyRing, Purpose, SealBroken
from moorage.operations.record import record
from moorage.store import access_keys, accounts, sessions, totals
from moorage.store.access_keys import ROOT, AccessKeyRow
from moorage.store.port import Store
from moorage.store.totals import Totals
from moorage.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with its secret in clear text, for the one time it is shown."""

    access_key_id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Vault:
    """What is needed to make and keep keys, before there is an ``Env`` and beside it."""

    store: Store
    keyring: KeyRing
    ids: Ids

    def seal(self, key: NewKey) -> bytes:
        nonce = self.ids.nonce()
        return self.keyring.seal(Purpose.ACCESS_KEY, key.secret.encode(), nonce=nonce, bound=key.access_key_id.encode())

    def new_key(self) -> NewKey:
        return NewKey(self.ids.access_key(), self.ids.secret_key())


async def ensure_first_account(vault: Vault, account: AccountId, key: NewKey, *, at: int) -> None:
    """Make the first account if it is missing, and its root's key the one that the settings name, at each start.

    Another key that the settings named before fails from this moment on.
    """
    if await _is_configured(vault, account, key):
        return

    async def unit(tx: Transaction) -> None:
        await accounts.create(tx, account, at=at)
        for old in await access_keys.of_user(tx, account, ROOT):
            if old.configured or old.id == key.access_key_id:
                await access_keys.delete_key(tx, account, ROOT, old.id)
                # The settings may bring the id back, with this secret or another: what was opened with it is over.
                await sessions.delete_of_parent(tx, account, old.id)
        row = AccessKeyRow(
            key.access_key_id, account, ROOT, vault.seal(key), active=True, configured=True, created_at=at
        )
        if not await access_keys.create(tx, row):
            raise ConfiguredKeyTakenError(key.access_key_id)
        await accounts.bump(tx, account)

    await vault.store.write(unit)


class ConfiguredKeyTakenError(Exception):
    """The access key id in the settings belongs to somebody else already."""

    def __init__(self, access_key_id: str) -> None:
        super().__init__(
            f"the configured access key id {access_key_id} belongs to another user or account already: "
            "set the account_id that it was used with before, or other root keys"
        )


async def _is_configured(vault: Vault, account: AccountId, key: NewKey) -> bool:
    rows = await access_keys.of_user(vault.store.now, account, ROOT)
    configured = [row for row in rows if row.configured]
    if len(configured) != 1 or configured[0].id != key.access_key_id:
        return False
    try:
        secret = vault.keyring.open(Purpose.ACCESS_KEY, configured[0].secret, bound=key.access_key_id.encode())
    except SealBroken:
        return False
    return hmac.compare_digest(secret, key.secret.encode())


async def create_account(env: Env, granted: Granted, account: AccountId) -> NewKey:
    """Make an account and its root's first key.

    Raises:
        AccountExists

    """
    vault = Vault(env.store, env.keyring, env.ids)
    key = vault.new_key()
    row = AccessKeyRow(
        key.access_key_id, account, ROOT, vault.seal(key), active=True, configured=False, created_at=granted.call.at
    )

    async def unit(tx: Transaction) -> NewKey:
        if not await accounts.create(tx, account, at=granted.call.at):
            raise AccountExists(account)
        await access_keys.create(tx, row)
        await record(tx, env, granted, EventKind.ACCOUNT_CREATED, account=account)
        return key

    return await env.store.write(unit)


async def find_configured(vault: Vault, access_key_id: str) -> AccountId | None:
    """Tell which account has the key that the settings name; None where nobody has it."""
    holder = await access_keys.find(vault.store.now, access_key_id)
    return None if holder is None else holder.key.account


async def reset_root(vault: Vault, account: AccountId, *, at: int, configured: bool = False) -> NewKey | None:
    """Take every key of the account's root away and make a new one; None where there is no such account.

    ``configured`` is for the first account, whose new key the settings will name.
    """
    key = vault.new_key()

    async def unit(tx: Transaction) -> NewKey | None:
        if await accounts.find_generation(tx, account) is None:
            return None
        for old in await access_keys.of_user(tx, account, ROOT):
            await access_keys.delete_key(tx, account, ROOT, old.id)
            await sessions.delete_of_parent(tx, account, old.id)
        row = AccessKeyRow(
            key.access_key_id, account, ROOT, vault.seal(key), active=True, configured=configured, created_at=at
        )
        await access_keys.create(tx, row)
        await accounts.bump(tx, account)
        return key

    return await vault.store.write(unit)


async def list_accounts(env: Env, _granted: Granted) -> list[AccountId]:
    return await accounts.page(env.store.now)


@dataclass(frozen=True, slots=True)
class ServerDescription:
    """How full the server is, over all accounts and regions."""

    totals: Totals
    disk_used: int
    disk_free: int


async def describe_server(env: Env, _granted: Granted) -> ServerDescription:
    used, free = env.disk()
    return ServerDescription(await totals.count(env.store.now), used, free)
