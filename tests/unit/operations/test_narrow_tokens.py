"""Narrow tokens: what their maker may do at that moment, on what they were made for, and until their end."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from moorage.domain.actions import CREDENTIALS, OPERATIONS, ROUTES, Kind, Needs, RouteKey
from moorage.domain.entities import EntityKind
from moorage.domain.errors import (
    AccessDenied,
    CredentialUnknown,
    EntityNotFound,
    InvalidParameter,
    QuotaExceeded,
    TokenExpired,
)
from moorage.domain.names import AccountId
from moorage.operations import narrowtokens
from moorage.operations.accesskeys import delete_access_key, update_access_key
from moorage.operations.accounts import NewKey, Vault, ensure_first_account
from moorage.operations.authorise import authorise
from moorage.operations.env import Call
from moorage.operations.housekeeping import LINGER, forget_sessions
from moorage.operations.inlinepolicies import delete_policy, put_policy
from moorage.operations.listing import Paging
from moorage.operations.narrowtokens import Made, NarrowToken, Wanted, create_token, list_all, list_own, revoke_token
from moorage.operations.repository_policies import set_policy
from moorage.operations.sessions import Opened, open_own
from moorage.operations.tokens import TokenReader
from moorage.store.sessions import sessions
from support.env import HOME, OTHER, REGION, FrozenClock
from unit.operations.tenant import REPOSITORY, Tenant, allow, root_of

pytestmark = pytest.mark.usefixtures("repository")
PULL = ROUTES[RouteKey("end-3", "GET", Kind.TAG)]
PUSH = ROUTES[RouteKey("end-7", "PUT", Kind.TAG)]
MAKE = OPERATIONS["moorage.CreateToken"]


def make(maker: Tenant, *actions: str, repositories: tuple[str, ...] = (REPOSITORY,), **more: Any) -> Made:  # noqa: ANN401 - members of every type
    wanted = Wanted(actions or ("pull",), repositories, **more)
    granted = maker.granted(needs=MAKE)
    return asyncio.run(create_token(maker.env, granted, wanted))


def entering(maker: Tenant, made: Made) -> Call:
    """Read the password as ``/v2/`` does."""
    basic = "Basic " + b64encode(f"AWS:{made.password}".encode()).decode()
    token = TokenReader(maker.env).read(basic, at=maker.env.clock())
    call = maker.call()
    return Call(
        call.request_id,
        call.at,
        AccountId(token.account),
        token.access_key_id,
        call.region,
        False,
        "",
        None,
        key_mark=token.key_mark,
    )


def use(maker: Tenant, made: Made, needs: Needs = PULL, name: str = REPOSITORY, *, at: Tenant | None = None) -> str:
    registry = (at or maker).registry
    return asyncio.run(authorise(maker.env, entering(maker, made), needs, registry, name)).caller.arn


def refused(maker: Tenant, made: Made, needs: Needs = PULL, name: str = REPOSITORY) -> str:
    with pytest.raises(AccessDenied) as denied:
        use(maker, made, needs, name)
    return str(denied.value)


def own(maker: Tenant) -> list[str]:
    return [token.id for token in maker.run(list_own)]


def session_of(tenant: Tenant, seconds: int) -> Tenant:
    opened: Opened = tenant.run(open_own, "", seconds)
    return replace(tenant, key_id=opened.access_key_id)


@pytest.fixture
def ada(tenant: Tenant) -> Tenant:
    return tenant.new_user("ada", "ecr:*")


def test_a_token_speaks_for_its_maker(ada: Tenant) -> None:
    assert use(ada, make(ada)) == f"arn:aws:iam::{HOME}:user/ada"


def test_a_token_may_do_what_it_was_made_for_and_no_more(ada: Tenant) -> None:
    made = make(ada)
    denial = refused(ada, made, PUSH)
    assert denial.endswith("because no session policy allows the ecr:PutImage action")
    assert use(ada, make(ada, "pull", "push"), PUSH)


@pytest.mark.parametrize("action", [*narrowtokens.WORDS, "nothing"])
def test_each_word_opens_its_actions_alone(ada: Tenant, action: str) -> None:
    made = make(ada, *([action] if action != "nothing" else ["list"]))
    mine = narrowtokens.WORDS.get(action, ("ecr:ListImages",))
    for needs in {needs for needs in ROUTES.values() if needs is not CREDENTIALS and needs.scope.name == "REPOSITORY"}:
        may = all(any(one in mine for one in group) for group in needs.actions)
        if may:
            assert use(ada, made, needs)
        else:
            refused(ada, made, needs)


def test_a_token_is_for_the_repositories_that_it_names(ada: Tenant) -> None:
    made = make(ada, repositories=("team/app", "tools/*"))
    assert [use(ada, made, name=name) for name in ("team/app", "tools/a", "tools/a/b")]
    for name in ("team/ap", "team/app2", "team/other", "tools", "toolsa/b"):
        refused(ada, made, name=name)


def test_a_token_does_not_list_all_repositories(ada: Tenant) -> None:
    made = make(ada, *narrowtokens.WORDS, repositories=("*",))
    refused(ada, made, OPERATIONS["ecr.DescribeRepositories of all"], "")


def test_a_token_never_may_more_than_its_maker(tenant: Tenant) -> None:
    bob = tenant.new_user("bob", "ecr:GetAuthorizationToken", "ecr:BatchGetImage")
    made = make(bob, "pull", "push", "delete", repositories=("*",))
    assert use(bob, made)
    assert "no identity-based policy allows the ecr:PutImage action" in refused(bob, made, PUSH)


def test_what_its_maker_loses_a_token_loses_and_gets_back(tenant: Tenant, ada: Tenant) -> None:
    made = make(ada)
    use(ada, made)
    tenant.run(delete_policy, "/ada", EntityKind.USER, "p")
    refused(ada, made)
    tenant.run(put_policy, "/ada", EntityKind.USER, "p", allow("ecr:BatchGetImage"))
    assert use(ada, made)


def test_a_token_of_the_root_is_narrow_too(tenant: Tenant) -> None:
    made = make(tenant)
    assert use(tenant, made)
    refused(tenant, made, PUSH)


def test_a_repository_policy_denies_a_token(tenant: Tenant, ada: Tenant) -> None:
    made = make(ada)
    use(ada, made)
    deny = allow("ecr:BatchGetImage", principal={"AWS": f"arn:aws:iam::{HOME}:user/ada"}).replace("Allow", "Deny")
    tenant.run(set_policy, REPOSITORY, deny, force=True)
    refused(ada, made)


def test_a_token_for_another_accounts_repository_needs_its_leave(tenant: Tenant) -> None:
    eve = root_of(tenant.env, OTHER).new_user("eve", "ecr:*")
    own_registry, theirs = make(eve), make(eve, account=HOME)
    for made in (own_registry, theirs):
        with pytest.raises(AccessDenied):
            use(eve, made, at=tenant)
    tenant.run(set_policy, REPOSITORY, allow("ecr:BatchGetImage", principal={"AWS": OTHER}), force=True)
    assert use(eve, theirs, at=tenant)
    with pytest.raises(AccessDenied):
        use(eve, own_registry, at=tenant)


# Its end.


def test_a_token_ends_at_its_time(ada: Tenant, clock: FrozenClock) -> None:
    made = make(ada, seconds=60)
    assert made.token.expires_at == clock() + 60_000_000
    clock.move(59)
    use(ada, made)
    clock.move(1)
    with pytest.raises(TokenExpired):
        use(ada, made)
    assert own(ada) == []


def test_a_revoked_token_is_nobodys(ada: Tenant) -> None:
    made = make(ada)
    use(ada, made)
    ada.run(revoke_token, "", made.token.id)
    assert own(ada) == []
    with pytest.raises(CredentialUnknown):
        use(ada, made)


def test_a_token_ends_with_the_session_that_made_it(ada: Tenant, clock: FrozenClock) -> None:
    session = session_of(ada, 900)
    assert make(session, seconds=43_200).token.expires_at == clock() + 900_000_000
    assert make(session, seconds=60).token.expires_at == clock() + 60_000_000


def test_a_token_ends_with_the_key_behind_its_session(tenant: Tenant, ada: Tenant) -> None:
    made = make(session_of(ada, 900))
    use(ada, made)
    tenant.run(update_access_key, "/ada", ada.key_id, active=False)
    with pytest.raises(CredentialUnknown):
        use(ada, made)
    tenant.run(update_access_key, "/ada", ada.key_id, active=True)
    assert use(ada, made)
    tenant.run(delete_access_key, "/ada", ada.key_id)
    with pytest.raises(CredentialUnknown):
        use(ada, made)


def test_a_token_ends_when_the_settings_give_its_key_another_secret(tenant: Tenant) -> None:
    vault = Vault(tenant.env.store, tenant.env.keyring, tenant.env.ids)
    key = NewKey("AKIACONFIGURED000000", "one")
    asyncio.run(ensure_first_account(vault, HOME, key, at=tenant.env.clock()))
    root = replace(tenant, key_id=key.access_key_id)
    made, deep = make(root), make(session_of(root, 900))
    assert use(root, made)
    assert use(root, deep)
    for secret in ("two", "one"):
        asyncio.run(ensure_first_account(vault, HOME, NewKey(key.access_key_id, secret), at=tenant.env.clock()))
        for dead in (made, deep):
            with pytest.raises(CredentialUnknown):
                use(root, dead)


def test_what_is_over_is_swept(ada: Tenant, clock: FrozenClock) -> None:
    make(ada, seconds=60)
    clock.move(60 + LINGER / 1_000_000 + 1)
    asyncio.run(forget_sessions(ada.env))
    assert ada.rows(sessions, "access_key_id") == []


# What it can not do.


def test_a_token_makes_no_tokens(ada: Tenant) -> None:
    made = make(ada, *narrowtokens.WORDS, repositories=("*",))
    child = replace(ada, key_id=made.token.id)
    with pytest.raises(AccessDenied):
        child.granted(needs=MAKE)
    with pytest.raises(AccessDenied, match="A token cannot make tokens"):
        child.run(create_token, "", Wanted(("pull",), ("*",)))


def test_whoever_gets_no_password_gets_no_narrow_one(tenant: Tenant) -> None:
    bob = tenant.new_user("bob", "ecr:BatchGetImage")
    with pytest.raises(AccessDenied, match="ecr:GetAuthorizationToken"):
        make(bob)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "/a",
        "a/",
        "A",
        "a//b",
        "a b",
        "a\n",
        "é",
        "..",
        "a" * 257,
        "*A",
        "team/*\n",
        "?",
        "a?*",
        "*" * 257,
        "%*",
        "team/.*",
        "*..app",
        "a//*",
        "a*___b",
        "*/",
        "-*",
        "*.",
    ],
)
def test_what_is_no_repository_and_no_pattern_is_refused(ada: Tenant, name: str) -> None:
    with pytest.raises(InvalidParameter):
        make(ada, repositories=(name,))
    assert own(ada) == []


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted((), ("a1",)),
        Wanted(("pull", "ecr:*"), ("a1",)),
        Wanted(("Pull",), ("a1",)),
        Wanted(("*",), ("a1",)),
        Wanted(("pull",), ()),
        Wanted(("pull",), tuple(f"a{n}" for n in range(21))),
        Wanted(("pull",), ("a1",), seconds=59),
        Wanted(("pull",), ("a1",), seconds=43_201),
        Wanted(("pull",), ("a1",), seconds=-1),
    ],
)
def test_bad_wishes_are_refused(ada: Tenant, wanted: Wanted) -> None:
    with pytest.raises(InvalidParameter):
        ada.run(create_token, "", wanted)
    assert own(ada) == []


def test_the_tokens_of_one_maker_are_bounded(tenant: Tenant, ada: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowtokens, "LIMIT", 2)
    first, _ = make(ada, seconds=60), make(ada)
    with pytest.raises(QuotaExceeded):
        make(tenant.another_key(ada))
    assert make(tenant)
    ada.run(revoke_token, "", first.token.id)
    assert make(ada)


# Who sees and ends them.


def test_a_maker_lists_what_it_made_and_no_secret(tenant: Tenant, ada: Tenant) -> None:
    made = make(ada, "pull", "list", repositories=("team/*",))
    make(tenant)
    (token,) = ada.run(list_own)
    assert token == made.token
    assert token.maker == f"arn:aws:iam::{HOME}:user/ada"
    assert token.actions == (*narrowtokens.WORDS["pull"], "ecr:ListImages")
    assert token.repositories == (f"arn:aws:ecr:{REGION}:{HOME}:repository/team/*",)
    assert made.password not in repr((token, made))


def test_administrators_list_everybodys_in_pages(tenant: Tenant, ada: Tenant) -> None:
    made = {make(one).token.id for one in (tenant, ada, ada, session_of(ada, 900))}
    found: list[NarrowToken] = []
    marker: str | None = None
    for _ in range(3):
        page = tenant.run(list_all, "", Paging(marker, 2))
        found += page.items
        marker = page.marker
        if marker is None:
            break
    assert ({token.id for token in found}, len(found)) == (made, 4)


def test_others_are_for_administrators_alone(tenant: Tenant, ada: Tenant) -> None:
    made = make(tenant)
    for token_id in (made.token.id, "MTKNAAAAAAAAAAAAAAAA", ada.key_id):
        with pytest.raises(AccessDenied, match="moorage:RevokeToken"):
            ada.run(revoke_token, "", token_id)
    with pytest.raises(AccessDenied, match="moorage:ListTokens"):
        ada.run(list_all, "", Paging())
    assert use(tenant, made)


def test_an_administrator_ends_anybodys(tenant: Tenant, ada: Tenant) -> None:
    made = make(ada)
    tenant.run(revoke_token, "", made.token.id)
    with pytest.raises(CredentialUnknown):
        use(ada, made)
    with pytest.raises(EntityNotFound):
        tenant.run(revoke_token, "", made.token.id)


def test_no_session_is_revoked_as_if_it_were_a_token(tenant: Tenant, ada: Tenant) -> None:
    session = session_of(ada, 900)
    with pytest.raises(EntityNotFound):
        tenant.run(revoke_token, "", session.key_id)
    assert session.granted()


def test_another_account_sees_and_ends_nothing(tenant: Tenant, ada: Tenant) -> None:
    made = make(ada)
    other = root_of(tenant.env, OTHER)
    assert (other.run(list_own), other.run(list_all, "", Paging()).items) == ([], [])
    with pytest.raises(EntityNotFound):
        other.run(revoke_token, "", made.token.id)
    assert use(ada, made)


def test_the_password_lies_nowhere(ada: Tenant) -> None:
    made = make(ada)
    row = ada.rows(sessions, "access_key_id", "secret", "facts")[0]
    assert made.password not in repr(row)
    assert made.password.encode() not in row[1]
