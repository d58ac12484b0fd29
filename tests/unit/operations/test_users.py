"""What the operations on users, keys and policies keep, refuse and record."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import pytest
from sqlalchemy import select

from moorage.domain.actions import CREDENTIALS
from moorage.domain.caller import Registry
from moorage.domain.entities import EntityKind
from moorage.domain.errors import EntityAlreadyExists, EntityNotFound, InvalidParameter, QuotaExceeded
from moorage.domain.names import AccountId
from moorage.operations.accesskeys import (
    CreatedKey,
    create_access_key,
    delete_access_key,
    list_access_keys,
    update_access_key,
)
from moorage.operations.accounts import NewKey
from moorage.operations.authorise import Granted, authorise
from moorage.operations.env import Call, Env
from moorage.operations.inlinepolicies import delete_policy, get_policy, list_policies, put_policy
from moorage.operations.listing import Page, Paging
from moorage.operations.meant import find_meant_user
from moorage.operations.users import User, create_user, delete_user, get_user, list_users
from moorage.store import accounts
from moorage.store.events import events
from support.env import HOME, OTHER, REGION, FrozenClock, make_account

T = TypeVar("T")
_EVENTS = select(events.c.kind, events.c.caller, events.c.facts).order_by(events.c.event_id)


@dataclass(frozen=True, slots=True)
class Root:
    """The root of an account, which calls operations on users by their names with paths."""

    env: Env
    clock: FrozenClock
    account: AccountId
    key: NewKey

    def granted(self, name: str = "") -> Granted:
        call = Call("request-1", self.env.clock(), self.account, self.key.access_key_id, REGION, False, "", None)
        return asyncio.run(authorise(self.env, call, CREDENTIALS, Registry(self.account, REGION), name))

    def run(self, operation: Callable[..., Awaitable[T]], name: str = "", *args: object, **options: object) -> T:
        self.clock.move(seconds=1)
        granted = self.granted(name)

        async def call() -> T:
            return await operation(self.env, granted, *args, **options)

        return asyncio.run(call())

    def create(self, name: str, path: str = "/") -> User:
        return self.run(create_user, f"{path}{name}", name, path)

    def names(self, prefix: str = "/", paging: Paging | None = None) -> list[str]:
        page: Page[User] = self.run(list_users, "", prefix, paging or Paging())
        return [user.name for user in page.items]


@pytest.fixture
def root(env: Env) -> Root:
    return root_of(env, HOME)


def root_of(env: Env, account: AccountId) -> Root:
    assert isinstance(env.clock, FrozenClock)
    return Root(env, env.clock, account, make_account(env, account))


def allow(*actions: str) -> str:
    return json.dumps({"Statement": {"Effect": "Allow", "Action": list(actions), "Resource": "*"}})


def test_a_name_is_taken_whatever_the_case_of_its_letters(root: Root) -> None:
    root.create("Ada")
    with pytest.raises(EntityAlreadyExists, match="User with name aDA already exists"):
        root.create("aDA", "/team/")


def test_a_name_taken_in_one_account_is_free_in_another(root: Root) -> None:
    root.create("ada")
    assert root_of(root.env, OTHER).create("ada").arn == f"arn:aws:iam::{OTHER}:user/ada"


def test_a_user_is_found_under_its_own_spelling_and_path(root: Root) -> None:
    root.create("Ada", "/team/")
    assert asyncio.run(find_meant_user(root.env, root.granted().caller, "ADA")).place == "/team/Ada"


def test_a_user_who_moved_after_the_permission_was_given_is_somebody_else(root: Root) -> None:
    root.create("ada", "/team/")
    with pytest.raises(EntityNotFound):
        root.run(delete_user, "/ada")


def test_a_user_made_anew_inherits_neither_policies_nor_keys(root: Root) -> None:
    first = root.create("ada")
    root.run(put_policy, "/ada", EntityKind.USER, "p", allow("ecr:*"))
    old: CreatedKey = root.run(create_access_key, "/ada")
    root.run(delete_access_key, "/ada", old.key.id)
    root.run(delete_policy, "/ada", EntityKind.USER, "p")
    root.run(delete_user, "/ada")
    second = root.create("ada")
    keys = root.run(list_access_keys, "/ada", Paging()).items
    policies = root.run(list_policies, "/ada", EntityKind.USER, Paging()).items
    assert (second.id != first.id, list(keys), list(policies)) == (True, [], [])


def test_an_account_lists_its_own_users_alone(root: Root) -> None:
    root.create("ada")
    assert root_of(root.env, OTHER).names() == []


def test_users_are_listed_by_the_beginning_of_their_path(root: Root) -> None:
    for name, path in (("a", "/x/"), ("b", "/y/"), ("c", "/x/z/"), ("d", "/x/")):
        root.create(name, path)
    first: Page[User] = root.run(list_users, "", "/x/", Paging(count=2))
    rest = root.names("/x/", Paging(first.marker, 2))
    assert [[user.name for user in first.items], rest] == [["a", "c"], ["d"]]


def test_a_full_last_page_has_no_marker(root: Root) -> None:
    root.create("a")
    page: Page[User] = root.run(list_users, "", "/", Paging(count=1))
    assert page.marker is None


def test_a_marker_is_good_for_the_same_list_alone(root: Root) -> None:
    for name in ("a", "b"):
        root.create(name)
    page: Page[User] = root.run(list_users, "", "/", Paging(count=1))
    with pytest.raises(InvalidParameter, match="marker"):
        root_of(root.env, OTHER).names(paging=Paging(page.marker))


def test_keys_are_listed_in_pages_in_the_order_they_were_made(root: Root) -> None:
    root.create("ada")
    made = [root.run(create_access_key, "/ada").key.id for _ in range(2)]
    first = root.run(list_access_keys, "/ada", Paging(count=1))
    second = root.run(list_access_keys, "/ada", Paging(first.marker, 1))
    assert [key.id for page in (first, second) for key in page.items] == made


def test_policies_are_listed_in_pages(root: Root) -> None:
    root.create("ada")
    for name in ("b", "a"):
        root.run(put_policy, "/ada", EntityKind.USER, name, allow("ecr:*"))
    first = root.run(list_policies, "/ada", EntityKind.USER, Paging(count=1))
    second = root.run(list_policies, "/ada", EntityKind.USER, Paging(first.marker, 1))
    assert [list(first.items), list(second.items), second.marker] == [["a"], ["b"], None]


@pytest.mark.parametrize("change", [delete_access_key, update_access_key])
def test_a_key_of_somebody_else_is_not_found(root: Root, change: Callable[..., Awaitable[None]]) -> None:
    root.create("ada")
    root.create("bob")
    key: CreatedKey = root.run(create_access_key, "/ada")
    options = {"active": False} if change is update_access_key else {}
    with pytest.raises(EntityNotFound):
        root.run(change, "/bob", key.key.id, **options)


def test_the_root_has_at_most_two_keys(root: Root) -> None:
    root.run(create_access_key)
    with pytest.raises(QuotaExceeded):
        root.run(create_access_key)


def test_the_root_may_delete_a_key_that_no_settings_name(root: Root) -> None:
    root.run(delete_access_key, "", root.key.access_key_id)
    assert asyncio.run(root.env.principals.find_now(root.key.access_key_id)) is None


def test_the_root_of_the_account_is_described_to_itself(root: Root) -> None:
    assert root.run(get_user).id == HOME


def test_a_policy_is_replaced_under_its_name(root: Root) -> None:
    root.create("ada")
    root.run(put_policy, "/ada", EntityKind.USER, "p", allow("ecr:*"))
    root.run(put_policy, "/ada", EntityKind.USER, "p", allow("iam:*"))
    assert root.run(get_policy, "/ada", EntityKind.USER, "p") == allow("iam:*")


def test_a_policy_that_is_not_there_is_not_found(root: Root) -> None:
    root.create("ada")
    with pytest.raises(EntityNotFound, match="The user policy with name p cannot be found"):
        root.run(delete_policy, "/ada", EntityKind.USER, "p")


def test_white_space_does_not_count_towards_the_size_of_policies(root: Root) -> None:
    root.create("ada")
    document = allow("ecr:*").replace(" ", " " * 2_000)
    root.run(put_policy, "/ada", EntityKind.USER, "p", document)
    assert root.run(get_policy, "/ada", EntityKind.USER, "p") == document


def test_a_policy_put_in_place_of_another_does_not_count_twice(root: Root) -> None:
    root.create("ada")
    long = allow(*(f"ecr:{'x' * 40}{number}" for number in range(30)))
    for _ in range(2):
        root.run(put_policy, "/ada", EntityKind.USER, "p", long)
    assert root.run(get_policy, "/ada", EntityKind.USER, "p") == long


def test_every_change_moves_the_generation_of_its_account(root: Root) -> None:
    def generation() -> int | None:
        return asyncio.run(accounts.find_generation(root.env.store.now, HOME))

    seen = [generation()]
    for change in changes(root):
        change()
        seen.append(generation())
    assert len(set(seen)) == len(seen)


def test_every_change_is_recorded_and_no_secret_is_told(root: Root) -> None:
    for change in changes(root):
        change()
    rows = asyncio.run(root.env.store.now.all(_EVENTS))
    assert [kind for kind, _, _ in rows] == [
        "UserCreated",
        "InlinePolicyPut",
        "AccessKeyCreated",
        "AccessKeyUpdated",
        "AccessKeyDeleted",
        "InlinePolicyDeleted",
        "UserDeleted",
    ]
    told = {name for _, _, facts in rows for name in json.loads(facts)}
    assert told == {"user", "path", "user_id", "policy", "access_key", "active"}


def changes(root: Root) -> list[Callable[[], object]]:
    """Give one change of every kind, in an order in which each can be made."""
    made: list[CreatedKey] = []
    return [
        lambda: root.create("ada"),
        lambda: root.run(put_policy, "/ada", EntityKind.USER, "p", allow("ecr:*")),
        lambda: made.append(root.run(create_access_key, "/ada")),
        lambda: root.run(update_access_key, "/ada", made[0].key.id, active=False),
        lambda: root.run(delete_access_key, "/ada", made[0].key.id),
        lambda: root.run(delete_policy, "/ada", EntityKind.USER, "p"),
        lambda: root.run(delete_user, "/ada"),
    ]
