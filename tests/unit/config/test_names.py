"""How registries and the AWS APIs are named."""

from dataclasses import replace
from pathlib import Path

import pytest

from moorage.cli.names import api_endpoint, registry_host
from moorage.config import Config
from moorage.domain.listen import Listen
from moorage.domain.names import AccountId, Region
from unit.config.settings import read

ACCOUNT = "123456789012"


def config(listen: str, *, domain: str | None = None, tls: bool = False) -> Config:
    certificate = Path("cert.pem") if tls else None
    plain = read(Path("/nowhere/at/all"))
    return replace(plain, listen=Listen.parse(listen), domain=domain, tls_cert=certificate)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (config("127.0.0.1:4500"), "localhost:4500"),
        (config("[::1]:4500"), "localhost:4500"),
        (config("0.0.0.0:4500"), "localhost:4500"),
        (config("192.0.2.7:4500"), "192.0.2.7:4500"),
        (config("127.0.0.1:4500", tls=True), f"{ACCOUNT}.dkr.ecr.us-east-1.localhost:4500"),
        (config("0.0.0.0:443", tls=True), f"{ACCOUNT}.dkr.ecr.us-east-1.localhost"),
        (config("127.0.0.1:4500", domain="registry.example"), f"{ACCOUNT}.dkr.ecr.us-east-1.registry.example"),
        (config("127.0.0.1:4500", domain="example.org:8443"), f"{ACCOUNT}.dkr.ecr.us-east-1.example.org:8443"),
        (
            config("0.0.0.0:8443", domain="registry.example", tls=True),
            f"{ACCOUNT}.dkr.ecr.us-east-1.registry.example:8443",
        ),
    ],
)
def test_a_registry_is_named_as_docker_reaches_it(given: Config, name: str) -> None:
    assert registry_host(given) == name


def test_another_account_and_region_have_another_name() -> None:
    given = config("0.0.0.0:443", domain="registry.example", tls=True)
    name = registry_host(given, account_id=AccountId("210987654321"), region=Region("eu-west-1"))
    assert name == "210987654321.dkr.ecr.eu-west-1.registry.example"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        (config("127.0.0.1:4500"), "http://127.0.0.1:4500"),
        (config("[::]:4500"), "http://[::1]:4500"),
        (config("127.0.0.1:4500", tls=True), "https://api.ecr.us-east-1.localhost:4500"),
        (config("127.0.0.1:4500", domain="registry.example"), "https://api.ecr.us-east-1.registry.example"),
    ],
)
def test_the_apis_have_one_address(given: Config, address: str) -> None:
    assert api_endpoint(given) == address
