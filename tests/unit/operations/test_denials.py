"""Denials are kept for who may ask about them: bounded, behind the calls, and found by another worker."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.domain.actions import OPERATIONS
from moorage.domain.errors import AccessDenied, DenialNotFound
from moorage.domain.names import AccountId
from moorage.operations import denials as noted
from moorage.operations import explain
from moorage.operations.denials import Denied
from moorage.operations.env import Call, Env
from moorage.operations.explain import Explanation, explain_denial, forget_denials, list_denials, write_denials
from moorage.store.denials import denials
from moorage.store.sqlite import SqliteStore
from support.env import HOME, OTHER, FrozenClock
from unit.operations.tenant import REPOSITORY, Tenant, root_of

LIST = OPERATIONS["ecr.ListImages"]
DAY = 24 * 3600


class Named(Tenant):
    """Somebody whose requests have ids of their own."""

    def call(self) -> Call:
        made = super().call()
        return Call(
            **{name: getattr(made, name) for name in Call.__struct_fields__} | {"request_id": self.env.ids.request()}
        )


def refuse(somebody: Tenant, name: str = REPOSITORY, *, at: Tenant | None = None) -> str:
    """Be refused, as an edge tells it; gives the id."""
    asking = Named(somebody.env, somebody.account, somebody.key_id, somebody.user)
    with pytest.raises(Denied) as refused:
        asking.granted(name, needs=LIST, registry=(at or somebody).registry)
    somebody.env.denials.note(refused.value)
    return refused.value.question.request_id


def ask(somebody: Tenant, denial_id: str) -> Explanation:
    return somebody.run(explain_denial, "", denial_id)


def kept(tenant: Tenant) -> int:
    return len(tenant.rows(denials, "denial_id"))


@pytest.fixture
def neighbour(env: Env, tmp_path: Path) -> Iterator[Env]:
    """Another worker on the same database."""
    store = SqliteStore(tmp_path / "metadata.sqlite3", tmp_path / "metadata.lock", reached=lambda _: None)
    yield replace(env, store=store)
    store.close()


def test_a_denial_is_told_with_its_reasons(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:GetAuthorizationToken")
    found = ask(tenant, refuse(ada))
    told = found.told
    assert (told.caller, told.action) == (f"arn:aws:iam::{HOME}:user/ada", "ecr:ListImages")
    assert told.resource.endswith(f"repository/{REPOSITORY}")
    assert told.sentence.endswith("because no identity-based policy allows the ecr:ListImages action")
    assert told.why[0].startswith(f"no policy of {told.caller}")
    assert "Action ecr:ListImages" in told.remedy[0]


def test_no_call_waits_for_its_denial(tenant: Tenant) -> None:
    refuse(tenant.new_user("ada"))
    assert kept(tenant) == 0
    asyncio.run(write_denials(tenant.env))
    assert kept(tenant) == 1


def test_another_worker_finds_a_denial(tenant: Tenant, neighbour: Env) -> None:
    denial = refuse(tenant.new_user("ada"))
    asyncio.run(write_denials(tenant.env))
    assert ask(replace(tenant, env=neighbour), denial).id == denial


def test_the_newest_denials_are_listed_first(tenant: Tenant, clock: FrozenClock) -> None:
    ada = tenant.new_user("ada")
    first = refuse(ada)
    clock.move(1)
    second = refuse(ada)
    assert [one.id for one in tenant.run(list_denials)] == [second, first]


def test_an_unknown_denial_is_told_as_such(tenant: Tenant) -> None:
    with pytest.raises(DenialNotFound):
        ask(tenant, "no-such-id")


def test_whoever_may_not_simulate_may_not_ask(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:GetAuthorizationToken")
    denial = refuse(ada)
    for wanted in (denial, "no-such-id"):
        with pytest.raises(AccessDenied, match="iam:SimulatePrincipalPolicy"):
            ask(ada, wanted)
    with pytest.raises(AccessDenied):
        ada.run(list_denials)


def test_whoever_may_simulate_one_principal_may_ask_about_that_one(tenant: Tenant) -> None:
    ada, bob = tenant.new_user("ada"), tenant.new_user("bob")
    helper = tenant.new_user("helper", "iam:SimulatePrincipalPolicy", resource=f"arn:aws:iam::{HOME}:user/ada")
    of_ada, of_bob = refuse(ada), refuse(bob)
    assert ask(helper, of_ada).id == of_ada
    with pytest.raises(AccessDenied):
        ask(helper, of_bob)


def test_a_denial_is_its_callers_accounts_alone(tenant: Tenant) -> None:
    other = root_of(tenant.env, OTHER)
    denial = refuse(other, at=tenant)
    with pytest.raises(DenialNotFound):
        ask(tenant, denial)
    (why,) = ask(other, denial).told.why
    assert why.endswith(f"/{REPOSITORY} has no policy that could allow arn:aws:iam::{OTHER}:root ecr:ListImages")


def test_a_flood_of_denials_is_no_flood_of_rows(tenant: Tenant, clock: FrozenClock) -> None:
    users = [tenant.new_user(f"user-{number}") for number in range(6)]
    for _ in range(30):
        refuse(users[0])
    asyncio.run(write_denials(tenant.env))
    of_one = kept(tenant)
    for user in users * 30:
        refuse(user)
    asyncio.run(write_denials(tenant.env))
    assert (of_one, kept(tenant)) == (5, 20)
    clock.move(1)
    last = refuse(users[0])
    assert ask(tenant, last).id == last


def test_a_flood_in_one_account_hides_no_denial_of_another(tenant: Tenant) -> None:
    for user in [tenant.new_user(f"user-{number}") for number in range(5)] * 6:
        refuse(user)
    other = root_of(tenant.env, OTHER)
    denial = refuse(other.new_user("ada"))
    assert ask(other, denial).id == denial


def test_where_too_many_wait_the_account_with_most_of_them_gives_way(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noted, "_MOST", 6)
    names = ("555566667777", "666677778888", "777788889999")
    loud, *others = (root_of(tenant.env, AccountId(name)).new_user("ada") for name in names)
    for _ in range(5):
        refuse(loud)
    for user in others * 5:
        refuse(user)
    asyncio.run(write_denials(tenant.env))
    assert sorted(account for (account,) in tenant.rows(denials, "account_id")) == sorted(names * 2)


def test_an_account_keeps_so_many_denials_alone(
    tenant: Tenant, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "MOST", 3)
    ada = tenant.new_user("ada")
    made = []
    for _ in range(6):
        made.append(refuse(ada))
        asyncio.run(write_denials(tenant.env))
        clock.move(1)
    assert sorted(row[0] for row in tenant.rows(denials, "denial_id")) == sorted(made[3:])


def test_a_denial_is_forgotten_after_a_week(tenant: Tenant, clock: FrozenClock) -> None:
    refuse(tenant.new_user("ada"))
    asyncio.run(write_denials(tenant.env))
    left = []
    for seconds in (7 * DAY, 1):
        clock.move(seconds)
        asyncio.run(forget_denials(tenant.env))
        left.append(kept(tenant))
    assert left == [1, 0]
