"""Where a server listens: an IP address and a port."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self

_NEARBY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # told apart here, not listened on
NEAR_HOSTS: Final = frozenset(_NEARBY.values())
_PORTS: Final = range(1, 65_536)


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the server listens; port 0 lets the system choose one."""

    host: str  # an IP address
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``HOST:PORT``.

        Raises:
            ValueError

        """
        if text == ":0":
            return cls("127.0.0.1", 0)
        host, _, port = text.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        address = ip_address("127.0.0.1" if host == "localhost" else bare)
        number = int(port) if re.fullmatch("[0-9]{1,5}", port) else 0
        if number not in _PORTS or (":" in bare) != (bare != host):
            raise ValueError(text)
        return cls(str(address), number)

    @property
    def loopback(self) -> bool:
        return ip_address(self.host).is_loopback

    @property
    def nearby(self) -> "Listen":
        """Return the address that a client on the same machine connects to."""
        return Listen(_NEARBY.get(self.host, self.host), self.port)

    def __str__(self) -> str:
        if self.port == 0:
            return ":0"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
