"""Reading host names, and naming ourselves."""

import pytest

from moorage.domain.addresses import Addresses, Host, is_loopback, read_host, split_port
from moorage.domain.names import AccountId, Region

HOME, OTHER = AccountId("123456789012"), AccountId("210987654321")
REGION, OTHER_REGION = Region("us-east-1"), Region("eu-west-1")


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", Host(HOME, "us-east-1")),
        ("123456789012.dkr.ecr-fips.us-east-1.amazonaws.com", Host(HOME, "us-east-1")),
        ("123456789012.dkr-ecr.us-east-1.on.aws", Host(HOME, "us-east-1")),
        ("123456789012.dkr-ecr-fips.us-east-1.on.aws", Host(HOME, "us-east-1")),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", Host(HOME, "cn-north-1")),
        ("123456789012.dkr.ecr.us-east-1.localhost", Host(HOME, "us-east-1")),
        ("123456789012.DKR.ECR.US-EAST-1.LOCALHOST", Host(HOME, "us-east-1")),
        ("123456789012.dkr.ecr.nowhere.localhost", Host(HOME, "nowhere")),
        ("api.ecr.us-east-1.amazonaws.com", Host(None, "us-east-1")),
        ("api.ecr-fips.us-gov-west-1.amazonaws.com", Host(None, "us-gov-west-1")),
        ("ecr.us-east-1.api.aws", Host(None, "us-east-1")),
        ("ecr-fips.us-east-1.api.aws", Host(None, "us-east-1")),
        ("ecr.us-east-1.amazonaws.com", Host(None, "us-east-1")),
        ("api.ecr.eu-west-1.localhost", Host(None, "eu-west-1")),
        ("localhost", Host()),
        ("127.0.0.1", Host()),
        ("registry.example.com", Host()),
        ("ecr.example.com", Host()),
        ("api.ecr.example.com", Host()),
        ("12345678901.dkr.ecr.us-east-1.localhost", Host()),
        ("x123456789012.dkr.ecr.us-east-1.localhost", Host()),
        ("123456789012.dkr.ecr.us-east-1", Host()),
        ("123456789012.dkr.ecr.us-east-1.", Host()),
        ("", Host()),
    ],
)
def test_a_host_name_says_account_and_region_or_nothing(name: str, host: Host) -> None:
    assert read_host(name) == host


@pytest.mark.parametrize(
    ("authority", "split"),
    [
        ("localhost", ("localhost", None)),
        ("localhost:5000", ("localhost", 5000)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]", ("::1", None)),
        ("[::1]:5000", ("::1", 5000)),
        ("[2001:db8::7]:443", ("2001:db8::7", 443)),
        ("localhost:", ("localhost", None)),
        ("localhost:http", ("localhost", None)),
        ("localhost:-1", ("localhost", None)),
        ("localhost:٣", ("localhost", None)),
        ("localhost:123456", ("localhost", None)),
        ("", ("", None)),
    ],
)
def test_the_port_is_split_off(authority: str, split: tuple[str, int | None]) -> None:
    assert split_port(authority) == split


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "a.b.localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_these_names_are_loopback(name: str) -> None:
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name", ["localhost.example.com", "notlocalhost", "128.0.0.1", "127.0.0.1.example.com", "127.0.0", "::2", ""]
)
def test_these_names_are_not(name: str) -> None:
    assert not is_loopback(name)


def named(account: AccountId = HOME, region: Region = REGION, *, tls: bool = False, port: int | None = None) -> str:
    return Addresses(HOME, REGION, 4500, tls=tls).registry(account, region, port=port, secure=tls)


def under(domain: str, *, port: int | None = None, tls: bool = False) -> str:
    return Addresses(HOME, REGION, 4500, tls=tls, domain=domain).registry(HOME, REGION, port=port, secure=tls)


def test_without_tls_and_domain_the_first_registry_is_localhost() -> None:
    assert named() == "localhost:4500"


def test_every_other_account_has_a_name_of_its_own() -> None:
    assert named(OTHER) == "210987654321.dkr.ecr.us-east-1.localhost:4500"


def test_every_other_region_has_a_name_of_its_own() -> None:
    assert named(region=OTHER_REGION) == "123456789012.dkr.ecr.eu-west-1.localhost:4500"


def test_with_tls_the_first_registry_has_its_whole_name() -> None:
    assert named(tls=True) == "123456789012.dkr.ecr.us-east-1.localhost:4500"


def test_behind_a_proxy_that_speaks_tls_it_has_too() -> None:
    addresses = Addresses(HOME, REGION, 4500, tls=False)
    shown = addresses.registry(HOME, REGION, port=8443, secure=True)
    assert shown == "123456789012.dkr.ecr.us-east-1.localhost:8443"


def test_the_port_by_which_the_client_came_is_shown() -> None:
    assert named(port=9000) == "localhost:9000"


@pytest.mark.parametrize(("tls", "port"), [(False, 80), (True, 443)])
def test_the_schemes_own_port_is_not_shown(tls: bool, port: int) -> None:  # noqa: FBT001 - a column of the table
    assert ":" not in named(tls=tls, port=port)


def test_a_domain_is_the_end_of_every_name() -> None:
    assert under("example.com", tls=True, port=443) == "123456789012.dkr.ecr.us-east-1.example.com"


def test_a_domain_without_tls_is_no_localhost() -> None:
    assert under("example.com") == "123456789012.dkr.ecr.us-east-1.example.com:4500"


def test_the_port_of_the_domain_wins() -> None:
    assert under("example.com:8080", port=4500) == "123456789012.dkr.ecr.us-east-1.example.com:8080"


@pytest.mark.parametrize(
    ("name", "domain", "ours"),
    [
        ("localhost", None, True),
        ("a.localhost", "example.com", True),
        ("example.com", None, False),
        ("example.com", "example.com", True),
        ("EXAMPLE.com", "example.com:8080", True),
        ("123456789012.dkr.ecr.us-east-1.example.com", "example.com", True),
        ("evilexample.com", "example.com", False),
        ("example.com.evil.org", "example.com", False),
    ],
)
def test_only_loopback_and_the_domain_are_ours(name: str, domain: str | None, ours: bool) -> None:  # noqa: FBT001 - a column of the table
    assert Addresses(HOME, REGION, 4500, tls=False, domain=domain).is_ours(name) is ours


@pytest.mark.parametrize(
    ("name", "ours"), [("oci.example.org", True), ("OCI.example.org", True), ("example.org", False)]
)
def test_hosts_that_have_a_profile_are_ours(name: str, ours: bool) -> None:  # noqa: FBT001 - a column of the table
    addresses = Addresses(HOME, REGION, 4500, tls=False, hosts=frozenset({"oci.example.org"}))
    assert addresses.is_ours(name) is ours
