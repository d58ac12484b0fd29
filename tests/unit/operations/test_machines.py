"""Machines: the end of a token, races with their revocation, and what is forgotten when."""

import asyncio
import json
from dataclasses import replace

import pytest

from moorage.domain.actions import OPERATIONS
from moorage.domain.caller import CallerKind
from moorage.domain.entities import EntityKind
from moorage.domain.errors import AccessDenied, CredentialUnknown, EntityNotFound, RegistryFull
from moorage.domain.events import EventKind
from moorage.domain.machine import Machine, MachineState
from moorage.domain.quotas import Quotas
from moorage.operations import assumerole as operations_assumerole
from moorage.operations import machinecredentials
from moorage.operations import machines as operations_machines
from moorage.operations.assumerole import Assuming, assume_role, find_target
from moorage.operations.authorise import authorise
from moorage.operations.housekeeping import SHOWN, forget_machines
from moorage.operations.inlinepolicies import delete_policy, put_policy
from moorage.operations.keyring import Purpose
from moorage.operations.listing import Paging
from moorage.operations.machinecredentials import LIFETIME, MachineCredentials, get_credentials
from moorage.operations.machines import (
    Joined,
    Registered,
    join_instance,
    list_instances,
    register_instance,
    revoke_instance,
)
from moorage.operations.narrowtokens import Wanted, create_token
from moorage.operations.roles import NewRole, create_role, delete_role, update_trust
from moorage.operations.sessions import Limits
from moorage.store.events import events
from moorage.store.machines import machines
from moorage.store.sessions import sessions
from support.env import HOME, OTHER, FrozenClock
from unit.operations.tenant import Tenant, allow, root_of

SECOND = 1_000_000
ROLE = "puller"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


@pytest.fixture
def tenant(tenant: Tenant) -> Tenant:
    tenant.run(create_role, f"/{ROLE}", NewRole(ROLE, "/", TRUST))
    tenant.run(put_policy, f"/{ROLE}", EntityKind.ROLE, "p", allow("ecr:*"))
    return tenant


@pytest.fixture
def few(tenant: Tenant) -> Tenant:
    """Give an account that may have two instances at once."""
    return replace(tenant, env=replace(tenant.env, quotas=Quotas(instances=2)))


def register(tenant: Tenant, seconds: int = 60) -> Registered:
    return tenant.run(register_instance, "", ROLE, seconds)


def join(tenant: Tenant, token: str) -> Joined:
    return asyncio.run(join_instance(tenant.env, tenant.call(), token))


def fetch(tenant: Tenant, machine: Machine) -> MachineCredentials:
    return asyncio.run(get_credentials(tenant.env, tenant.call(), machine))


def act_as(tenant: Tenant, found: MachineCredentials) -> str:
    holder = replace(tenant, key_id=found.opened.access_key_id)
    granted = asyncio.run(
        authorise(tenant.env, holder.call(), OPERATIONS["ecr.GetAuthorizationToken"], holder.registry)
    )
    assert granted.caller.kind is CallerKind.ROLE
    return granted.caller.arn


def listed(tenant: Tenant) -> list[str]:
    return [machine.id for machine in tenant.run(list_instances, "", Paging(None, 100)).items]


def is_full(tenant: Tenant) -> bool:
    """Tell whether no machine more is taken, nor kept."""
    before = listed(tenant)
    try:
        register(tenant)
    except RegistryFull:
        return listed(tenant) == before
    return False


def test_a_token_is_good_until_its_very_end(tenant: Tenant, clock: FrozenClock) -> None:
    made, late = register(tenant), register(tenant)
    clock.move(59)
    assert join(tenant, made.token).machine.id == made.machine.id
    clock.move(1)
    with pytest.raises(AccessDenied, match="token is not good"):
        join(tenant, late.token)
    assert late.machine.state(clock()) is MachineState.EXPIRED


def test_a_token_that_is_not_good_makes_nobody_write(
    tenant: Tenant, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    used, late, ended = register(tenant, 120), register(tenant), register(tenant, 120)
    join(tenant, used.token)
    tenant.run(revoke_instance, "", ended.machine.id)
    clock.move(60)

    async def write(_unit: object) -> object:
        pytest.fail("a stranger made the server write")

    monkeypatch.setattr(tenant.env.store, "write", write)
    told = set()
    for token in (used.token, late.token, ended.token, f"moorage_join_{'A' * 43}", ""):
        with pytest.raises(AccessDenied) as refused:
            join(tenant, token)
        told.add(str(refused.value))
    assert len(told) == 1


def test_a_machine_acts_as_its_role(tenant: Tenant, clock: FrozenClock) -> None:
    machine = join(tenant, register(tenant).token).machine
    found = fetch(tenant, machine)
    assert act_as(tenant, found) == f"arn:aws:sts::{HOME}:assumed-role/{ROLE}/{machine.id}"
    assert found.opened.expires_at == clock() + LIFETIME * SECOND


def test_credentials_are_the_same_for_an_hour_and_then_others(tenant: Tenant, clock: FrozenClock) -> None:
    machine = join(tenant, register(tenant).token).machine
    first = fetch(tenant, machine).opened
    clock.move(3599)
    again = fetch(tenant, machine).opened
    assert (again.access_key_id, again.secret, again.expires_at) == (
        first.access_key_id,
        first.secret,
        first.expires_at,
    )
    clock.move(1)
    other = fetch(tenant, machine).opened
    assert other.access_key_id != first.access_key_id
    assert fetch(tenant, machine).opened.access_key_id == other.access_key_id
    assert len(tenant.rows(sessions, "access_key_id")) == 2


def test_a_machine_that_is_revoked_while_it_asks_gets_nothing(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = join(tenant, register(tenant).token).machine

    granted = tenant.granted()

    async def revoked(*args: object) -> object:
        await revoke_instance(tenant.env, granted, machine.id)
        return await find_target(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(machinecredentials, "find_target", revoked)
    with pytest.raises(CredentialUnknown):
        fetch(tenant, machine)
    assert tenant.rows(sessions, "access_key_id") == []


def test_a_crowd_that_asks_at_once_gets_one_session(tenant: Tenant) -> None:
    machine = join(tenant, register(tenant).token).machine

    async def crowd() -> list[MachineCredentials]:
        asked = [get_credentials(tenant.env, tenant.call(), machine) for _ in range(20)]
        return await asyncio.gather(*asked)

    found = asyncio.run(crowd())
    assert len({(one.opened.access_key_id, one.opened.secret) for one in found}) == 1
    assert len(tenant.rows(sessions, "access_key_id")) == 1


def test_a_machine_that_is_revoked_while_its_session_becomes_a_role_opens_none(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = join(tenant, register(tenant).token).machine
    holder = replace(tenant, key_id=fetch(tenant, machine).opened.access_key_id)
    becomes = asyncio.run(authorise(tenant.env, holder.call(), OPERATIONS["sts.AssumeRole"], holder.registry))
    granted = tenant.granted()
    role_arn = f"arn:aws:iam::{HOME}:role/{ROLE}"
    both = json.loads(TRUST)
    both["Statement"]["Principal"]["AWS"] = role_arn
    tenant.run(update_trust, f"/{ROLE}", json.dumps(both))

    async def revoked(*args: object) -> object:
        found = await find_target(*args)  # type: ignore[arg-type]  # passed on as they came
        await revoke_instance(tenant.env, granted, machine.id)
        return found

    asked = Assuming(role_arn, "job", None, Limits(), (), (), None, None)
    with monkeypatch.context() as patched:
        patched.setattr(operations_assumerole, "find_target", revoked)
        with pytest.raises(CredentialUnknown):
            asyncio.run(assume_role(tenant.env, becomes, asked))
    assert tenant.rows(sessions, "access_key_id") == []


def test_a_revoked_machine_keeps_no_secret(tenant: Tenant) -> None:
    joined = join(tenant, register(tenant).token)
    ((sealed,),) = tenant.rows(machines, "secret")
    assert joined.secret.encode() not in sealed
    opened = tenant.env.keyring.open(Purpose.MACHINE_KEY, sealed, bound=joined.key_id.encode())
    assert opened.decode() == joined.secret
    fetch(tenant, joined.machine)
    tenant.run(revoke_instance, "", joined.machine.id)
    assert tenant.rows(machines, "secret") == [(None,)]
    assert tenant.rows(sessions, "access_key_id") == []


def test_each_end_of_a_machine_is_one_event_whatever_ended_it(tenant: Tenant) -> None:
    revoked, joined, waiting = register(tenant), register(tenant), register(tenant)
    join(tenant, joined.token)
    for _ in range(2):
        tenant.run(revoke_instance, "", revoked.machine.id)
    tenant.run(delete_policy, f"/{ROLE}", EntityKind.ROLE, "p")
    tenant.run(delete_role, f"/{ROLE}")
    ends = [row for row in tenant.rows(events, "facts", "kind", "caller") if row[1] == EventKind.INSTANCE_REVOKED]
    wanted = sorted(made.machine.id for made in (revoked, joined, waiting))
    assert [json.loads(facts) for facts, *_ in ends] == [{"instance": one, "role": ROLE} for one in wanted]
    assert {caller for *_, caller in ends} == {f"arn:aws:iam::{HOME}:root"}


def test_a_token_is_kept_as_its_hash(tenant: Tenant) -> None:
    made = register(tenant)
    ((kept,),) = tenant.rows(machines, "join_hash")
    assert (len(kept), made.token.encode() in kept) == (32, False)
    assert made.token not in repr(made)


def test_a_role_that_goes_while_a_machine_is_registered_gets_none(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant.run(delete_policy, f"/{ROLE}", EntityKind.ROLE, "p")
    role = tenant.granted(f"/{ROLE}")

    async def gone(*args: object) -> object:
        found = await find_target(*args)  # type: ignore[arg-type]  # passed on as they came
        await delete_role(tenant.env, role)
        return found

    monkeypatch.setattr(operations_machines, "find_target", gone)
    with pytest.raises(EntityNotFound):
        register(tenant)
    assert tenant.rows(machines, "instance_id") == []


def test_machines_that_are_over_are_forgotten_after_a_month(tenant: Tenant, clock: FrozenClock) -> None:
    joined = join(tenant, register(tenant).token).machine
    waiting, revoked = register(tenant).machine, register(tenant).machine
    tenant.run(revoke_instance, "", revoked.id)
    clock.move(SHOWN / SECOND)
    assert asyncio.run(forget_machines(tenant.env)) == 0
    assert set(listed(tenant)) == {joined.id, waiting.id, revoked.id}
    clock.move(61)
    assert asyncio.run(forget_machines(tenant.env)) == 2
    assert listed(tenant) == [joined.id]


def test_an_account_has_as_many_machines_as_its_quota(few: Tenant) -> None:
    joined, waiting = register(few).machine, register(few)
    join(few, waiting.token)
    with pytest.raises(RegistryFull, match="The maximum number of instances per account, 2, has been reached"):
        register(few)
    assert set(listed(few)) == {joined.id, waiting.machine.id}
    other = root_of(few.env, OTHER)
    other.run(create_role, f"/{ROLE}", NewRole(ROLE, "/", TRUST))
    register(other)


def test_a_machine_that_is_over_makes_room(few: Tenant, clock: FrozenClock) -> None:
    register(few, 60)
    revoked = join(few, register(few).token).machine
    assert is_full(few)
    few.run(revoke_instance, "", revoked.id)
    join(few, register(few, 120).token)
    assert is_full(few)
    clock.move(60)  # nobody joined as the first
    register(few)
    assert is_full(few)


def test_machines_are_listed_in_pages(tenant: Tenant) -> None:
    made = sorted(register(tenant).machine.id for _ in range(5))
    first = tenant.run(list_instances, "", Paging(None, 3))
    second = tenant.run(list_instances, "", Paging(first.marker, 3))
    assert [machine.id for machine in (*first.items, *second.items)] == made
    assert (first.marker is None, second.marker) == (False, None)


def test_no_token_is_made_of_a_session_whose_machine_is_revoked_meanwhile(tenant: Tenant) -> None:
    machine = join(tenant, register(tenant).token).machine
    holder = replace(tenant, key_id=fetch(tenant, machine).opened.access_key_id)
    granted = holder.granted()
    tenant.run(revoke_instance, "", machine.id)
    with pytest.raises(CredentialUnknown):
        asyncio.run(create_token(tenant.env, granted, Wanted(["pull"], ["*"])))
    assert tenant.rows(sessions, "access_key_id") == []
