"""What a call of IAM is about: read from its form before anything else of it, so that permission comes first."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from moorage.domain.actions import OPERATIONS, Needs, Scope, not_built
from moorage.domain.caller import Caller
from moorage.domain.entities import EntityKind, entity_arn
from moorage.edge.awsquery.codec import Form
from moorage.operations.authorise import NO_FACTS
from moorage.operations.entities import find_place
from moorage.operations.env import Env
from moorage.operations.oidcproviders import address_in, address_of
from moorage.operations.servicelinked import place_of
from moorage.operations.users import find_named
from moorage.policy.request import Value

_LONGEST_NAME = 1024  # longer than any name and path that the model allows: nothing that is cut here passes its check
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
# Which member of the form is which condition key.
_KEYS: Mapping[str, str] = {
    "PolicyArn": "iam:policyarn",
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
    facts = _facts(form) if key.startswith("iam.") else NO_FACTS
    match needs.scope:
        case Scope.POLICY:
            return Named(needs, _policy(caller, key, form), facts=facts)
        case Scope.PROVIDER:
            return Named(needs, _provider(key, form), facts=facts)
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
        return Named(needs, place_of(_cut(form.get("AWSServiceName"))), facts=named.facts)
    if kind is not EntityKind.USER:
        return Named(needs, await find_place(env, caller.account, kind, given), f"{kind.word} {given}", named.facts)
    user = form.get("UserName")
    place = await find_named(env, caller, None if user is None else given)
    return Named(needs, place, f"user {caller.name if user is None else given}", named.facts)


def _policy(caller: Caller, key: str, form: Form) -> str:
    if key != "iam.CreatePolicy":
        return form.get("PolicyArn", "")[:_LONGEST_ARN]
    path, name = _cut(form.get("Path")) or "/", _cut(form.get("PolicyName"))
    return entity_arn(caller.account, EntityKind.POLICY, path, name)


def _provider(key: str, form: Form) -> str:
    if key == "iam.CreateOpenIDConnectProvider":
        return address_of(_cut(form.get("Url")))
    return address_in(form.get("OpenIDConnectProviderArn", "")[:_LONGEST_ARN])


def _facts(form: Form) -> Mapping[str, Value]:
    found: dict[str, Value] = {key: form[member][:_LONGEST_ARN] for member, key in _KEYS.items() if member in form}
    names: list[str] = []
    for number in range(1, _MOST_TAGS + 1):
        name = form.get(f"Tags.member.{number}.Key")
        if name is None:
            break
        names.append(name)
        found[f"aws:requesttag/{name.lower()}"] = form.get(f"Tags.member.{number}.Value", "")
    untagged = (form.get(f"TagKeys.member.{number}") for number in range(1, _MOST_TAGS + 1))
    names += [name for name in untagged if name is not None]
    if names:
        found["aws:tagkeys"] = tuple(names)
    return found


def _cut(text: str | None) -> str:
    return "" if text is None else text[:_LONGEST_NAME]
