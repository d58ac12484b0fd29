"""The first account and its administrator's keys, further accounts, and what the server holds."""

import asyncio

import pytest

from moorage.domain.errors import AccountExists
from moorage.domain.names import AccountId
from moorage.operations.accesskeys import create_access_key
from moorage.operations.accounts import (
    ConfiguredKeyTakenError,
    NewKey,
    Vault,
    create_account,
    describe_server,
    ensure_first_account,
    list_accounts,
    reset_root,
)
from moorage.operations.env import Env
from moorage.operations.health import is_ready
from moorage.operations.keyring import KeyRing
from moorage.operations.principals import Principal, PrincipalCache
from moorage.store.access_keys import access_keys
from moorage.store.accounts import generations
from support.env import HOME, OTHER
from unit.operations.tenant import Tenant, root_of

FIRST, SECOND = NewKey("AKIAFIRST", "first secret"), NewKey("AKIASECOND", "second secret")


@pytest.fixture
def vault(env: Env) -> Vault:
    return Vault(env.store, env.keyring, env.ids)


def start(vault: Vault, key: NewKey, account: AccountId = HOME) -> None:
    """Do what each start of the server does."""
    asyncio.run(ensure_first_account(vault, account, key, at=1))


def holder(env: Env, key: NewKey) -> Principal | None:
    return asyncio.run(env.principals.find_now(key.access_key_id))


def secret_of(env: Env, key: NewKey) -> str:
    found = holder(env, key)
    assert found is not None
    return found.secret


def keys_of(env: Env) -> list[tuple[str, ...]]:
    return Tenant(env, HOME, "").rows(access_keys, "access_key_id", "secret")


def test_the_first_start_makes_the_account(env: Env, vault: Vault) -> None:
    before = asyncio.run(is_ready(env))
    start(vault, FIRST)
    assert (before, asyncio.run(is_ready(env))) == (False, True)


def test_the_configured_key_belongs_to_the_root(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    found = holder(env, FIRST)
    assert found is not None
    assert (found.caller.arn, found.secret) == (f"arn:aws:iam::{HOME}:root", FIRST.secret)


def test_the_secret_lies_sealed(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    ((_, sealed),) = keys_of(env)
    assert FIRST.secret not in str(sealed)


def test_another_start_changes_nothing(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    before = (keys_of(env), Tenant(env, HOME, "").rows(generations, "n"))
    start(vault, FIRST)
    assert (keys_of(env), Tenant(env, HOME, "").rows(generations, "n")) == before


def test_another_key_in_the_settings_replaces_the_one_before(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    holder(env, FIRST)
    start(vault, SECOND)
    assert (holder(env, FIRST), secret_of(env, SECOND)) == (None, SECOND.secret)


def test_another_secret_in_the_settings_replaces_the_one_before(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    secret_of(env, FIRST)
    start(vault, NewKey(FIRST.access_key_id, "another secret"))
    assert secret_of(env, FIRST) == "another secret"


def test_a_key_that_the_root_made_itself_survives_a_start(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    made = Tenant(env, HOME, FIRST.access_key_id).run(create_access_key)
    start(vault, SECOND)
    assert secret_of(env, NewKey(made.key.id, "")) == made.secret


def test_a_key_of_the_roots_own_can_be_named_in_the_settings(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    made = Tenant(env, HOME, FIRST.access_key_id).run(create_access_key)
    start(vault, NewKey(made.key.id, "set by hand"))
    assert (secret_of(env, NewKey(made.key.id, "")), holder(env, FIRST)) == ("set by hand", None)


def test_a_key_that_somebody_else_has_cannot_be_named(env: Env, vault: Vault) -> None:
    other = root_of(env, OTHER)
    start(vault, FIRST)
    with pytest.raises(ConfiguredKeyTakenError):
        start(vault, NewKey(other.key_id, "secret"))


def test_a_start_that_is_refused_leaves_the_key_before(env: Env, vault: Vault) -> None:
    other = root_of(env, OTHER)
    start(vault, FIRST)
    with pytest.raises(ConfiguredKeyTakenError):
        start(vault, NewKey(other.key_id, "secret"))
    assert secret_of(env, FIRST) == FIRST.secret


def test_a_key_ring_that_is_lost_is_made_good_for_the_configured_key(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    ring = KeyRing("k9", {"k9": b"9" * 32})
    start(Vault(env.store, ring, env.ids), FIRST)
    found = asyncio.run(PrincipalCache(env.store, ring).find_now(FIRST.access_key_id))
    assert found is not None
    assert found.secret == FIRST.secret


def test_a_reset_takes_every_key_of_the_root_away(env: Env, vault: Vault) -> None:
    start(vault, FIRST)
    made = Tenant(env, HOME, FIRST.access_key_id).run(create_access_key)
    new = asyncio.run(reset_root(vault, HOME, at=2))
    assert new is not None
    assert [holder(env, FIRST), holder(env, NewKey(made.key.id, "")), secret_of(env, new)] == [None, None, new.secret]


def test_an_account_that_is_missing_cannot_be_reset(vault: Vault) -> None:
    assert asyncio.run(reset_root(vault, OTHER, at=2)) is None


def test_an_account_is_made_with_a_key_of_its_root(tenant: Tenant) -> None:
    key = tenant.run(create_account, "", OTHER)
    assert Tenant(tenant.env, OTHER, key.access_key_id).granted().caller.arn == f"arn:aws:iam::{OTHER}:root"


def test_an_account_is_made_once(tenant: Tenant) -> None:
    with pytest.raises(AccountExists):
        tenant.run(create_account, "", HOME)


def test_accounts_are_listed_by_number(tenant: Tenant) -> None:
    tenant.run(create_account, "", OTHER)
    assert tenant.run(list_accounts) == [HOME, OTHER]


def test_the_server_tells_how_full_it_is(tenant: Tenant) -> None:
    tenant.create()
    tenant.push("v1", b"layer")
    tenant.send(tenant.start(), b"layer")
    told = tenant.run(describe_server)
    counts = told.totals
    assert (counts.accounts, counts.repositories, counts.images, counts.blobs, counts.bytes, counts.uploads) == (
        *(1, 1, 1, 2, 7, 1),
    )


def test_the_server_tells_how_full_its_disk_is(tenant: Tenant) -> None:
    told = tenant.run(describe_server)
    assert (told.disk_used, told.disk_free) == (0, 1_000_000)
