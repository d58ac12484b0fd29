"""Which addresses may be called: public ones, and those that the settings name.

Whoever may register a provider could else make the server knock at doors of its own network.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

_NAT64: Final = IPv6Network("64:ff9b::/96")


def read_address(host: str) -> Address | None:
    """Read a host that is an address; None for a name."""
    try:
        return ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def may_call(address: Address, allowed: Sequence[Network]) -> bool:
    """Tell whether an address may be called; one that wraps another is as good as that one."""
    meant = _inner(address)
    if any(meant in network for network in allowed):
        return True
    return meant.is_global and not meant.is_multicast


def _inner(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    teredo = address.teredo
    wrapped = address.ipv4_mapped or address.sixtofour or (None if teredo is None else teredo[1])
    if wrapped is None and address in _NAT64:
        wrapped = IPv4Address(int(address) & 0xFFFFFFFF)
    return address if wrapped is None else wrapped
