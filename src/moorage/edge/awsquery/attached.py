"""What users, groups and roles have alike: inline policies, attached ones, boundaries; and everybody's tags.

Each kind has shapes of its own, whose members differ in the name of the entity alone.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from moorage.domain.entities import EntityKind
from moorage.edge.awsquery import shapes, told
from moorage.edge.awsquery.ask import Ask, Handler
from moorage.operations import attachments, boundaries, entitytags, inlinepolicies, oidcproviders
from moorage.operations.entities import name_of
from moorage.operations.entitytags import Find
from moorage.operations.listing import Paging

_KINDS: Mapping[EntityKind, str] = {
    EntityKind.USER: "User",
    EntityKind.GROUP: "Group",
    EntityKind.ROLE: "Role",
}
_BOUNDED = (EntityKind.USER, EntityKind.ROLE)
_TAGGED: Mapping[str, Find] = {
    "User": entitytags.of(EntityKind.USER),
    "Role": entitytags.of(EntityKind.ROLE),
    "Policy": entitytags.of_policy,
    "InstanceProfile": entitytags.of(EntityKind.PROFILE),
    "OpenIDConnectProvider": oidcproviders.find_tagged,
}


def _output(name: str, **members: object) -> Struct:
    shape: type[Struct] = getattr(shapes, name)
    return shape(**members)


def _paging(asked: Any) -> Paging:  # noqa: ANN401 - one of many shapes with these two members
    return Paging(asked.Marker, asked.MaxItems)


def _inline(kind: EntityKind, noun: str) -> Mapping[str, Handler]:
    async def put(ask: Ask) -> None:
        asked: Any = ask.input
        await inlinepolicies.put_policy(ask.env, ask.granted, kind, asked.PolicyName, asked.PolicyDocument)

    async def get(ask: Ask) -> Struct:
        asked: Any = ask.input
        document = await inlinepolicies.get_policy(ask.env, ask.granted, kind, asked.PolicyName)
        named = {f"{noun}Name": name_of(ask.granted)}
        return _output(f"Get{noun}PolicyResponse", **named, PolicyName=asked.PolicyName, PolicyDocument=document)

    async def names(ask: Ask) -> Struct:
        page = await inlinepolicies.list_policies(ask.env, ask.granted, kind, _paging(ask.input))
        truncated = page.marker is not None
        answer = f"List{noun}PoliciesResponse"
        return _output(answer, PolicyNames=tuple(page.items), IsTruncated=truncated, Marker=page.marker)

    async def delete(ask: Ask) -> None:
        asked: Any = ask.input
        await inlinepolicies.delete_policy(ask.env, ask.granted, kind, asked.PolicyName)

    return {
        f"iam.Put{noun}Policy": put,
        f"iam.Get{noun}Policy": get,
        f"iam.List{noun}Policies": names,
        f"iam.Delete{noun}Policy": delete,
    }


def _managed(kind: EntityKind, noun: str) -> Mapping[str, Handler]:
    async def attach(ask: Ask) -> None:
        asked: Any = ask.input
        await attachments.attach(ask.env, ask.granted, kind, asked.PolicyArn)

    async def detach(ask: Ask) -> None:
        asked: Any = ask.input
        await attachments.detach(ask.env, ask.granted, kind, asked.PolicyArn)

    async def names(ask: Ask) -> Struct:
        asked: Any = ask.input
        page = await attachments.list_attached(ask.env, ask.granted, kind, asked.PathPrefix or "/", _paging(asked))
        found = tuple(map(told.attached, page.items))
        answer = f"ListAttached{noun}PoliciesResponse"
        return _output(answer, AttachedPolicies=found, IsTruncated=page.marker is not None, Marker=page.marker)

    return {
        f"iam.Attach{noun}Policy": attach,
        f"iam.Detach{noun}Policy": detach,
        f"iam.ListAttached{noun}Policies": names,
    }


def _boundary(kind: EntityKind, noun: str) -> Mapping[str, Handler]:
    async def put(ask: Ask) -> None:
        asked: Any = ask.input
        await boundaries.put_boundary(ask.env, ask.granted, kind, asked.PermissionsBoundary)

    async def delete(ask: Ask) -> None:
        await boundaries.delete_boundary(ask.env, ask.granted, kind)

    return {f"iam.Put{noun}PermissionsBoundary": put, f"iam.Delete{noun}PermissionsBoundary": delete}


def _tags(noun: str, find: Find) -> Mapping[str, Handler]:
    async def tag(ask: Ask) -> None:
        asked: Any = ask.input
        await entitytags.tag(ask.env, ask.granted, find, told.tags_in(asked.Tags))

    async def untag(ask: Ask) -> None:
        asked: Any = ask.input
        await entitytags.untag(ask.env, ask.granted, find, asked.TagKeys)

    async def names(ask: Ask) -> Struct:
        page = await entitytags.list_tags(ask.env, ask.granted, find, _paging(ask.input))
        found = tuple(shapes.Tag(Key=name, Value=value) for name, value in page.items)
        truncated = page.marker is not None
        return _output(f"List{noun}TagsResponse", Tags=found, IsTruncated=truncated, Marker=page.marker)

    return {f"iam.Tag{noun}": tag, f"iam.Untag{noun}": untag, f"iam.List{noun}Tags": names}


HANDLERS: Mapping[str, Handler] = {
    name: handler
    for family in (
        *(_inline(kind, noun) for kind, noun in _KINDS.items()),
        *(_managed(kind, noun) for kind, noun in _KINDS.items()),
        *(_boundary(kind, _KINDS[kind]) for kind in _BOUNDED),
        *(_tags(noun, find) for noun, find in _TAGGED.items()),
    )
    for name, handler in family.items()
}
