"""Derived keys, and how many of them are kept."""

from conformance.sigv4.requests import SIGNING_KEY_TEXT
from moorage.sigv4.key import SigningKeys, signing_key


def test_the_documented_key_is_derived() -> None:
    key = signing_key(SIGNING_KEY_TEXT, "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


def test_a_kept_key_is_the_derived_one() -> None:
    keys = SigningKeys()
    first = keys.get("one", "20260101", "eu-west-1", "ecr")
    assert keys.get("one", "20260101", "eu-west-1", "ecr") is first
    assert first == signing_key("one", "20260101", "eu-west-1", "ecr")


def test_no_two_secrets_days_regions_or_services_share_a_key() -> None:
    keys = SigningKeys()
    found = {
        keys.get(secret, day, region, service) for secret in "ab" for day in "cd" for region in "ef" for service in "gh"
    }
    assert len(found) == 16


def test_no_more_keys_are_kept_than_allowed() -> None:
    keys = SigningKeys(limit=3)
    for day in range(10):
        keys.get("one", f"2026010{day}", "eu-west-1", "ecr")
    assert len(keys) == 3


def test_a_key_that_was_dropped_is_derived_again() -> None:
    keys = SigningKeys(limit=1)
    first = keys.get("one", "20260101", "eu-west-1", "ecr")
    keys.get("two", "20260101", "eu-west-1", "ecr")
    assert keys.get("one", "20260101", "eu-west-1", "ecr") == first
