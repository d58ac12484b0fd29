"""Which addresses the server may call: none of its own network, however they are written."""

from ipaddress import ip_network

import pytest

from moorage.outside.addresses import may_call, read_address

PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - judged, not listened on
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
]


@pytest.mark.parametrize("text", PRIVATE)
def test_a_private_address_may_not_be_called(text: str) -> None:
    address = read_address(text)
    assert address is not None
    assert not may_call(address, ())


@pytest.mark.parametrize("text", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_a_public_address_may_be_called(text: str) -> None:
    address = read_address(text)
    assert address is not None
    assert may_call(address, ())


def test_a_network_that_the_settings_name_may_be_called() -> None:
    allowed = (ip_network("10.0.0.0/8"),)
    judged = {text: read_address(text) for text in ("10.1.2.3", "::ffff:10.1.2.3", "192.168.1.1")}
    assert [may_call(address, allowed) for address in judged.values() if address] == [True, True, False]


@pytest.mark.parametrize("text", ["2130706433", "0x7f000001", "127.1", "localhost", "example.com", "0177.0.0.1"])
def test_a_name_is_no_address_and_is_judged_when_it_is_resolved(text: str) -> None:
    assert read_address(text) is None
