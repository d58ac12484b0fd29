"""A docker password of this machine's role, for the registries of the machine's own server and for nobody else."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from moorage.cli import machinecalls, machinekey
from moorage.cli.call import Credentials, call_server
from moorage.cli.plainly import private_server
from moorage.cli.refused import Refused, one_line
from moorage.domain.addresses import read_host, split_port

ECR: Final = ("ecr", "AmazonEC2ContainerRegistry_V20150921")
_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443}
_BEGINS: Final = re.compile(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z0-9-]+\.")


def ask_as_machine(host: str, key_file: Path, ca_bundle: str | None, *, allow_insecure: bool) -> dict[str, object]:
    """Give what the machine's server answers to GetAuthorizationToken for the registry at a host.

    Raises:
        Refused: the machine has no credentials, or the host is not named as a registry of its server is

    """
    key = machinekey.read(key_file)
    named = read_host(split_port(host)[0])
    server = private_server(key.endpoint, ca_bundle, allow_insecure=allow_insecure)
    try:
        held = machinecalls.fetch(key, ca_bundle=ca_bundle, allow_insecure=allow_insecure)
    except machinecalls.Refused as error:
        raise Refused(str(error)) from None
    except machinecalls.Unreachable as error:
        raise Refused(error.message) from None
    caller = Credentials(held.access_key_id, held.secret_access_key, held.session_token)
    members = {} if named.account is None else {"registryIds": [named.account]}
    told = call_server(server, caller, named.region or key.region, "GetAuthorizationToken", members, service=ECR)
    endpoint = _endpoint_in(told)
    if not is_registry_of(endpoint, host):
        raise Refused(f"{host} is no registry of the machine's server, which names its own {one_line(endpoint)}")
    return told


def is_registry_of(endpoint: str, host: str) -> bool:
    """Tell whether a host is named as a server names its own registries, such as ``endpoint``."""
    scheme, _, authority = endpoint.lower().partition("://")
    (name, port), (own, own_port) = split_port(host.lower()), split_port(authority)
    usual = _PORTS.get(scheme)
    if usual is None or not own or (port or usual) != (own_port or usual):
        return False
    return name == own or (_BEGINS.match(name) is not None and _domain_of(name) == _domain_of(own))


def _domain_of(name: str) -> str:
    found = _BEGINS.match(name)
    return name if found is None else name[found.end() :]


def _endpoint_in(told: Mapping[str, object]) -> str:
    """Give how the server names the registry that was asked for; it stands beside the password."""
    data = told.get("authorizationData")
    first = data[0] if isinstance(data, list) and data else None
    return str(first.get("proxyEndpoint", "")) if isinstance(first, dict) else ""
