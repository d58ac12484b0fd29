"""What the registry's policy speaks of: every action in scope V2, three of them in V1; and who may turn it."""

import json

import pytest

from moorage.domain.account_setting import AccountSetting
from moorage.domain.actions import OPERATIONS
from moorage.domain.errors import AccessDenied
from moorage.operations.account_settings import put_account_setting
from moorage.operations.registry_policies import put_policy
from moorage.operations.repository_policies import set_policy
from unit.operations.tenant import REPOSITORY, Tenant, allow

SCOPE = AccountSetting.REGISTRY_POLICY_SCOPE
LIST, CREATE = OPERATIONS["ecr.ListImages"], OPERATIONS["ecr.CreateRepository"]


def written(effect: str) -> str:
    statement = {"Effect": effect, "Principal": "*", "Action": "ecr:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def owner(tenant: Tenant) -> Tenant:
    tenant.create()
    return tenant


@pytest.fixture
def user(owner: Tenant) -> Tenant:
    """Make somebody whose own policies allow nothing of ECR."""
    return owner.new_user("ann")


def scope(owner: Tenant, value: str) -> None:
    owner.run(put_account_setting, "", SCOPE, value)


def may_list(user: Tenant) -> bool:
    return _may(user, "list")


def may_create(user: Tenant) -> bool:
    return _may(user, "create")


def _may(user: Tenant, what: str) -> bool:
    try:
        user.granted(REPOSITORY, needs=LIST if what == "list" else CREATE)
    except AccessDenied:
        return False
    return True


def test_in_scope_v2_an_allowance_is_good_for_every_action(owner: Tenant, user: Tenant) -> None:
    owner.run(put_policy, "", written("Allow"))
    assert (may_list(user), may_create(user)) == (True, True)


def test_in_scope_v1_an_allowance_is_good_for_creating_alone(owner: Tenant, user: Tenant) -> None:
    owner.run(put_policy, "", written("Allow"))
    scope(owner, "V1")
    assert (may_list(user), may_create(user)) == (False, True)


def test_in_scope_v1_a_denial_stops_creating_alone(owner: Tenant) -> None:
    user = owner.new_user("bob", "ecr:*")
    owner.run(put_policy, "", written("Deny"))
    assert (may_list(user), may_create(user)) == (False, False)
    scope(owner, "V1")
    assert (may_list(user), may_create(user)) == (True, False)


def test_the_way_back_to_v2_is_in_force_at_once(owner: Tenant, user: Tenant) -> None:
    owner.run(put_policy, "", written("Allow"))
    for value, allowed in (("V1", False), ("V2", True), ("V1", False)):
        scope(owner, value)
        assert may_list(user) is allowed


def test_the_scope_is_no_matter_of_a_repository_s_own_policy(owner: Tenant, user: Tenant) -> None:
    owner.run(set_policy, REPOSITORY, allow("ecr:ListImages", principal="*"), force=False)
    scope(owner, "V1")
    assert may_list(user)
