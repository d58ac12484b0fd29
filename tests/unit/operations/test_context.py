"""Condition keys are found out when they are asked for, and a call says what it depended on."""

import pytest

from moorage.domain.names import AccountId, Region
from moorage.operations.context import CallContext
from moorage.operations.env import Call
from moorage.policy.request import LONGEST_FACT, Spellings

OWNER = "444455556666"


def context(client: str = "192.0.2.7", user_agent: str = "docker/28") -> CallContext:
    account, region = AccountId("111122223333"), Region("eu-west-1")
    call = Call("r-1", 1_795_514_400_500_000, account, "AKIA", region, True, user_agent, None, None, client)
    return CallContext(call, {"aws:username": "ada"}, OWNER, {"aws:resourcetag/team": "red"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:username", "ada"),
        ("aws:resourceaccount", OWNER),
        ("aws:resourcetag/team", "red"),
        ("aws:resourcetag/other", None),
        ("aws:currenttime", "2026-11-24T10:00:00.500000+00:00"),
        ("aws:epochtime", "1795514400"),
        ("aws:requestedregion", "eu-west-1"),
        ("aws:securetransport", "true"),
        ("aws:sourceip", "192.0.2.7"),
        ("aws:useragent", "docker/28"),
        ("aws:viaawsservice", "false"),
        ("aws:sourcevpce", None),
    ],
)
def test_a_key_has_the_value_of_the_call(key: str, value: str | None) -> None:
    assert context().get(key) == value


@pytest.mark.parametrize(
    ("client", "value"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::FFFF:192.0.2.7", "192.0.2.7"),
        ("::ffff:c000:207", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:1", "::ffff:1"),
        ("", None),
        ("unix", None),
    ],
)
def test_an_address_is_told_in_its_own_family(client: str, value: str | None) -> None:
    assert context(client).get("aws:sourceip") == value


def test_a_user_agent_that_is_too_long_to_be_compared_is_unclear() -> None:
    longest = "a" * LONGEST_FACT
    assert context(user_agent=longest).get("aws:useragent") == longest
    assert context(user_agent=f"{longest}b").get("aws:useragent") == Spellings((longest,))
    assert context(user_agent="").get("aws:useragent") is None


@pytest.mark.parametrize(
    ("key", "asked"),
    [("aws:username", False), ("aws:resourcetag/team", False), ("aws:sourceip", True), ("aws:requesttag/team", True)],
)
def test_it_says_whether_another_call_of_the_same_caller_could_have_it_otherwise(key: str, *, asked: bool) -> None:
    looked = context()
    looked.get(key)
    assert looked.asked is asked
