"""The kinds of policy, and what their statements are made of: lists of strings, patterns of actions and resources."""

import re
from dataclasses import dataclass
from enum import StrEnum

from moorage.policy.errors import MalformedPolicy
from moorage.policy.match import ARN_PARTS, complete
from moorage.policy.variables import Template, read_template

_VENDOR = re.compile(r"(?:\*|[A-Za-z0-9.-]+)\Z")
_ACTION_NAME = re.compile(r"[A-Za-z0-9*?._-]+\Z")
_PARTITION = re.compile(r"aws(?:-[a-z]+)*\Z")
_SERVICE = re.compile(r"[a-z0-9-]+\Z")


class PolicyKind(StrEnum):
    """Which rules a document must keep to."""

    IDENTITY = "identity"
    REPOSITORY = "repository"
    REGISTRY = "registry"
    TRUST = "trust"


class Source(StrEnum):
    """Where a policy takes effect."""

    INLINE = "inline"
    MANAGED = "managed"
    GROUP_INLINE = "inline, of a group"
    GROUP_MANAGED = "managed, of a group"
    BOUNDARY = "permissions boundary"
    SESSION = "session"
    REPOSITORY = "repository"
    REGISTRY = "registry"
    TRUST = "trust"

    @property
    def kind(self) -> PolicyKind:
        return _KINDS.get(self, PolicyKind.IDENTITY)


_KINDS = {
    Source.REPOSITORY: PolicyKind.REPOSITORY,
    Source.REGISTRY: PolicyKind.REGISTRY,
    Source.TRUST: PolicyKind.TRUST,
}


@dataclass(frozen=True, slots=True)
class Attached:
    """A policy where it takes effect: the name of an inline one, the ARN of a managed one, and whose it is.

    ``holder`` is written for people: ``user alice``, ``group developers``, ``role ci``, ``repository team/app``.
    """

    source: Source
    name: str
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Patterns:
    """The values of an element such as Action, or, negated, of its twin NotAction."""

    texts: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Resources:
    """The values of a Resource element, or, negated, of a NotResource: patterns, and templates that make patterns."""

    patterns: tuple[str, ...]
    templates: tuple[Template, ...] = ()
    negated: bool = False


def strings(value: object) -> tuple[str, ...]:
    """Read what IAM lets be written as one string or as a list of strings."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list):
        raise MalformedPolicy
    texts = tuple(item for item in value if isinstance(item, str))
    if len(texts) != len(value):
        raise MalformedPolicy
    return texts


def check_action(text: str) -> None:
    """Raise if ``text`` is neither ``*`` nor a pattern of actions such as ``ecr:Get*``."""
    if text == "*":
        return
    vendor, colon, name = text.partition(":")
    if not colon:
        raise MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if ":" in name:
        raise MalformedPolicy("Actions/Condition can contain only one colon.")
    if _VENDOR.match(vendor) is None:
        raise MalformedPolicy(f"Vendor {vendor} is not valid")
    if _ACTION_NAME.match(name) is None:
        raise MalformedPolicy


def check_resource(text: str) -> None:
    """Raise if ``text`` is neither ``*`` nor a pattern of ARNs; what an incomplete one leaves out may be anything."""
    if text == "*":
        return
    wanted = complete(text)
    if wanted[0] != "arn" or ":" not in text:
        raise MalformedPolicy(f'Resource {text} must be in ARN format or "*".')
    _, partition, service, *_ = wanted
    if partition != "*" and _PARTITION.match(partition) is None:
        raise MalformedPolicy(f'Partition "{partition}" is not valid for resource "{text}".')
    if _SERVICE.match(service) is None:
        raise MalformedPolicy("Resource vendor must be fully qualified and cannot contain regexes.")


def read_resource(text: str) -> str | Template:
    """Read a resource with policy variables; they may stand behind the fifth colon, and are text before it."""
    parts = text.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS or "${" not in parts[-1]:
        return text
    read = read_template(parts[-1])
    before = ":".join(parts[:-1]) + ":"
    return before + read if isinstance(read, str) else Template((before, *read.parts))
