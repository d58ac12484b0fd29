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
    ACCOUNT_SETTING_PUT = "AccountSettingPut"
    TAG_MUTABILITY_SET = "TagMutabilitySet"
    LAYER_LINKED = "LayerLinked"
    LAYER_MOUNTED = "LayerMounted"
    LAYER_UNLINKED = "LayerUnlinked"
    IMAGE_PUSHED = "ImagePushed"
    IMAGE_DELETED = "ImageDeleted"
    TAG_DELETED = "TagDeleted"
    ACCOUNT_CREATED = "AccountCreated"
    USER_CREATED = "UserCreated"
    USER_DELETED = "UserDeleted"
    USER_UPDATED = "UserUpdated"
    GROUP_CREATED = "GroupCreated"
    GROUP_UPDATED = "GroupUpdated"
    GROUP_DELETED = "GroupDeleted"
    GROUP_JOINED = "GroupJoined"
    GROUP_LEFT = "GroupLeft"
    ROLE_CREATED = "RoleCreated"
    ROLE_UPDATED = "RoleUpdated"
    ROLE_DELETED = "RoleDeleted"
    TRUST_POLICY_UPDATED = "TrustPolicyUpdated"
    INLINE_POLICY_PUT = "InlinePolicyPut"
    INLINE_POLICY_DELETED = "InlinePolicyDeleted"
    MANAGED_POLICY_CREATED = "ManagedPolicyCreated"
    MANAGED_POLICY_DELETED = "ManagedPolicyDeleted"
    POLICY_VERSION_CREATED = "PolicyVersionCreated"
    POLICY_VERSION_DELETED = "PolicyVersionDeleted"
    DEFAULT_VERSION_SET = "DefaultVersionSet"
    POLICY_ATTACHED = "PolicyAttached"
    POLICY_DETACHED = "PolicyDetached"
    BOUNDARY_PUT = "BoundaryPut"
    BOUNDARY_DELETED = "BoundaryDeleted"
    ENTITY_TAGGED = "EntityTagged"
    ENTITY_UNTAGGED = "EntityUntagged"
    INSTANCE_PROFILE_CREATED = "InstanceProfileCreated"
    INSTANCE_PROFILE_DELETED = "InstanceProfileDeleted"
    INSTANCE_PROFILE_FILLED = "InstanceProfileFilled"
    INSTANCE_PROFILE_EMPTIED = "InstanceProfileEmptied"
    PROVIDER_CREATED = "ProviderCreated"
    PROVIDER_CHANGED = "ProviderChanged"
    PROVIDER_DELETED = "ProviderDeleted"
    ALIAS_CREATED = "AliasCreated"
    ALIAS_DELETED = "AliasDeleted"
    SESSION_OPENED = "SessionOpened"
    TOKEN_CREATED = "TokenCreated"  # noqa: S105 - a kind of event, no password
    TOKEN_REVOKED = "TokenRevoked"  # noqa: S105 - a kind of event, no password
    INSTANCE_REGISTERED = "InstanceRegistered"
    INSTANCE_JOINED = "InstanceJoined"
    INSTANCE_REVOKED = "InstanceRevoked"
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
