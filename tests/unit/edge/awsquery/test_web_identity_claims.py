"""What a token of an identity provider claims: its times, its audience, and who it is of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.env import FrozenClock
from support.oidc import Provider
from unit.edge.awsquery.bringing import ADDRESS, GOOD, ISSUER, KEYS, NOW, SUBJECT, bring, refused, trusting
from unit.edge.awsquery.wire import Client


@pytest.fixture
def provider() -> Provider:
    return Provider(ISSUER, keys=[KEYS[0], KEYS[2]])


@pytest.fixture
def root(tmp_path: Path, clock: FrozenClock, provider: Provider) -> Iterator[Client]:
    with trusting(tmp_path, clock, provider) as client:
        yield client


def without(*names: str) -> dict[str, object]:
    return {name: value for name, value in GOOD.items() if name not in names}


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({**GOOD, "exp": NOW}, "ExpiredTokenException"),
        (without("exp"), "InvalidIdentityToken"),
        ({**GOOD, "exp": "soon"}, "InvalidIdentityToken"),
        ({**GOOD, "nbf": NOW + 120}, "InvalidIdentityToken"),
        ({**GOOD, "aud": "somebody.else"}, "InvalidIdentityToken"),
        ({**GOOD, "aud": ["sts.example.com", "other"], "azp": "other"}, "InvalidIdentityToken"),
        (without("aud"), "InvalidIdentityToken"),
        ({**GOOD, "iss": "https://oidc.example.com/other"}, "InvalidIdentityToken"),
        ({**GOOD, "iss": f"http://{ADDRESS}"}, "InvalidIdentityToken"),
        (without("iss"), "InvalidIdentityToken"),
        (without("sub"), "IDPRejectedClaim"),
        ({**GOOD, "sub": "system:serviceaccount:other:pusher"}, "AccessDenied"),
        ({**GOOD, "sub": SUBJECT + "x" * 1_000}, "AccessDenied"),  # too long to be compared
    ],
)
def test_a_token_that_says_something_else_is_refused(
    root: Client, provider: Provider, claims: dict[str, object], code: str
) -> None:
    assert refused(root, provider.token(claims)).code == code


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_a_provider_s_clock_may_be_a_minute_ahead(
    root: Client, provider: Provider, clock: FrozenClock, name: str
) -> None:
    token = provider.token({**GOOD, name: NOW + 120})
    for seconds, code in ((0, "InvalidIdentityToken"), (59, "InvalidIdentityToken"), (1, ""), (1, "")):
        clock.move(seconds)
        found = refused(root, token).code if code else bring(root, token) and ""
        assert found == code, clock.at


@pytest.mark.parametrize("name", ["nbf", "iat"])
@pytest.mark.parametrize(("ahead", "good"), [(59, True), (60, True), (61, False)])
def test_the_minute_is_a_minute(root: Client, provider: Provider, name: str, ahead: int, *, good: bool) -> None:
    token = provider.token({**GOOD, name: NOW + ahead})
    if good:
        assert bring(root, token)
    else:
        assert refused(root, token).message == "The ID Token is from the future."


def test_a_token_ends_to_the_second(root: Client, provider: Provider, clock: FrozenClock) -> None:
    token = provider.token({**GOOD, "exp": NOW + 10})
    clock.move(9)
    assert bring(root, token)
    clock.move(1)
    assert refused(root, token).code == "ExpiredTokenException"


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("value", [True, "1", -1, 1 << 53, [], {}])
def test_a_time_is_a_number_that_can_be_one(root: Client, provider: Provider, name: str, value: object) -> None:
    assert refused(root, provider.token({**GOOD, name: value})).message == f"The claim {name} is no time."


OURS = "sts.example.com"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [OURS]},
        {"aud": [OURS, "other"]},
        {"aud": ["other", OURS]},
        {"aud": ["other", OURS], "azp": OURS},
        {"aud": [OURS], "azp": "other"},  # of one audience it is no question whom the token was made for
        {"aud": OURS, "azp": "other"},
        {"aud": [7, OURS]},
    ],
)
def test_one_of_several_audiences_is_enough_unless_the_token_says_whom_it_was_made_for(
    root: Client, provider: Provider, claims: dict[str, object]
) -> None:
    assert bring(root, provider.token({**GOOD, **claims}))["Audience"] == OURS


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": []},
        {"aud": ["other"]},
        {"aud": ["other", "another"]},
        {"aud": [OURS, "other"], "azp": "other"},
        {"aud": {"0": OURS}},
        {"aud": None, "azp": OURS},
        {"aud": "other", "azp": OURS},
        {"aud": OURS.upper()},
        {"aud": [[OURS]]},
    ],
)
def test_other_audiences_are_not_ours(root: Client, provider: Provider, claims: dict[str, object]) -> None:
    assert refused(root, provider.token({**GOOD, **claims})).message == "Incorrect token audience"
