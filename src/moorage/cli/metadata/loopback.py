"""Link-local addresses on the loopback interface: added by the kernel's routing messages, and taken off at the end.

The messages are rtnetlink's (RFC 3549, rtnetlink(7)): a small machine may have no program for it.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from typing import Final

from moorage.cli.refused import Refused

_NEW, _DELETE = 20, 21  # RTM_NEWADDR, RTM_DELADDR
_REQUEST, _ACKNOWLEDGE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
_ADDRESS, _LOCAL = 1, 2  # IFA_ADDRESS, IFA_LOCAL
_HOST: Final = 254  # RT_SCOPE_HOST: it is nobody's but this machine's
_HEADER: Final = struct.Struct("=IHHII")
_ABOUT: Final = struct.Struct("=BBBBI")
_ATTRIBUTE: Final = struct.Struct("=HH4s")
_ERROR: Final = struct.Struct("=i")


def is_here(address: str) -> bool:
    """Tell whether an address is one of this machine's."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                return False
            raise Refused(f"{address} cannot be listened on: {error.strerror}") from None
    return True


@contextmanager
def added(addresses: Iterable[str]) -> Iterator[None]:
    """Add addresses that are not there; those that were there before stay at the end."""
    with ExitStack() as stack:
        for address in addresses:
            if not is_here(address):
                _change(address, _NEW, _CREATE | _EXCLUSIVE)
                stack.callback(_change, address, _DELETE, 0)
        yield


def _change(address: str, what: int, flags: int) -> None:
    index = socket.if_nametoindex("lo")
    packed = IPv4Address(address).packed
    body = _ABOUT.pack(socket.AF_INET, 32, 0, _HOST, index)
    for kind in (_LOCAL, _ADDRESS):
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size, kind, packed)
    message = _HEADER.pack(_HEADER.size + len(body), what, _REQUEST | _ACKNOWLEDGE | flags, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.bind((0, 0))
        kernel.send(message)
        answer = kernel.recv(4096)
    code = -_ERROR.unpack_from(answer, _HEADER.size)[0]
    if code:
        doing = "added to" if what == _NEW else "taken off"
        raise Refused(f"{address} cannot be {doing} the loopback interface: {os.strerror(code)}")
