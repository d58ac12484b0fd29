"""Events: what happened, in the past tense."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from moorage.domain.caller import Registry


class EventKind(StrEnum):
    """The kinds of fact that are recorded with the change that made them true."""

    REPOSITORY_CREATED = "RepositoryCreated"
    REPOSITORY_DELETED = "RepositoryDeleted"
    REPOSITORY_POLICY_SET = "RepositoryPolicySet"
    REPOSITORY_POLICY_DELETED = "RepositoryPolicyDeleted"
    REGISTRY_POLICY_SET = "RegistryPolicySet"
    REGISTRY_POLICY_DELETED = "RegistryPolicyDeleted"
    RESOURCE_TAGGED = "ResourceTagged"
    RESOURCE_UNTAGGED = "ResourceUntagged"
    TAG_MUTABILITY_SET = "TagMutabilitySet"
    LAYER_LINKED = "LayerLinked"
    IMAGE_PUSHED = "ImagePushed"
    IMAGE_DELETED = "ImageDeleted"
    TAG_DELETED = "TagDeleted"
    ACCOUNT_CREATED = "AccountCreated"
    USER_CREATED = "UserCreated"
    USER_DELETED = "UserDeleted"
    USER_POLICY_PUT = "UserPolicyPut"
    USER_POLICY_DELETED = "UserPolicyDeleted"
    ACCESS_KEY_CREATED = "AccessKeyCreated"
    ACCESS_KEY_UPDATED = "AccessKeyUpdated"
    ACCESS_KEY_DELETED = "AccessKeyDeleted"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact; ``id`` sorts by time, ``facts`` never holds a secret."""

    id: str
    registry: Registry
    at: int
    kind: EventKind
    caller: str
    request_id: str
    facts: Mapping[str, str | int | None]
