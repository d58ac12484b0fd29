"""A host is a registry of a server when it is named as the server names one of its own."""

import pytest

from moorage.cli.machinepassword import is_registry_of

OWN = "https://123456789012.dkr.ecr.us-east-1.example.com"


@pytest.mark.parametrize(
    ("endpoint", "host", "expected"),
    [
        (OWN, "123456789012.dkr.ecr.us-east-1.example.com", True),
        (OWN, "123456789012.dkr.ecr.us-east-1.example.com:443", True),
        (OWN, "123456789012.DKR.ecr.us-east-1.Example.com", True),
        (OWN, "210987654321.dkr.ecr-fips.eu-west-1.example.com", True),
        (OWN, "210987654321.dkr-ecr.eu-west-1.example.com", True),
        (OWN, "123456789012.dkr.ecr.us-east-1.example.com:80", False),
        (OWN, "123456789012.dkr.ecr.us-east-1.example.com.evil.org", False),
        (OWN, "123456789012.dkr.ecr.us-east-1.evil.example.com", False),
        (OWN, "12345.dkr.ecr.us-east-1.example.com", False),
        (OWN, "example.com", False),
        (f"{OWN}:8443", "123456789012.dkr.ecr.us-east-1.example.com:8443", True),
        (f"{OWN}:8443", "123456789012.dkr.ecr.us-east-1.example.com", False),
        ("http://localhost:5000", "localhost:5000", True),
        ("http://localhost:5000", "123456789012.dkr.ecr.us-east-1.localhost:5000", True),
        ("http://localhost:5000", "127.0.0.1:5000", False),
        ("", "123456789012.dkr.ecr.us-east-1.example.com", False),
        ("ftp://a.b", "a.b", False),
        ("https://", "123456789012.dkr.ecr.us-east-1.", False),
    ],
)
def test_a_host_is_compared_with_the_servers_own_name(endpoint: str, host: str, *, expected: bool) -> None:
    assert is_registry_of(endpoint, host) == expected
