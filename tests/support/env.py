"""An ``Env`` in a temporary folder, made of the real parts: SQLite, files, a key ring; only its clock stands still."""

import asyncio
import tempfile
from functools import cache
from pathlib import Path

from moorage.blobs.files import FileBlobs
from moorage.domain.addresses import Addresses
from moorage.domain.names import AccountId, Region
from moorage.operations.accounts import NewKey, Vault, ensure_first_account, reset_root
from moorage.operations.denials import Denials
from moorage.operations.env import Env
from moorage.operations.ids import Ids
from moorage.operations.keyring import KeyRing
from moorage.operations.keyuses import KeyUses
from moorage.operations.policies import PolicyCache
from moorage.operations.principals import PrincipalCache
from moorage.operations.providerkeys import ProviderKeys
from moorage.operations.pulltimes import PullTimes
from moorage.outside.port import Web
from moorage.outside.web import GuardedWeb
from moorage.sigv4.key import SigningKeys
from moorage.store.migrate import migrate
from moorage.store.sqlite import SqliteStore

HOME, OTHER = AccountId("111122223333"), AccountId("444455556666")
REGION, FURTHER_REGION = Region("eu-central-1"), Region("eu-west-1")
PORT = 5000
SMALL = 65_536  # bytes
START = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


class FrozenClock:
    """A clock in microseconds since 1970 that moves when it is told to."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += int(seconds * 1_000_000)


def make_env(
    folder: Path, clock: FrozenClock | None = None, web: Web | None = None, *, small_blobs: int = SMALL
) -> Env:
    """Make an ``Env`` whose database has the newest schema and holds nothing; ``close_env`` ends it."""
    clock = clock or FrozenClock()
    database, lock = folder / "metadata.sqlite3", folder / "metadata.lock"
    database.write_bytes(_empty_database())
    store = SqliteStore(database, lock, reached=lambda _: None)
    keyring = KeyRing("k1", {"k1": b"k" * 32})
    return Env(
        store=store,
        blobs=FileBlobs(folder, reached=lambda _: None),
        clock=clock,
        ids=Ids(),
        keyring=keyring,
        addresses=Addresses(HOME, REGION, PORT, tls=False),
        account=HOME,
        region=REGION,
        regions=frozenset({REGION, FURTHER_REGION}),
        principals=PrincipalCache(store, keyring),
        policies=PolicyCache(store),
        signing_keys=SigningKeys(),
        pull_times=PullTimes(),
        key_uses=KeyUses(),
        denials=Denials(),
        provider_keys=ProviderKeys(web or GuardedWeb(), clock),
        disk=lambda: (0, 1_000_000),
        small_blobs=small_blobs,
    )


def close_env(env: Env) -> None:
    """End the store's thread and let go of its files."""
    assert isinstance(env.store, SqliteStore)
    env.store.close()


def configure_account(env: Env, account: AccountId) -> NewKey:
    """Make an account whose root has the key that the settings name."""
    vault = _vault(env)
    key = vault.new_key()
    asyncio.run(ensure_first_account(vault, account, key, at=env.clock()))
    return key


def make_account(env: Env, account: AccountId) -> NewKey:
    """Make an account whose root has one key, which no settings name."""
    configure_account(env, account)
    key = asyncio.run(reset_root(_vault(env), account, at=env.clock()))
    assert key is not None
    return key


def _vault(env: Env) -> Vault:
    return Vault(env.store, env.keyring, env.ids)


@cache
def _empty_database() -> bytes:
    """Render the schema once for all tests: that is what costs most."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "metadata.sqlite3"
        migrate(database, Path(folder) / "lock", Path(folder) / "backups")
        return database.read_bytes()
