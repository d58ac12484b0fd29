"""How registries and the API are called: reading host names, and naming ourselves.

``ACCOUNT.dkr.ecr.REGION.<anything>`` selects account and region, ``api.ecr.REGION.<anything>`` a region; FIPS and
dual-stack forms likewise (spec/ecr/operations.md section 1). Nothing is ever built from a Host that a client sent,
but for the port of one that is loopback or configured.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from moorage.domain.names import AccountId, Region

_REGISTRY = re.compile(r"([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\..+\Z")
# A region has a number at its end: ``ecr.example.com`` is somebody's own domain.
_API = re.compile(r"(?:api\.)?ecr(?:-fips)?\.([a-z]+(?:-[a-z]+)+-[0-9]+)\..+\Z")
_NAME = re.compile(r"[a-z0-9.:-]{1,253}\Z")
# An address with its port, or in the brackets of IPv6.
_WITH_PORT = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?\Z")
_LONGEST_CLIENT = 64  # with zone and port
_CLIENTS = 1024  # remembered
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Host:
    """What a host name says: an account and a region, a region, or neither."""

    account: AccountId | None = None
    region: str | None = None


NO_REGISTRY = Host()


def read_host(name: str) -> Host:
    """Read a host name without its port."""
    name = name.lower()
    if found := _REGISTRY.match(name):
        return Host(AccountId(found[1]), found[2])
    if found := _API.match(name):
        return Host(None, found[1])
    return NO_REGISTRY


def split_port(authority: str) -> tuple[str, int | None]:
    """Split ``name:port``; brackets of an IPv6 address are taken off. A port that is no number counts as none."""
    name, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        name, port = authority, ""
    digits = port.isascii() and port.isdigit() and len(port) <= 5  # noqa: PLR2004 - as many as 65535 has
    return name.strip("[]"), int(port) if digits else None


@lru_cache(_CLIENTS)
def _client(text: str) -> str | None:
    found = _WITH_PORT.match(text)
    bare = (found["six"] or found["four"]) if found else text
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def read_client(text: str) -> str | None:
    """Read a client's address in one of the ways proxies write them: with a port, in brackets, IPv4 within IPv6.

    None where it is no address.
    """
    return _client(text) if len(text) <= _LONGEST_CLIENT else None


def is_loopback(name: str) -> bool:
    name = name.lower()
    return (
        name in {"localhost", "::1"}
        or name.endswith(".localhost")
        or re.match(r"127(\.\d{1,3}){3}\Z", name) is not None
    )


@dataclass(frozen=True, slots=True)
class Addresses:
    """Our own names; ``port`` is the listener's, ``domain`` may carry its own, ``hosts`` are further names."""

    account: AccountId
    region: Region
    port: int
    tls: bool
    domain: str | None = None
    hosts: AbstractSet[str] = frozenset()

    def registry(
        self, account: AccountId, region: str, *, port: int | None, secure: bool, caller: AccountId | None = None
    ) -> str:
        """Name a registry's host, with its port where that is not the scheme's own.

        Docker's containerd store speaks plain http to ``localhost`` alone: without TLS and domain that is what the
        caller's own registry in the default region is called (the first account's, where no caller is known yet).
        """
        name, named_port = split_port(self.domain) if self.domain else ("localhost", None)
        shown = named_port or port or self.port
        plain = not (self.tls or secure or self.domain)
        if plain and account == (caller or self.account) and region == self.region:
            return f"localhost{_suffix(shown, secure=secure)}"
        return f"{account}.dkr.ecr.{region}.{name}{_suffix(shown, secure=secure)}"

    def is_ours(self, name: str) -> bool:
        """Tell whether a Host may be answered with absolute URLs."""
        if _NAME.match(name.lower()) is None:
            return False
        name = name.lower()
        if is_loopback(name) or name in self.hosts:
            return True
        if self.domain is None:
            return False
        domain = split_port(self.domain)[0].lower()
        return name == domain or name.endswith(f".{domain}")


def scheme(*, secure: bool) -> str:
    return "https" if secure else "http"


def _suffix(port: int, *, secure: bool) -> str:
    return "" if port == _PORTS[scheme(secure=secure)] else f":{port}"
