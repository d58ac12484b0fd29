"""Who may ask: programs of this machine, by one of its names, and through no proxy."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from moorage.cli.metadata.message import Request, Response, plain
from moorage.domain.addresses import split_port

Network = IPv4Network | IPv6Network
_NAMES = frozenset({"localhost", "169.254.169.254"})


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a connection."""

    client: IPv4Address | IPv6Address
    here: IPv4Address | IPv6Address

    @classmethod
    def of(cls, client: str, here: str) -> "Ends":
        return cls(_address(client), _address(here))

    @property
    def is_one_machine(self) -> bool:
        # Containers reach an address of the loopback interface through their bridge, and neighbours through the
        # network's; from the machine itself the two ends are one.
        return self.client.is_loopback or self.client == self.here

    @property
    def peer(self) -> str:
        """Name who connects: addresses that one machine can have at will are one peer."""
        if self.is_one_machine:
            return "this machine"
        if isinstance(self.client, IPv6Address):
            return str(IPv6Network((self.client, 64), strict=False))
        return str(self.client)


@dataclass(frozen=True, slots=True)
class Guard:
    """``networks`` may ask beside this machine, such as those of its containers."""

    networks: Sequence[Network] = ()

    def refuse_peer(self, ends: Ends) -> Response | None:
        """Give the answer to who may not ask, whatever it is; None to who may."""
        if ends.is_one_machine or any(ends.client in network for network in self.networks):
            return None
        return plain(403, "only programs of this machine may ask")

    def refuse(self, request: Request, ends: Ends) -> Response | None:
        """Give the answer to a request that nothing is told; None to any other."""
        host = request.header("host")
        if host is None:
            return plain(400, "there is no Host")
        # A page in a browser can make its own name resolve to us, but it cannot send another name than its own.
        name = split_port(host.lower())[0]
        if name not in _NAMES and name != str(ends.here):
            return plain(403, "this is not the host that it was asked for")
        if request.header("x-forwarded-for") is not None:
            return plain(403, "there is a proxy in between")
        return None


def _address(text: str) -> IPv4Address | IPv6Address:
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
