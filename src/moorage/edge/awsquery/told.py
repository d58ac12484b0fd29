"""What IAM's families of operations tell alike: dates, tags, entities, policies."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from moorage.domain.entities import Entity
from moorage.edge.awsquery.shapes import (
    AttachedPermissionsBoundary,
    AttachedPolicy,
    GroupShape,
    InstanceProfileShape,
    PolicyShape,
    PolicyVersionShape,
    RoleLastUsedShape,
    RoleShape,
    Tag,
    UserShape,
)
from moorage.operations.attachments import Attachment
from moorage.operations.entitytags import read_tags
from moorage.operations.managedpolicies import Policy, Version
from moorage.operations.profiles import Profile
from moorage.operations.roles import Role
from moorage.operations.users import User


def date(at: int) -> datetime:
    return datetime.fromtimestamp(at // 1_000_000, UTC)


def tags_in(given: Sequence[Tag] | None) -> Mapping[str, str]:
    """Read the tags of a request.

    Raises:
        InvalidInput

    """
    return read_tags([(tag.Key, tag.Value) for tag in given or ()])


def tags(found: Mapping[str, str]) -> tuple[Tag, ...] | None:
    return tuple(Tag(Key=name, Value=value) for name, value in found.items()) or None


def boundary(arn: str | None) -> AttachedPermissionsBoundary | None:
    if arn is None:
        return None
    return AttachedPermissionsBoundary(PermissionsBoundaryType="Policy", PermissionsBoundaryArn=arn)


def user(found: User) -> UserShape:
    return UserShape(
        Path=found.path,
        UserName=found.name,
        UserId=found.id,
        Arn=found.arn,
        CreateDate=date(found.created_at),
        PermissionsBoundary=boundary(found.boundary),
        Tags=tags(found.tags),
    )


def group(row: Entity) -> GroupShape:
    return GroupShape(Path=row.path, GroupName=row.name, GroupId=row.id, Arn=row.arn, CreateDate=date(row.created_at))


def role(found: Role, *, whole: bool = True) -> RoleShape:
    """Tell of a role; lists do not say when it was used last."""
    row, own = found.row, found.own
    used = None
    if whole:
        used = RoleLastUsedShape(LastUsedDate=None if own.used_at is None else date(own.used_at), Region=own.used_in)
    return RoleShape(
        Path=row.path,
        RoleName=row.name,
        RoleId=row.id,
        Arn=row.arn,
        CreateDate=date(row.created_at),
        AssumeRolePolicyDocument=own.trust,
        Description=own.description,
        MaxSessionDuration=own.longest,
        PermissionsBoundary=boundary(row.boundary),
        Tags=tags(found.tags),
        RoleLastUsed=used,
    )


def policy(found: Policy) -> PolicyShape:
    return PolicyShape(
        PolicyName=found.name,
        PolicyId=found.id,
        Arn=found.arn,
        Path=found.path,
        DefaultVersionId=f"v{found.default}",
        AttachmentCount=found.attached,
        PermissionsBoundaryUsageCount=found.bounds,
        IsAttachable=found.attachable,
        Description=found.description,
        CreateDate=date(found.created_at),
        UpdateDate=date(found.updated_at),
        Tags=tags(found.tags),
    )


def version(found: Version, *, document: bool = True) -> PolicyVersionShape:
    return PolicyVersionShape(
        Document=found.document if document else None,
        VersionId=f"v{found.number}",
        IsDefaultVersion=found.is_default,
        CreateDate=date(found.created_at),
    )


def attached(found: Attachment) -> AttachedPolicy:
    return AttachedPolicy(PolicyName=found.name, PolicyArn=found.arn)


def profile(found: Profile) -> InstanceProfileShape:
    row = found.row
    return InstanceProfileShape(
        Path=row.path,
        InstanceProfileName=row.name,
        InstanceProfileId=row.id,
        Arn=row.arn,
        CreateDate=date(row.created_at),
        Roles=tuple(role(one, whole=False) for one in found.roles),
        Tags=tags(found.tags),
    )
