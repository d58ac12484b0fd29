"""How the client reached us: one Host, believed no further than it can be."""

from ipaddress import ip_network

import pytest

from moorage.domain.addresses import Addresses
from moorage.domain.errors import MalformedRequest
from moorage.edge.http.request import Origin, Origins
from support.env import HOME, REGION
from unit.edge.http.wire import Arrived

ADDRESSES = Addresses(HOME, REGION, 4500, tls=False, domain="example.com")
PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
FORWARDED = (
    ("host", "inner:4500"),
    ("x-forwarded-host", "registry.example.com"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-for", "192.0.2.7"),
)


def judge(arrived: Arrived) -> Origin:
    return Origins(ADDRESSES, PROXIES).judge(arrived)


def at(host: str, **changed: str) -> Origin:
    return judge(Arrived(pairs=(("host", host),), **changed))  # type: ignore[arg-type]  # members that are texts


def test_the_host_gives_name_and_port() -> None:
    assert at("localhost:5000") == Origin("localhost", 5000, secure=False, client="127.0.0.1", trusted=True)


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)])
def test_a_host_without_a_port_has_the_schemes_own(scheme: str, port: int) -> None:
    assert at("localhost", scheme=scheme).port == port


def test_an_ipv6_host_loses_its_brackets() -> None:
    origin = at("[::1]:5000")
    assert (origin.name, origin.port, origin.trusted) == ("::1", 5000, True)


def test_an_ipv6_client_is_known_without_its_port() -> None:
    assert at("localhost", client="[2001:db8::7]:40000").client == "2001:db8::7"


@pytest.mark.parametrize(
    ("host", "trusted"),
    [
        ("localhost", True),
        ("127.0.0.1:5000", True),
        ("example.com", True),
        ("123456789012.dkr.ecr.us-east-1.example.com", True),
        ("evil.org", False),
        ("192.0.2.1", False),
        ("", False),
    ],
)
def test_only_loopback_and_our_own_domain_are_trusted(host: str, trusted: bool) -> None:  # noqa: FBT001 - a column of the table
    assert at(host).trusted is trusted


@pytest.mark.parametrize(
    ("pairs", "authority"),
    [
        ((), None),
        ((("host", "a"), ("host", "a")), None),
        ((("host", "a"), ("host", "b")), None),
        ((("host", "a"),), "b"),
    ],
)
def test_a_request_has_exactly_one_host(pairs: tuple[tuple[str, str], ...], authority: str | None) -> None:
    with pytest.raises(MalformedRequest):
        judge(Arrived(pairs=pairs, authority=authority))


@pytest.mark.parametrize("pairs", [(), (("host", "localhost:1"),)])
def test_the_authority_of_the_request_line_is_the_host(pairs: tuple[tuple[str, str], ...]) -> None:
    assert judge(Arrived(pairs=pairs, authority="localhost:1")).port == 1


@pytest.mark.parametrize("client", ["10.1.2.3:5", "[fd00::1]:5"])
def test_a_trusted_proxy_tells_how_the_client_came(client: str) -> None:
    assert judge(Arrived(pairs=FORWARDED, client=client)) == Origin(
        "registry.example.com", 443, secure=True, client="192.0.2.7", trusted=True
    )


@pytest.mark.parametrize("client", ["192.0.2.1:5", "127.0.0.1:5", "[2001:db8::1]:5", "unix"])
def test_anybody_else_tells_nothing(client: str) -> None:
    origin = judge(Arrived(pairs=FORWARDED, client=client))
    assert (origin.name, origin.secure, origin.client) == (
        "inner",
        False,
        client.rpartition(":")[0].strip("[]") or client,
    )


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("[2001:DB8::7]", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("::FFFF:10.0.0.1", "10.0.0.1"),
        ("::ffff:a00:1", "10.0.0.1"),
        ("[::ffff:10.0.0.1]:80", "10.0.0.1"),
        ("unknown", ""),
        ("_hidden", ""),
        ("192.0.2.1:x", ""),
        ("1" * 5000, ""),
        ("\xe9, 192.0.2.1", ""),
    ],
)
def test_what_a_proxy_tells_is_read_as_an_address_or_is_none(told: str, client: str) -> None:
    pairs = (("host", "localhost"), ("x-forwarded-for", told))
    assert judge(Arrived(pairs=pairs, client="10.0.0.1:5")).client == client


def test_a_proxy_is_known_in_the_clothes_of_ipv6() -> None:
    assert judge(Arrived(pairs=FORWARDED, client="[::ffff:10.0.0.1]:5")).client == "192.0.2.7"


def test_of_several_proxies_the_nearest_is_believed() -> None:
    pairs = (*FORWARDED, ("x-forwarded-for", "203.0.113.9, 198.51.100.4"), ("x-forwarded-proto", "https, http"))
    origin = judge(Arrived(pairs=pairs, client="10.0.0.1:5"))
    assert (origin.client, origin.secure) == ("198.51.100.4", False)


@pytest.mark.parametrize("value", ["", " ", "a,"])
def test_a_proxy_that_says_nothing_leaves_the_request_as_it_is(value: str) -> None:
    pairs = (("host", "localhost"), *((f"x-forwarded-{name}", value) for name in ("host", "for", "proto")))
    origin = judge(Arrived(pairs=pairs, client="10.0.0.1:5"))
    assert (origin.name, origin.client, origin.secure) == ("localhost", "10.0.0.1", False)
