"""Whose answer is given where ECR and the OCI specification differ (spec/ecr/registry-http.md section 9)."""

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\Z")


class Profile(StrEnum):
    """One of the two ways to answer."""

    ECR = "ecr"
    OCI = "oci"


@dataclass(frozen=True, slots=True)
class Profiles:
    """Which profile is spoken where: a host name's own, else its registry's, else the default."""

    default: Profile = Profile.ECR
    registries: Mapping[str, Profile] = field(default_factory=dict)  # by account
    hosts: Mapping[str, Profile] = field(default_factory=dict)  # by name in lower case, without a port

    def find(self, host: str, account: str = "") -> Profile:
        """Find the profile of a registry under the name it was called by."""
        if self.hosts and (named := self.hosts.get(host.lower())):
            return named
        return self.registries.get(account, self.default)


def host_name(text: str) -> str:
    """Give a host name as it is looked for.

    Raises:
        ValueError

    """
    if _HOST.match(text) is None and not _is_ipv6(text):
        sentence = f"'{text}' is no host name in lower case without a port"
        raise ValueError(sentence)
    return text


def _is_ipv6(text: str) -> bool:
    try:
        return str(ipaddress.IPv6Address(text)) == text
    except ValueError:
        return False


def read_profiles(written: object, parse: Callable[[str], str]) -> dict[str, Profile]:
    """Read a table of names, each with its ``profile``; where there are no tables, ``NAME=PROFILE`` with commas.

    Raises:
        ValueError, and what ``parse`` raises of a name

    """
    found: dict[str, Profile] = {}
    for name, entry in _entries(written):
        key = parse(name)
        if key in found:  # else which of two wins would be an accident of their order
            sentence = f"'{key}' is named twice"
            raise ValueError(sentence)
        found[key] = _profile(key, entry)
    return found


def _entries(written: object) -> Iterable[tuple[str, object]]:
    if isinstance(written, dict):
        return written.items()
    if isinstance(written, str):
        items = (item.partition("=") for item in written.split(",") if item.strip())
        return [(name.strip(), profile.strip()) for name, _, profile in items]
    sentence = "that is no table"
    raise ValueError(sentence)


def _profile(name: str, entry: object) -> Profile:
    """Read the one member that an entry has."""
    members = entry if isinstance(entry, dict) else {"profile": entry}
    if members.keys() != {"profile"}:
        sentence = f"'{name}' has a profile, and nothing else; a name with dots stands in quotes"
        raise ValueError(sentence)
    told = members["profile"]
    for profile in Profile:
        if told == profile:
            return profile
    sentence = f"'{name}' has the profile ecr or oci, not {told!r}"
    raise ValueError(sentence)
