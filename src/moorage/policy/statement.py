"""One statement of a policy document, and the rules that each kind of policy has for its statements."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from moorage.policy.conditions import Condition, parse_conditions
from moorage.policy.elements import Patterns, PolicyKind, check_action, check_resource, refuse_variables, strings
from moorage.policy.errors import MalformedPolicy, not_evaluated
from moorage.policy.principal import Principal, parse_principals


class Effect(StrEnum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Form:
    """What one kind of policy asks of its documents; a further kind is a further line in the table."""

    longest: int
    has_principal: bool
    needs_resource: bool
    plain_sids: bool  # letters and digits, each used once
    vendor: str = ""  # the one service whose resources may be named


FORMS: Mapping[PolicyKind, Form] = {
    # 131,072: policyDocumentType of IAM's model. The quotas per user and role are smaller, and the caller's to count.
    PolicyKind.IDENTITY: Form(131_072, has_principal=False, needs_resource=True, plain_sids=True),
    PolicyKind.REGISTRY: Form(10_240, has_principal=True, needs_resource=True, plain_sids=True, vendor="ecr"),
    PolicyKind.TRUST: Form(131_072, has_principal=True, needs_resource=False, plain_sids=True),
    PolicyKind.REPOSITORY: Form(10_240, has_principal=True, needs_resource=False, plain_sids=False, vendor="ecr"),
}

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"},
)
_PLAIN_SID = re.compile(r"[A-Za-z0-9]*\Z")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; without ``resources`` it means the resource that the policy is attached to."""

    sid: str
    effect: Effect
    actions: Patterns
    resources: Patterns | None
    principals: tuple[Principal, ...]
    conditions: tuple[Condition, ...]


def parse_statement(element: object, form: Form, *, variables: bool) -> Statement:
    """Read one statement; ``variables`` says whether ``${`` begins a policy variable in this document.

    Raises:
        MalformedPolicy: it cannot be read, or asks for something that is not evaluated

    """
    if not isinstance(element, dict):
        raise MalformedPolicy
    principals = _principals(element, form)
    if unknown := sorted(element.keys() - _ELEMENTS):
        raise not_evaluated("element", unknown[0])
    return Statement(
        sid=_sid(element, form),
        effect=_effect(element),
        actions=_actions(element),
        resources=_resources(element, form, variables=variables),
        principals=principals,
        conditions=parse_conditions(element.get("Condition", {}), variables=variables),
    )


def _principals(element: Mapping[str, object], form: Form) -> tuple[Principal, ...]:
    if not form.has_principal:
        if "Principal" in element or "NotPrincipal" in element:
            raise MalformedPolicy("Policy document should not specify a principal.")
        return ()
    if "NotPrincipal" in element:
        raise not_evaluated("element", "NotPrincipal")
    if "Principal" not in element:
        raise MalformedPolicy("Missing required field Principal")
    return parse_principals(element["Principal"])


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


def _resources(element: Mapping[str, object], form: Form, *, variables: bool) -> Patterns | None:
    resources = _pair(element, "Resource")
    if resources is None and not form.needs_resource:
        return None
    if resources is None or not resources.texts:
        raise MalformedPolicy("Policy statement must contain resources.")
    for text in resources.texts:
        if variables:
            refuse_variables(text)
        check_resource(text)
        if form.vendor and text != "*" and text.split(":")[2] != form.vendor:
            raise MalformedPolicy(f"Policy has invalid resource: {text}")
    return resources
