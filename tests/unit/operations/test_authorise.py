"""Who may, asked about every kind of resource; and that what a worker remembers is never older than the database."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from moorage.domain.actions import OPERATIONS, ROUTES, Kind, RouteKey
from moorage.domain.entities import EntityKind
from moorage.domain.errors import AccessDenied, CredentialUnknown, RepositoryNotFound
from moorage.operations.accesskeys import update_access_key
from moorage.operations.env import Env
from moorage.operations.inlinepolicies import delete_policy, put_policy
from moorage.operations.policies import PolicyCache
from moorage.operations.principals import PrincipalCache
from moorage.operations.repository_policies import set_policy
from moorage.store.sqlite import SqliteStore
from support.env import FURTHER_REGION, HOME, OTHER, REGION
from unit.operations.tenant import REPOSITORY, Tenant, allow, root_of

ADA = f"arn:aws:iam::{HOME}:user/ada"
APP = f"arn:aws:ecr:{REGION}:{HOME}:repository/{REPOSITORY}"
LIST, TOKEN = OPERATIONS["ecr.ListImages"], OPERATIONS["ecr.GetAuthorizationToken"]


@pytest.fixture
def tenant(env: Env) -> Tenant:
    tenant = root_of(env)
    tenant.create()
    return tenant


@pytest.fixture
def neighbour(env: Env, tmp_path: Path) -> Iterator[Env]:
    """Another worker on the same database, with a memory of its own."""
    store = SqliteStore(tmp_path / "metadata.sqlite3", tmp_path / "metadata.lock", reached=lambda _: None)
    yield replace(env, store=store, principals=PrincipalCache(store, env.keyring), policies=PolicyCache(store))
    store.close()


def refusal(somebody: Tenant, operation: str, name: str = "", *, at: Tenant | None = None) -> str:
    with pytest.raises(AccessDenied) as refused:
        somebody.granted(name, needs=OPERATIONS[operation], registry=(at or somebody).registry)
    return str(refused.value)


@pytest.mark.parametrize(
    ("operation", "resource", "name"),
    [
        ("ecr.ListImages", APP, REPOSITORY),
        ("ecr.DescribeRepositories of all", f"arn:aws:ecr:{REGION}:{HOME}:repository/*", ""),
        ("ecr.GetAuthorizationToken", "*", ""),
        ("iam.GetUser", f"arn:aws:iam::{HOME}:user/team/bob", "/team/bob"),
        ("iam.ListUsers", f"arn:aws:iam::{HOME}:user/*", ""),
    ],
)
def test_an_action_is_asked_about_its_resource(tenant: Tenant, operation: str, resource: str, name: str) -> None:
    action = OPERATIONS[operation].names[0]
    ada = tenant.new_user("ada", action, resource=resource)
    assert ada.granted(name, needs=OPERATIONS[operation]).caller.name == "ada"


@pytest.mark.parametrize(
    ("operation", "resource", "name"),
    [
        ("ecr.ListImages", APP, "team/other"),
        ("ecr.ListImages", APP.replace(REGION, FURTHER_REGION), REPOSITORY),
        ("ecr.ListImages", APP.replace(HOME, OTHER), REPOSITORY),
        ("ecr.DescribeRepositories of all", APP, ""),
        ("ecr.GetAuthorizationToken", APP, ""),
        ("iam.GetUser", f"arn:aws:iam::{HOME}:user/bob", "/team/bob"),
    ],
)
def test_an_action_is_not_allowed_by_a_grant_on_another_resource(
    tenant: Tenant, operation: str, resource: str, name: str
) -> None:
    action = OPERATIONS[operation].names[0]
    ada = tenant.new_user("ada", action, resource=resource)
    assert refusal(ada, operation, name).endswith(f"because no identity-based policy allows the {action} action")


def test_a_refusal_is_told_in_the_words_of_aws(tenant: Tenant) -> None:
    assert refusal(tenant.new_user("ada"), "ecr.ListImages", REPOSITORY) == (
        f"User: {ADA} is not authorized to perform: ecr:ListImages on resource: {APP}"
        " because no identity-based policy allows the ecr:ListImages action"
    )


def test_credentials_alone_are_enough_where_nothing_is_needed(tenant: Tenant) -> None:
    assert tenant.new_user("ada").granted(needs=OPERATIONS["sts.GetCallerIdentity"]).caller.arn == ADA


def test_the_root_may_everything_in_its_account(tenant: Tenant) -> None:
    granted = [tenant.granted(REPOSITORY, needs=needs) for needs in OPERATIONS.values()]
    assert {one.caller.account for one in granted} == {HOME}


def test_all_actions_of_an_operation_must_be_allowed(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:CreateRepository")
    assert "ecr:TagResource" in refusal(ada, "ecr.CreateRepository with tags", "team/new")


@pytest.mark.parametrize("action", ["ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer"])
def test_any_action_of_a_choice_is_enough(tenant: Tenant, action: str) -> None:
    look = ROUTES[RouteKey("end-2", "HEAD", Kind.DIGEST)]
    assert tenant.new_user("ada", action).granted(REPOSITORY, needs=look).name == REPOSITORY


def test_whoever_may_not_look_does_not_learn_what_is_there(tenant: Tenant) -> None:
    ada = tenant.new_user("ada")
    there, missing = (refusal(ada, "ecr.ListImages", name) for name in (REPOSITORY, "team/missing"))
    assert there.replace(REPOSITORY, "team/missing") == missing


def test_whoever_may_look_learns_what_is_missing(tenant: Tenant) -> None:
    granted = tenant.granted("team/missing", needs=LIST)
    with pytest.raises(RepositoryNotFound):
        granted.key  # noqa: B018 - asking is what raises


def test_the_root_of_another_account_may_nothing(tenant: Tenant) -> None:
    other = root_of(tenant.env, OTHER)
    assert refusal(other, "ecr.ListImages", REPOSITORY, at=tenant).endswith(
        "because no resource-based policy allows the ecr:ListImages action"
    )


def test_another_account_may_what_the_repository_allows_it(tenant: Tenant) -> None:
    other = root_of(tenant.env, OTHER)
    tenant.run(set_policy, REPOSITORY, allow("ecr:ListImages", principal={"AWS": OTHER}), force=True)
    assert other.granted(REPOSITORY, needs=LIST, registry=tenant.registry).repository_id


@pytest.mark.parametrize(
    "operation", ["ecr.GetAuthorizationToken", "ecr.DescribeRepositories of all", "ecr.DescribeRegistry"]
)
def test_no_policy_opens_a_whole_registry_to_another_account(tenant: Tenant, operation: str) -> None:
    tenant.run(set_policy, REPOSITORY, allow("ecr:*", principal="*"), force=True)
    assert "is not authorized to perform" in refusal(root_of(tenant.env, OTHER), operation, at=tenant)


def test_a_key_counts_for_its_own_account_alone(tenant: Tenant) -> None:
    root_of(tenant.env, OTHER)
    with pytest.raises(CredentialUnknown):
        replace(tenant, account=OTHER).granted()


@pytest.mark.parametrize("key_id", ["", "AKIAUNKNOWN"])
def test_a_key_that_nobody_has_is_unknown(tenant: Tenant, key_id: str) -> None:
    with pytest.raises(CredentialUnknown):
        replace(tenant, key_id=key_id).granted()


def test_a_key_that_was_deactivated_is_refused_at_once(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:*")
    ada.granted()
    tenant.run(update_access_key, "/ada", ada.key_id, active=False)
    with pytest.raises(CredentialUnknown):
        ada.granted()


def test_a_key_that_was_activated_again_is_good_at_once(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:*")
    for active in (False, True):
        tenant.run(update_access_key, "/ada", ada.key_id, active=active)
    assert ada.granted(needs=TOKEN).caller.name == "ada"


def test_what_nobody_changed_is_remembered(tenant: Tenant) -> None:
    assert tenant.granted().principal is tenant.granted().principal


def test_another_worker_learns_of_a_policy_at_once(tenant: Tenant, neighbour: Env) -> None:
    ada = tenant.new_user("ada")
    elsewhere = replace(ada, env=neighbour)
    refusal(elsewhere, "ecr.ListImages", REPOSITORY)
    tenant.run(put_policy, "/ada", EntityKind.USER, "p", allow("ecr:ListImages"))
    assert elsewhere.granted(REPOSITORY, needs=LIST).caller.name == "ada"


def test_another_worker_learns_at_once_that_a_policy_is_gone(tenant: Tenant, neighbour: Env) -> None:
    ada = tenant.new_user("ada", "ecr:ListImages")
    elsewhere = replace(ada, env=neighbour)
    elsewhere.granted(REPOSITORY, needs=LIST)
    tenant.run(delete_policy, "/ada", EntityKind.USER, "p")
    refusal(elsewhere, "ecr.ListImages", REPOSITORY)


def test_another_worker_learns_at_once_that_a_key_is_not_good_any_more(tenant: Tenant, neighbour: Env) -> None:
    ada = tenant.new_user("ada")
    replace(ada, env=neighbour).granted()
    tenant.run(update_access_key, "/ada", ada.key_id, active=False)
    assert asyncio.run(neighbour.principals.find_now(ada.key_id)) is None


def test_another_worker_learns_of_a_repository_policy_at_once(tenant: Tenant, neighbour: Env) -> None:
    elsewhere = replace(root_of(tenant.env, OTHER), env=neighbour)
    refusal(elsewhere, "ecr.ListImages", REPOSITORY, at=tenant)
    tenant.run(set_policy, REPOSITORY, allow("ecr:ListImages", principal={"AWS": OTHER}), force=True)
    assert elsewhere.granted(REPOSITORY, needs=LIST, registry=tenant.registry).caller.account == OTHER
