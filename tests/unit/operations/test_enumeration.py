"""Nobody learns who or what is there from the answer, nor from the work that the answer took.

Work is counted: statements and HMACs. Seconds would prove nothing on a busy machine.
"""

import asyncio
import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from guards.counting import counted
from moorage.domain.actions import OPERATIONS
from moorage.domain.caller import Registry
from moorage.domain.errors import AccessDenied, RegistryError
from moorage.operations.accesskeys import update_access_key
from moorage.operations.assumerole import Assuming, assume_role
from moorage.operations.authenticate import identify, verify_body
from moorage.operations.env import Env
from moorage.operations.principals import PrincipalCache
from moorage.operations.roles import NewRole, create_role
from moorage.operations.sessions import Limits
from moorage.operations.tokens import TokenReader, issue
from moorage.sigv4.head import Head
from moorage.sigv4.sign import Signer, sign
from support.env import HOME, OTHER, REGION, configure_account
from unit.edge.awsquery.wire import Client, refusal
from unit.operations.tenant import REPOSITORY, Tenant, root_of
from unit.operations.test_tokens import basic

LIST = OPERATIONS["ecr.ListImages"]


@dataclass(frozen=True)
class Seen:
    """What a stranger gets: the kind of refusal with its words, and the work behind it."""

    kind: str
    words: str
    statements: int
    hmacs: int


@contextmanager
def hmacs() -> Iterator[list[int]]:
    count = [0]
    real = hmac.digest

    def digest(*given: Any) -> bytes:  # noqa: ANN401 - it stands in for the real one
        count[0] += 1
        return real(*given)

    with (
        patch("hmac.digest", digest),
        patch("moorage.sigv4.verify.digest", digest),
        patch("moorage.sigv4.key.digest", digest),
    ):
        yield count


def look(env: Env, call: Callable[[], object]) -> Seen:
    """Call as a worker does that remembers nothing."""
    with counted(env.store) as tally, hmacs() as count, pytest.raises(RegistryError) as refused:
        call()
    return Seen(type(refused.value).__name__, str(refused.value), tally.cost.reads + tally.cost.writes, count[0])


def fresh(tenant: Tenant) -> Tenant:
    env = replace(tenant.env, principals=PrincipalCache(tenant.env.store, tenant.env.keyring))
    return replace(tenant, env=env)


def knocking(tenant: Tenant, key_id: str, secret: str = "guessed") -> Callable[[], object]:  # noqa: S107 - no password
    """Sign a call as somebody with a key does."""
    env = fresh(tenant).env
    head = Head("POST", "/", "", (("host", "localhost"), ("content-type", "application/x-amz-json-1.1")))
    at = datetime.fromtimestamp(env.clock() / 1_000_000, UTC)
    signed = sign(head, Signer(key_id, secret, REGION, "ecr"), at=at, body=b"{}")
    whole = Head(head.method, head.path, head.query, (*head.headers, *signed))

    async def call() -> None:
        found = await identify(env, whole, services={"ecr"}, at=env.clock())
        verify_body(env, found, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")

    return lambda: asyncio.run(call())


def test_an_inactive_key_is_like_one_that_never_was(tenant: Tenant) -> None:
    ada = tenant.new_user("ada", "ecr:*")
    tenant.run(update_access_key, "/ada", ada.key_id, active=False)
    inactive = look(tenant.env, knocking(tenant, ada.key_id))
    unknown = look(tenant.env, knocking(tenant, "AKIAAAAAAAAAAAAAAAAA"))
    assert inactive == unknown
    assert inactive.kind == "CredentialUnknown"


def test_a_wrong_secret_takes_the_same_whoever_s_key_it_is(tenant: Tenant) -> None:
    """AWS says that the signature is wrong: ids of keys are no secrets. Whose, and what that one may, is not told."""
    ada, bob = tenant.new_user("ada"), tenant.new_user("bob")
    seen = [look(tenant.env, knocking(tenant, key)) for key in (ada.key_id, bob.key_id)]
    assert seen[0] == seen[1]
    assert seen[0].kind == "SignatureMismatch"
    assert "ada" not in seen[0].words


def test_a_wrong_password_of_docker_takes_no_look_at_all(tenant: Tenant) -> None:
    """A password names its key under a seal: nobody can ask about a user without having had one."""
    good = issue(tenant.env, tenant.granted()).password
    tampered = f"{good[:40]}{'B' if good[40] == 'A' else 'A'}{good[41:]}"
    reader = TokenReader(tenant.env)
    seen = {
        look(tenant.env, lambda words=words: reader.read(words, at=0))  # type: ignore[misc]  # bound at once
        for words in (basic("guessed"), basic(tampered), basic(good, "ada"), basic(tenant.key_id))
    }
    assert {(one.kind, one.statements, one.hmacs) for one in seen} == {("CredentialsMissing", 0, 0)}


TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "sts:AssumeRole"},
}


@pytest.mark.parametrize("whose", [HOME, OTHER])
def test_a_role_that_is_missing_is_like_one_that_does_not_trust(tenant: Tenant, whose: str) -> None:
    owner = tenant if whose == HOME else root_of(tenant.env, OTHER)
    owner.new_user("only")
    trust = json.dumps(TRUST).replace(f'"{HOME}"', f'"arn:aws:iam::{whose}:user/only"')
    new = NewRole(name="there", path="/", trust=trust, tags={"team": "blue"})
    owner.run(create_role, "/there", new)
    ada = tenant.new_user("ada", "sts:AssumeRole")
    ada.granted()

    def asking(name: str) -> Seen:
        arn = f"arn:aws:iam::{whose}:role/{name}"
        asked = Assuming(arn, "job", None, Limits(), (), (), None, None)
        return look(tenant.env, lambda: ada.run(assume_role, "", asked))

    there, missing = asking("there"), asking("missing")
    assert replace(missing, words=missing.words.replace("missing", "there")) == there
    assert there.kind == "Denied"


@pytest.mark.parametrize("whose", [HOME, OTHER])
def test_a_repository_that_is_missing_is_like_one_that_is_not_ours(tenant: Tenant, whose: str) -> None:
    owner = tenant if whose == HOME else root_of(tenant.env, OTHER)
    owner.create()
    ada = tenant.new_user("ada", "ecr:*", resource="arn:aws:ecr:*:*:repository/mine")
    ada.granted()
    registry = Registry(owner.account, REGION)
    seen = [
        look(tenant.env, lambda name=name: ada.granted(name, needs=LIST, registry=registry))  # type: ignore[misc]  # bound at once
        for name in (REPOSITORY, "team/no")
    ]
    assert replace(seen[1], words=seen[1].words.replace("team/no", REPOSITORY)) == seen[0]
    assert seen[0].kind == "Denied"


def test_an_account_that_is_missing_is_like_one_that_lets_nobody_in(tenant: Tenant) -> None:
    root_of(tenant.env, OTHER)
    ada = tenant.new_user("ada", "ecr:*")
    words = []
    for account in (OTHER, "999999999999"):
        registry = Registry(replace(tenant, account=account).account, REGION)  # type: ignore[arg-type]  # any digits
        with pytest.raises(AccessDenied) as refused:
            ada.granted("team/app", needs=LIST, registry=registry)
        words.append(str(refused.value).replace(account, "ACCOUNT"))
    assert words[0] == words[1]


@pytest.mark.parametrize("path", ["/", "/secret/"])
def test_an_entity_that_is_missing_is_like_one_that_one_may_not_see(env: Env, path: str) -> None:
    root = Client(env, configure_account(env, HOME))
    ada = root.new_user("ada", "iam:Get*", resource=f"arn:aws:iam::{HOME}:user/mine")
    tags = [{"Key": "team", "Value": "blue"}]
    root.call("CreateUser", UserName="bob", Path=path, Tags=tags)
    trust = json.dumps(TRUST)
    root.call("CreateRole", RoleName="bob", Path=path, Tags=tags, AssumeRolePolicyDocument=trust)
    root.call("CreateGroup", GroupName="bob", Path=path)
    for _ in range(2):
        refusal(ada, "ListUsers")  # from here on who asks is known, and how far its account has come
    for kind in ("User", "Role", "Group"):
        seen = []
        for name in ("bob", "nobody"):
            with counted(env.store) as tally:
                refused = refusal(ada, f"Get{kind}", **{f"{kind}Name": name})
            seen.append((refused.code, refused.message.replace(name, "NAME"), tally.cost.reads))
        assert seen[0] == seen[1]
