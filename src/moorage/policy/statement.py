"""One statement of a policy document, and the rules that each kind of policy has for its statements."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from moorage.policy.conditions import Condition, parse_conditions
from moorage.policy.elements import (
    Patterns,
    PolicyKind,
    Resources,
    check_action,
    check_resource,
    read_resource,
    strings,
)
from moorage.policy.errors import MalformedPolicy
from moorage.policy.principal import Principal, PrincipalKind, parse_principals
from moorage.policy.variables import Template


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Form:
    """What one kind of policy asks of its documents; a further kind is a further line in the table."""

    longest: int
    has_principal: bool = False
    resource: bool | None = None  # it has to be there, it must not, or it may
    plain_sids: bool = False  # letters and digits, each used once
    vendor: str = ""  # the one service whose resources may be named
    federated: bool = False  # identity providers may be named


FORMS: Mapping[PolicyKind, Form] = {
    # 131,072: policyDocumentType of IAM's model. The quotas per user and role are smaller, and the caller's to count.
    PolicyKind.IDENTITY: Form(131_072, resource=True, plain_sids=True),
    PolicyKind.REPOSITORY: Form(10_240, has_principal=True, vendor="ecr"),
    PolicyKind.REGISTRY: Form(10_240, has_principal=True, resource=True, plain_sids=True, vendor="ecr"),
    PolicyKind.TRUST: Form(131_072, has_principal=True, resource=False, plain_sids=True, federated=True),
}

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"},
)
_PLAIN_SID = re.compile(r"[A-Za-z0-9]*\Z")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; without ``resources`` it means the resource that the policy is attached to.

    ``spares`` turns the principals round: it speaks of everybody but them.
    """

    sid: str
    effect: Effect
    actions: Patterns
    resources: Resources | None
    principals: tuple[Principal, ...]
    conditions: tuple[Condition, ...]
    spares: bool = False


def parse_statement(element: object, form: Form, *, variables: bool) -> Statement:
    """Read one statement; ``variables`` says whether ``${`` begins a policy variable in this document.

    Raises:
        MalformedPolicy: it cannot be read

    """
    if not isinstance(element, dict):
        raise MalformedPolicy
    principals = _principals(element, form)
    spares = "NotPrincipal" in element
    if element.keys() - _ELEMENTS:
        raise MalformedPolicy
    if spares and element.get("Effect") == Effect.ALLOW:
        raise MalformedPolicy("Allow with NotPrincipal is not allowed.")
    return Statement(
        sid=_sid(element, form),
        effect=_effect(element),
        actions=_actions(element),
        resources=_resources(element, form, variables=variables),
        principals=principals,
        conditions=parse_conditions(element.get("Condition", {}), variables=variables),
        spares=spares,
    )


def _principals(element: Mapping[str, object], form: Form) -> tuple[Principal, ...]:
    if not form.has_principal:
        if "Principal" in element or "NotPrincipal" in element:
            raise MalformedPolicy("Policy document should not specify a principal.")
        return ()
    given = element.keys() & {"Principal", "NotPrincipal"}
    if len(given) > 1:
        raise MalformedPolicy
    for name in given:
        principals = parse_principals(element[name])
        if not form.federated and any(principal.kind is PrincipalKind.FEDERATED for principal in principals):
            raise MalformedPolicy("Invalid principal in policy.")
        return principals
    raise MalformedPolicy("Missing required field Principal")


def _sid(element: Mapping[str, object], form: Form) -> str:
    sid = element.get("Sid", "")
    if not isinstance(sid, str):
        raise MalformedPolicy
    if form.plain_sids and _PLAIN_SID.match(sid) is None:
        raise MalformedPolicy(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )
    return sid


def _effect(element: Mapping[str, object]) -> Effect:
    effect = element.get("Effect")
    if effect is None:
        raise MalformedPolicy("Missing required field Effect")
    if not isinstance(effect, str) or effect not in tuple(Effect):
        raise MalformedPolicy
    return Effect(effect)


def _pair(element: Mapping[str, object], name: str) -> Patterns | None:
    """Read an element that has a negated twin; only one of the two may be there."""
    given = element.keys() & {name, f"Not{name}"}
    if len(given) > 1:
        raise MalformedPolicy
    for found in given:
        return Patterns(strings(element[found]), negated=found != name)
    return None


def _actions(element: Mapping[str, object]) -> Patterns:
    actions = _pair(element, "Action")
    if actions is None or not actions.texts:
        raise MalformedPolicy("Policy statement must contain actions.")
    for text in actions.texts:
        check_action(text)
    return actions


def _resources(element: Mapping[str, object], form: Form, *, variables: bool) -> Resources | None:
    resources = _pair(element, "Resource")
    if form.resource is False:
        if resources is not None:
            raise MalformedPolicy("Has prohibited field Resource")
        return None
    if resources is None and form.resource is None:
        return None
    if resources is None or not resources.texts:
        raise MalformedPolicy("Policy statement must contain resources.")
    for text in resources.texts:
        check_resource(text)
        if form.vendor and text != "*" and text.split(":")[2:3] != [form.vendor]:
            raise MalformedPolicy(f"Policy has invalid resource: {text}")
    read = tuple(map(read_resource, resources.texts)) if variables else resources.texts
    return Resources(
        tuple(text for text in read if isinstance(text, str)),
        tuple(text for text in read if isinstance(text, Template)),
        resources.negated,
    )
