"""How a server is called by who stands beside it: the registry's host, the address of the APIs."""

from typing import Final

from moorage.config import Config
from moorage.domain.addresses import Addresses
from moorage.domain.listen import NEAR_HOSTS
from moorage.domain.names import AccountId, Region

_HTTPS_PORT: Final = 443


def registry_host(config: Config, *, account_id: AccountId | None = None, region: Region | None = None) -> str:
    """Name a registry as docker reaches it."""
    local, secure = config.listen.nearby, config.secure
    if not secure and config.domain is None and local.host not in NEAR_HOSTS:
        return str(local)  # there is nobody at localhost
    account, region = account_id or config.account_id, region or config.region
    names = Addresses(config.account_id, config.region, local.port, tls=secure, domain=config.domain)
    # With a domain but no TLS of our own, a proxy in front speaks HTTPS, on its usual port.
    port = _HTTPS_PORT if config.domain and not secure else local.port
    return names.registry(account, region, port=port, secure=secure or config.domain is not None)


def api_endpoint(config: Config) -> str:
    """Give the address of the AWS APIs, IAM and STS included."""
    if not config.secure and config.domain is None:
        return f"http://{config.listen.nearby}"
    return f"https://api.{registry_host(config).partition('.dkr.')[2]}"
