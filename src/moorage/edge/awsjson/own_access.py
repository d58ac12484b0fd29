"""Whether somebody could, and why somebody could not: questions about policies, of the server's own target."""

from collections.abc import Mapping

from msgspec import Struct

from moorage.edge.awsjson.ask import Ask, epoch
from moorage.edge.awsjson.shapes import OperationShape
from moorage.operations import access, explain
from moorage.operations.access import Access
from moorage.operations.explain import Explanation
from moorage.policy.request import Value


class ContextShape(Struct, frozen=True, kw_only=True):
    name: str
    values: tuple[str, ...]


class CheckAccessInput(Struct, frozen=True, kw_only=True):
    principal: str
    action: str
    resource: str
    context: tuple[ContextShape, ...] | None = None


class CheckAccessOutput(Struct, frozen=True, kw_only=True):
    allowed: bool
    principal: str
    why: tuple[str, ...]
    remedy: tuple[str, ...]


class ExplainDenialInput(Struct, frozen=True, kw_only=True):
    denialId: str  # noqa: N815 - a member's name on the wire


class DenialShape(Struct, frozen=True, kw_only=True):
    denialId: str  # noqa: N815 - a member's name on the wire
    deniedAt: float  # noqa: N815 - a member's name on the wire
    message: str
    caller: str
    action: str
    resource: str
    region: str
    client: str
    userAgent: str  # noqa: N815 - a member's name on the wire
    why: tuple[str, ...]
    remedy: tuple[str, ...]


class ExplainDenialOutput(Struct, frozen=True, kw_only=True):
    denial: DenialShape


class ListDenialsInput(Struct, frozen=True):
    """An input without members."""


class ListDenialsOutput(Struct, frozen=True, kw_only=True):
    denials: tuple[DenialShape, ...]


OPERATIONS: Mapping[str, OperationShape] = {
    "CheckAccess": OperationShape("CheckAccess", CheckAccessInput, CheckAccessOutput),
    "ExplainDenial": OperationShape("ExplainDenial", ExplainDenialInput, ExplainDenialOutput),
    "ListDenials": OperationShape("ListDenials", ListDenialsInput, ListDenialsOutput),
}


async def check_access(ask: Ask) -> Struct:
    asked = ask.read(CheckAccessInput)
    context: dict[str, Value] = {}
    for entry in asked.context or ():
        context[entry.name] = entry.values[0] if len(entry.values) == 1 else entry.values
    wanted = Access(asked.principal, asked.action, asked.resource, context)
    told = await access.check_access(ask.env, ask.granted, wanted)
    return CheckAccessOutput(allowed=told.allowed, principal=told.principal, why=told.why, remedy=told.remedy)


async def explain_denial(ask: Ask) -> Struct:
    asked = ask.read(ExplainDenialInput)
    return ExplainDenialOutput(denial=_shown(await explain.explain_denial(ask.env, ask.granted, asked.denialId)))


async def list_denials(ask: Ask) -> Struct:
    return ListDenialsOutput(denials=tuple(map(_shown, await explain.list_denials(ask.env, ask.granted))))


def _shown(found: Explanation) -> DenialShape:
    told = found.told
    return DenialShape(
        denialId=found.id,
        deniedAt=epoch(found.at),
        message=told.sentence,
        caller=told.caller,
        action=told.action,
        resource=told.resource,
        region=told.region,
        client=told.client,
        userAgent=told.user_agent,
        why=told.why,
        remedy=told.remedy,
    )
