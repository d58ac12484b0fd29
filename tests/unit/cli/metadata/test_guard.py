"""Who may ask: this machine's own programs, by its own names, with nobody in between."""

from ipaddress import ip_network

import pytest

from moorage.cli.metadata.guard import Ends, Guard
from unit.cli.metadata.given import request

NEAR = Ends.of("169.254.169.254", "169.254.169.254")


def status(guard: Guard, ends: Ends, **headers: str) -> int | None:
    refused = guard.refuse(request("/latest/meta-data/", **({"host": "169.254.169.254"} | headers)), ends)
    return None if refused is None else refused.status


def peer_status(guard: Guard, client: str, here: str) -> int | None:
    refused = guard.refuse_peer(Ends.of(client, here))
    return None if refused is None else refused.status


@pytest.mark.parametrize(
    ("client", "here", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", None),
        ("::1", "::1", None),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", None),
        ("169.254.169.254", "169.254.169.254", None),
        ("172.17.0.2", "169.254.169.254", 403),
        ("192.168.1.7", "192.168.1.1", 403),
        ("::ffff:192.168.1.7", "::ffff:192.168.1.1", 403),
        ("fe80::1%eth0", "fe80::2%eth0", 403),
    ],
)
def test_only_this_machine_may_ask(client: str, here: str, expected: int | None) -> None:
    assert peer_status(Guard(), client, here) == expected


def test_a_network_that_is_named_may_ask_too() -> None:
    guard = Guard((ip_network("172.17.0.0/16"),))
    asked = [peer_status(guard, client, "169.254.169.254") for client in ("172.17.0.2", "172.18.0.2", "fd00::1")]
    assert asked == [None, 403, 403]


@pytest.mark.parametrize(
    ("client", "here", "peer"),
    [
        ("127.0.0.1", "127.0.0.1", "this machine"),
        ("127.0.0.77", "127.0.0.1", "this machine"),
        ("172.17.0.1", "172.17.0.1", "this machine"),
        ("172.17.0.2", "172.17.0.1", "172.17.0.2"),
        ("fd00::1:2:3:4", "fd00::1", "fd00::/64"),
    ],
)
def test_addresses_that_one_machine_has_at_will_are_one_peer(client: str, here: str, peer: str) -> None:
    assert Ends.of(client, here).peer == peer


@pytest.mark.parametrize("host", ["169.254.169.254", "169.254.169.254:80", "localhost:1338", "LOCALHOST"])
def test_its_own_names_are_answered(host: str) -> None:
    assert status(Guard(), NEAR, host=host) is None


@pytest.mark.parametrize(
    "host", ["", "evil.example.com", "evil.example.com:80", "169.254.169.254.evil.com", "127.0.0.1"]
)
def test_other_names_are_not(host: str) -> None:
    assert status(Guard(), NEAR, host=host) == 403


@pytest.mark.parametrize("host", ["127.0.0.1:1338", "[::1]:1338"])
def test_the_address_that_is_listened_on_is_a_name(host: str) -> None:
    here = "::1" if "::" in host else "127.0.0.1"
    assert status(Guard(), Ends.of(here, here), host=host) is None


def test_a_request_without_a_host_is_malformed() -> None:
    refused = Guard().refuse(request("/"), NEAR)
    assert refused is not None
    assert refused.status == 400


@pytest.mark.parametrize("value", ["10.0.0.1", ""])
def test_a_proxy_gets_nothing(value: str) -> None:
    assert status(Guard(), NEAR, x_forwarded_for=value) == 403
