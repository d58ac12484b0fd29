"""What a call of IAM is about: read from its form before anything else of it, so that permission comes first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from moorage.domain.actions import OPERATIONS, Needs, Scope, not_built
from moorage.domain.caller import Caller
from moorage.domain.entities import EntityKind, entity_arn
from moorage.edge.awsquery.codec import Form
from moorage.edge.awsquery.shapes import IAM
from moorage.operations.authorise import NO_FACTS
from moorage.operations.env import Env
from moorage.operations.meant import (
    BOUNDED,
    Meant,
    facts_of_principal,
    find_meant,
    find_meant_user,
    tag_facts,
    tags_of_policy,
    tags_of_provider,
)
from moorage.operations.oidcproviders import address_in, address_of
from moorage.operations.servicelinked import place_of
from moorage.operations.sessions import spelled
from moorage.policy.request import Value

_LONGEST_NAME = 1024  # longer than any name, path and tag that the model allows: what is cut here passes no check
_LONGEST_ARN = 2048
_MOST_TAGS = 50
_PLACED: Mapping[Scope, tuple[str, EntityKind]] = {
    Scope.USER: ("UserName", EntityKind.USER),
    Scope.GROUP: ("GroupName", EntityKind.GROUP),
    Scope.ROLE: ("RoleName", EntityKind.ROLE),
    Scope.PROFILE: ("InstanceProfileName", EntityKind.PROFILE),
}
_CREATED = {"iam.CreateUser", "iam.CreateGroup", "iam.CreateRole", "iam.CreateInstanceProfile"}
_TAGS = ("iam.CreateUser", "iam.CreateRole", "iam.CreatePolicy", "iam.CreateInstanceProfile")
_BORN_WITH_TAGS = {*_TAGS, "iam.CreateOpenIDConnectProvider"}
_ATTACHES = ("iam.Attach", "iam.Detach")
_MOVED = {"iam.UpdateUser": "NewUserName", "iam.UpdateGroup": "NewGroupName"}
# Which member of the form is which condition key.
_KEYS: Mapping[str, str] = {
    "PermissionsBoundary": "iam:permissionsboundary",
    "AWSServiceName": "iam:awsservicename",
}


@dataclass(frozen=True, slots=True)
class Named:
    """What must be asked: whether the caller may do ``needs`` on ``name``; ``shown`` is how a denial names it."""

    needs: Needs
    name: str = ""
    shown: str | None = None
    facts: Mapping[str, Value] = field(default_factory=dict)


async def read_named(env: Env, caller: Caller, key: str, form: Form) -> Named:
    """Find what an operation is about; ``key`` is ``iam.GetUser`` and the like.

    Raises:
        ValidationFailed: it must name a user and does not

    """
    asked = f"{key} with tags" if key in _BORN_WITH_TAGS and "Tags.member.1.Key" in form else key
    needs = OPERATIONS.get(asked) or not_built(*key.split("."))
    facts = _facts(key, form) if key.startswith("iam.") else NO_FACTS
    match needs.scope:
        case Scope.POLICY:
            arn = _policy(caller, key, form)
            own = {} if key == "iam.CreatePolicy" else await tags_of_policy(env, caller.account, arn)
            return Named(needs, arn, facts=_tagged(own, facts))
        case Scope.PRINCIPAL:
            source = form.get("PolicySourceArn", "")[:_LONGEST_ARN]
            principal = await facts_of_principal(env, caller.account, source)
            return Named(needs, source, facts={**principal, **facts})
        case Scope.PROVIDER:
            address = _provider(key, form)
            born = key == "iam.CreateOpenIDConnectProvider"
            own = {} if born else await tags_of_provider(env, caller.account, address)
            return Named(needs, address, facts=_tagged(own, facts))
        case scope if scope in _PLACED:
            field_name, kind = _PLACED[scope]
            return await _placed(env, caller, key, form, Named(needs, _cut(form.get(field_name)), facts=facts), kind)
        case _:
            return Named(needs, facts=facts)


async def _placed(  # noqa: PLR0913, PLR0917 - a name, and what it is read for
    env: Env, caller: Caller, key: str, form: Form, named: Named, kind: EntityKind
) -> Named:
    needs, given = named.needs, named.name
    if key in _CREATED:
        return Named(needs, f"{_cut(form.get('Path')) or '/'}{given}", facts=named.facts)
    if key == "iam.CreateServiceLinkedRole":
        return Named(
            needs, place_of(_cut(form.get("AWSServiceName")), _cut(form.get("CustomSuffix"))), facts=named.facts
        )
    if kind is not EntityKind.USER:
        meant = await find_meant(env, caller.account, kind, given)
        return Named(needs, meant.place, f"{kind.word} {given}", _with(key, named.facts, meant))
    user = form.get("UserName")
    meant = await find_meant_user(env, caller, None if user is None else given)
    shown = f"user {caller.name if user is None else given}"
    return Named(needs, meant.place, shown, _with(key, named.facts, meant))


def _with(key: str, facts: Mapping[str, Value], meant: Meant) -> Mapping[str, Value]:
    """Add what the entity gives that a call is about."""
    own: dict[str, Value] = {}
    if key.replace(".", ":") in BOUNDED and meant.boundary is not None:
        own["iam:permissionsboundary"] = meant.boundary
    return _tagged(meant.tags, {**own, **facts})


def _tagged(tags: Mapping[str, str], facts: Mapping[str, Value]) -> Mapping[str, Value]:
    """Add the tags of what a call is about.

    The keys that the call names are told as they are spelled there, too: whoever removes or replaces ``TEAM`` does so
    with ``team``, and what denies that has to see it.
    """
    found = {**tag_facts(tags), **facts}
    asked = facts.get("aws:tagkeys", ())
    if not isinstance(asked, str) and asked:
        found["aws:tagkeys"] = tuple(dict.fromkeys((*asked, *spelled(asked, tags))))
    return found


def moved_to(key: str, form: Form, place: str) -> str | None:
    """Tell which other name and path a call gives the entity at ``place``: that one is asked about as well."""
    member = _MOVED.get(key)
    if member is None:
        return None
    path, _, name = place.rpartition("/")
    to = f"{_cut(form.get('NewPath')) or f'{path}/'}{_cut(form.get(member)) or name}"
    return None if to == place else to


def _policy(caller: Caller, key: str, form: Form) -> str:
    if key != "iam.CreatePolicy":
        return form.get("PolicyArn", "")[:_LONGEST_ARN]
    path, name = _cut(form.get("Path")) or "/", _cut(form.get("PolicyName"))
    return entity_arn(caller.account, EntityKind.POLICY, path, name)


def _provider(key: str, form: Form) -> str:
    if key == "iam.CreateOpenIDConnectProvider":
        return address_of(_cut(form.get("Url")))
    return address_in(form.get("OpenIDConnectProviderArn", "")[:_LONGEST_ARN])


def _facts(key: str, form: Form) -> Mapping[str, Value]:
    """Read the condition keys that a call gives: of the operation's own members alone, for others mean nothing."""
    shape = IAM.get(key.partition(".")[2])
    members = frozenset[str]() if shape is None else frozenset(shape.input.__struct_fields__)
    found: dict[str, Value] = {
        condition: form[member][:_LONGEST_ARN]
        for member, condition in _KEYS.items()
        if member in members and member in form
    }
    if key.startswith(_ATTACHES) and "PolicyArn" in form:
        found["iam:policyarn"] = form["PolicyArn"][:_LONGEST_ARN]
    names = _tags(form, found) if "Tags" in members else []
    if "TagKeys" in members:
        untagged = (form.get(f"TagKeys.member.{number}") for number in range(1, _MOST_TAGS + 1))
        names += [_cut(name) for name in untagged if name is not None]
    if names:
        found["aws:tagkeys"] = tuple(names)
    return found


def _tags(form: Form, found: dict[str, Value]) -> list[str]:
    """Add the tags that a call gives, and tell their keys."""
    names: list[str] = []
    for number in range(1, _MOST_TAGS + 1):
        given = form.get(f"Tags.member.{number}.Key")
        if given is None:
            break
        name = _cut(given)
        names.append(name)
        found[f"aws:requesttag/{name.lower()}"] = _cut(form.get(f"Tags.member.{number}.Value"))
    return names


def _cut(text: str | None) -> str:
    return "" if text is None else text[:_LONGEST_NAME]
