"""Where to serve and for whom: what the options mean together."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final, Self

from moorage.cli.metadata.container import PATH
from moorage.cli.metadata.guard import Network
from moorage.cli.refused import Refused
from moorage.domain.listen import Listen

METADATA: Final = Listen("169.254.169.254", 80)
CONTAINER: Final = Listen("169.254.170.2", 80)
# SDKs take container credentials without TLS from these and from loopback, and from nowhere else.
_CONTAINER_HOSTS: Final = frozenset({CONTAINER.host, "169.254.170.23"})


@dataclass(frozen=True, slots=True)
class Plan:
    """Each of the two is served where its address is given."""

    metadata: Listen | None
    container: Listen | None
    networks: tuple[Network, ...]
    add_address: bool
    v1: bool = False

    @classmethod
    def read(
        cls, listen: str | None, container: str | None, allow_from: Sequence[str], *, add_address: bool, v1: bool
    ) -> Self:
        """Read the options; without any address, root serves both where clients look by themselves.

        Raises:
            Refused

        """
        networks = tuple(_network(text) for text in allow_from)
        if listen is None and container is None:
            if os.geteuid() != 0:
                raise Refused(f"only root can listen on {METADATA}: give --listen 127.0.0.1:PORT, or --container")
            return cls(METADATA, CONTAINER, networks, add_address, v1)
        plan = cls(_address("--listen", listen), _address("--container", container), networks, add_address, v1)
        plan.check()
        return plan

    def check(self) -> None:
        """Refuse what would give credentials to everybody, or to nobody."""
        if self.metadata is not None and not self.networks and not _is_near(self.metadata.host):
            raise Refused(f"{self.metadata.host} is neither loopback nor link-local: name who may ask by --allow-from")
        host = None if self.container is None else self.container.host
        if host is not None and host not in _CONTAINER_HOSTS and not ip_address(host).is_loopback:
            wanted = f"loopback, {' or '.join(sorted(_CONTAINER_HOSTS))}"
            raise Refused(f"SDKs take container credentials from no such address as {host}: it has to be {wanted}")

    @property
    def link_local(self) -> tuple[str, ...]:
        """Give the addresses that may have to be added."""
        hosts = [each.host for each in (self.metadata, self.container) if each is not None]
        return tuple(host for host in hosts if ip_address(host).version == 4 and ip_address(host).is_link_local)  # noqa: PLR2004 - IPv4


def metadata_variables(at: Listen) -> dict[str, str]:
    """Tell what clients need to find instance metadata; nothing where they look by themselves."""
    return {} if at == METADATA else {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{at}"}


def container_variables(at: Listen, token_file: str) -> dict[str, str]:
    host = str(at).removesuffix(":80")
    told = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{host}{PATH}"}
    return told | {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token_file}


def _address(option: str, text: str | None) -> Listen | None:
    if text is None:
        return None
    try:
        return Listen.parse(text)
    except ValueError:
        raise Refused(f"{option} must be an IP address and a port, such as 127.0.0.1:1338, not {text}") from None


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        raise Refused(f"--allow-from must be a network such as 172.17.0.0/16, not {text}") from None


def _is_near(host: str) -> bool:
    return ip_address(host).is_loopback or ip_address(host).is_link_local
