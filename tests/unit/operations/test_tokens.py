"""The password of GetAuthorizationToken: sealed, good for twelve hours, and never a permission by itself."""

import asyncio
import json
from base64 import b64encode

import pytest
from msgspec.structs import replace

from moorage.domain.actions import CREDENTIALS
from moorage.domain.errors import CredentialsMissing, CredentialUnknown, TokenExpired
from moorage.operations import tokens
from moorage.operations.accesskeys import delete_access_key
from moorage.operations.authorise import authorise
from moorage.operations.env import Env
from moorage.operations.keyring import KeyRing, Purpose, from_text, to_text
from moorage.operations.principals import mark_of
from moorage.operations.tokens import TokenReader, issue
from support.env import HOME, REGION, FrozenClock
from unit.operations.tenant import Tenant

TWELVE_HOURS = 12 * 3600


def basic(password: str, user: str = "AWS") -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.fixture
def reader(env: Env) -> TokenReader:
    return TokenReader(env)


@pytest.fixture
def password(tenant: Tenant) -> str:
    return issue(tenant.env, tenant.granted()).password


def test_a_password_names_its_account_its_key_and_its_region(
    tenant: Tenant, reader: TokenReader, password: str, clock: FrozenClock
) -> None:
    token = reader.read(basic(password), at=clock())
    assert (token.account, token.access_key_id, token.region) == (HOME, tenant.key_id, REGION)


def test_a_password_tells_when_it_ends(tenant: Tenant, clock: FrozenClock) -> None:
    assert issue(tenant.env, tenant.granted()).expires_at == clock() + TWELVE_HOURS * 1_000_000


def test_a_password_is_good_for_twelve_hours(reader: TokenReader, password: str, clock: FrozenClock) -> None:
    clock.move(TWELVE_HOURS - 1)
    assert reader.read(basic(password), at=clock()).account == HOME


def test_a_password_ends_after_twelve_hours(reader: TokenReader, password: str, clock: FrozenClock) -> None:
    clock.move(TWELVE_HOURS)
    with pytest.raises(TokenExpired):
        reader.read(basic(password), at=clock())


def test_a_password_that_was_read_before_ends_as_well(reader: TokenReader, password: str, clock: FrozenClock) -> None:
    reader.read(basic(password), at=clock())
    clock.move(TWELVE_HOURS)
    with pytest.raises(TokenExpired):
        reader.read(basic(password), at=clock())


def test_a_password_has_no_colon_and_nothing_a_shell_would_change(password: str) -> None:
    assert password.replace("-", "").replace("_", "").isalnum()


def test_a_password_does_not_show_what_is_in_it(tenant: Tenant, password: str) -> None:
    opened = from_text(password)
    assert [word for word in (HOME, tenant.key_id, REGION) if word.encode() in opened] == []


def test_two_passwords_are_never_alike(tenant: Tenant, password: str) -> None:
    assert issue(tenant.env, tenant.granted()).password != password


def test_the_scheme_is_read_in_any_case(reader: TokenReader, password: str, clock: FrozenClock) -> None:
    assert reader.read(basic(password).replace("Basic", "bAsIc"), at=clock()).account == HOME


def test_more_passwords_than_are_remembered_are_read(
    tenant: Tenant, reader: TokenReader, monkeypatch: pytest.MonkeyPatch, clock: FrozenClock
) -> None:
    monkeypatch.setattr(tokens, "_CACHE_LIMIT", 2)
    read = {reader.read(basic(issue(tenant.env, tenant.granted()).password), at=clock()).account for _ in range(5)}
    assert read == {HOME}


@pytest.mark.parametrize("place", range(0, 80, 7))
def test_an_altered_password_is_refused(reader: TokenReader, password: str, clock: FrozenClock, place: int) -> None:
    letter = "A" if password[place] != "A" else "B"
    with pytest.raises(CredentialsMissing):
        reader.read(basic(password[:place] + letter + password[place + 1 :]), at=clock())


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic " + "é",
        "Bearer abc",
        basic(""),
        basic("hunter2"),
        basic("Z" * 500),
        "Basic " + b64encode(b"\xff\xfe").decode(),
        "Basic " + b64encode(b"AWS").decode(),
    ],
)
def test_what_is_no_password_of_ours_is_refused(reader: TokenReader, authorization: str) -> None:
    with pytest.raises(CredentialsMissing):
        reader.read(authorization, at=0)


@pytest.mark.parametrize("user", ["", "aws", "root", "AWS "])
def test_the_user_is_always_aws(reader: TokenReader, password: str, clock: FrozenClock, user: str) -> None:
    with pytest.raises(CredentialsMissing):
        reader.read(basic(password, user), at=clock())


def test_what_was_sealed_for_another_purpose_is_no_password(env: Env, reader: TokenReader, password: str) -> None:
    content = env.keyring.open(Purpose.AUTHORIZATION_TOKEN, from_text(password))
    page = env.keyring.seal(Purpose.PAGE_TOKEN, content, nonce=env.ids.nonce())
    with pytest.raises(CredentialsMissing):
        reader.read(basic(to_text(page)), at=0)


def test_a_password_of_another_server_is_refused(env: Env, reader: TokenReader, password: str) -> None:
    content = env.keyring.open(Purpose.AUTHORIZATION_TOKEN, from_text(password))
    foreign = KeyRing("k1", {"k1": b"x" * 32}).seal(Purpose.AUTHORIZATION_TOKEN, content, nonce=env.ids.nonce())
    with pytest.raises(CredentialsMissing):
        reader.read(basic(to_text(foreign)), at=0)


def test_a_password_is_worth_nothing_once_its_key_is_gone(tenant: Tenant, reader: TokenReader) -> None:
    ada = tenant.new_user("ada", "ecr:*")
    token = reader.read(basic(issue(ada.env, ada.granted()).password), at=ada.env.clock())
    tenant.run(delete_access_key, "/ada", ada.key_id)
    assert token.access_key_id == ada.key_id
    with pytest.raises(CredentialUnknown):
        ada.granted()


def test_a_password_says_who_and_until_when_and_nothing_of_permissions(tenant: Tenant, password: str) -> None:
    content = tenant.env.keyring.open(Purpose.AUTHORIZATION_TOKEN, from_text(password))
    until = tenant.env.clock() + TWELVE_HOURS * 1_000_000
    mark = tenant.granted().principal.key_mark
    assert json.loads(content) == [HOME, tenant.key_id, REGION, until, mark]


def test_the_mark_of_a_key_is_not_its_secret(tenant: Tenant) -> None:
    principal = tenant.granted().principal
    assert principal.key_mark not in principal.secret


def test_a_password_ends_when_the_secret_behind_its_key_id_is_replaced(tenant: Tenant) -> None:
    marked = replace(tenant.call(), key_mark=mark_of("the secret before", tenant.key_id))
    with pytest.raises(CredentialUnknown):
        asyncio.run(authorise(tenant.env, marked, CREDENTIALS, tenant.registry))
