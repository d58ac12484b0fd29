"""Repository policies: whom they name, when they are refused, and from when on they hold."""

import json

import pytest

from moorage.domain.actions import OPERATIONS
from moorage.domain.errors import (
    AccessDenied,
    InvalidParameter,
    RepositoryNotFound,
    RepositoryPolicyNotFound,
)
from moorage.operations.accesskeys import delete_access_key
from moorage.operations.repository_policies import delete_policy, get_policy, set_policy
from moorage.operations.users import delete_user
from moorage.store.accounts import generations
from moorage.store.events import events
from support.env import HOME, OTHER
from unit.operations.tenant import REPOSITORY, Tenant, allow, root_of

pytestmark = pytest.mark.usefixtures("repository")
LIST = OPERATIONS["ecr.ListImages"]
ADA = f"arn:aws:iam::{HOME}:user/ada"
MEND = ("ecr:SetRepositoryPolicy", "ecr:GetRepositoryPolicy")


def put(tenant: Tenant, text: str, *, force: bool = True) -> None:
    tenant.run(set_policy, REPOSITORY, text, force=force)


def naming(principal: object) -> str:
    return allow("ecr:ListImages", principal=principal)


def may_list(somebody: Tenant, owner: Tenant) -> bool:
    try:
        somebody.granted(REPOSITORY, needs=LIST, registry=owner.registry)
    except AccessDenied:
        return False
    return True


def test_a_policy_is_given_back_as_it_was_set(tenant: Tenant) -> None:
    text = naming({"AWS": HOME}).replace(" ", "  ")
    put(tenant, text)
    assert tenant.run(get_policy, REPOSITORY) == text


def test_a_policy_that_was_deleted_is_not_found(tenant: Tenant) -> None:
    put(tenant, naming("*"))
    assert tenant.run(delete_policy, REPOSITORY) == naming("*")
    with pytest.raises(RepositoryPolicyNotFound):
        tenant.run(get_policy, REPOSITORY)


@pytest.mark.parametrize("operation", [get_policy, delete_policy])
def test_a_policy_that_was_never_set_is_not_found(tenant: Tenant, operation: object) -> None:
    with pytest.raises(RepositoryPolicyNotFound):
        tenant.run(operation, REPOSITORY)  # type: ignore[arg-type]  # one of two functions of one signature


def test_a_missing_repository_is_told_before_a_broken_policy(tenant: Tenant) -> None:
    with pytest.raises(RepositoryNotFound):
        tenant.run(set_policy, "team/missing", "{", force=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        allow("ecr:*"),
        allow("s3"),
        naming({"AWS": "somebody"}),
        naming({"AWS": OTHER}),
        naming({"AWS": f"arn:aws:iam::{HOME}:user/missing"}),
        naming({"AWS": f"arn:aws:iam::{HOME}:user/path/ada"}),
        naming({"AWS": f"arn:aws:iam::{OTHER}:user/ada"}),
        naming({"AWS": f"arn:aws:iam::{HOME}:role/missing"}),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(tenant: Tenant, text: str) -> None:
    tenant.new_user("ada")
    with pytest.raises(InvalidParameter, match="Invalid repository policy provided"):
        put(tenant, text)


@pytest.mark.parametrize(
    "principal", ["*", {"AWS": "*"}, {"AWS": HOME}, {"AWS": f"arn:aws:iam::{HOME}:root"}, {"AWS": [HOME, ADA]}]
)
def test_a_policy_that_names_those_who_are_there_is_kept(tenant: Tenant, principal: object) -> None:
    tenant.new_user("ada")
    put(tenant, naming(principal))
    assert json.loads(tenant.run(get_policy, REPOSITORY))["Statement"][0]["Principal"] == principal


def test_a_policy_allows_the_user_that_it_names(tenant: Tenant) -> None:
    ada = tenant.new_user("ada")
    put(tenant, naming({"AWS": ADA}))
    assert may_list(ada, tenant)


def test_a_policy_does_not_allow_another_user(tenant: Tenant) -> None:
    tenant.new_user("ada")
    put(tenant, naming({"AWS": ADA}))
    assert not may_list(tenant.new_user("bob"), tenant)


def test_a_user_made_anew_under_a_name_in_a_policy_is_not_the_one_it_names(tenant: Tenant) -> None:
    first = tenant.new_user("ada")
    put(tenant, naming({"AWS": ADA}))
    tenant.run(delete_access_key, "/ada", first.key_id)
    tenant.run(delete_user, "/ada")
    assert not may_list(tenant.new_user("ada"), tenant)


def test_a_policy_that_was_set_holds_from_the_next_call_on(tenant: Tenant) -> None:
    ada = tenant.new_user("ada")
    before = may_list(ada, tenant)
    put(tenant, naming({"AWS": ADA}))
    assert (before, may_list(ada, tenant)) == (False, True)


def test_a_policy_that_was_deleted_holds_no_longer(tenant: Tenant) -> None:
    ada = tenant.new_user("ada")
    put(tenant, naming({"AWS": ADA}))
    before = may_list(ada, tenant)
    tenant.run(delete_policy, REPOSITORY)
    assert (before, may_list(ada, tenant)) == (True, False)


def test_every_change_of_a_policy_moves_the_generation_of_its_account(tenant: Tenant) -> None:
    seen = [tenant.rows(generations, "n")]
    put(tenant, naming("*"))
    seen.append(tenant.rows(generations, "n"))
    tenant.run(delete_policy, REPOSITORY)
    seen.append(tenant.rows(generations, "n"))
    assert seen[0] < seen[1] < seen[2]


def test_every_change_of_a_policy_is_recorded(tenant: Tenant) -> None:
    put(tenant, naming("*"))
    tenant.run(delete_policy, REPOSITORY)
    kinds = {kind for (kind,) in tenant.rows(events, "kind")}
    assert {"RepositoryPolicySet", "RepositoryPolicyDeleted"} <= kinds


def test_nobody_locks_himself_out_by_mistake(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:*")
    deny = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}]})
    with pytest.raises(InvalidParameter, match="use force"):
        put(ada, deny, force=False)


def test_who_insists_may_lock_himself_out(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:*")
    put(ada, json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}]}))
    assert not may_list(ada, tenant)


def test_whom_the_policy_alone_allows_needs_the_policy_to_go_on_doing_so(tenant: Tenant) -> None:
    ada = tenant.new_user("ada")
    put(tenant, allow(*MEND, principal={"AWS": ADA}))
    with pytest.raises(InvalidParameter, match="use force"):
        put(ada, naming({"AWS": ADA}), force=False)


def test_the_root_can_always_mend_a_policy(tenant: Tenant) -> None:
    put(tenant, json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}]}), force=False)
    assert tenant.granted(REPOSITORY, needs=OPERATIONS["ecr.DeleteRepositoryPolicy"]).found


def test_another_account_needs_both_sides(tenant: Tenant) -> None:
    other = root_of(tenant.env, OTHER)
    bob = other.new_user("bob")
    put(tenant, naming({"AWS": OTHER}))
    assert [may_list(bob, tenant), may_list(other.new_user("eve", "ecr:ListImages"), tenant)] == [False, True]
