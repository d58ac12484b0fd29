"""The same case asked twice: of this evaluator, and of the oracle."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from conformance.oracle.generate import (
    ANOTHER_ROOT,
    AWAY,
    HOME,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    STRANGER,
    USER,
    Case,
    Json,
)
from conformance.oracle.translate import on_the_resources_side, translate
from moorage.policy.compiled import Compiled
from moorage.policy.decide import REACH_OF_V1, CallerPolicies, ResourcePolicies, decide
from moorage.policy.document import parse
from moorage.policy.elements import Attached, Source
from moorage.policy.reasons import Reasons, reasons_of
from moorage.policy.request import Request, Requester, RequesterType, Value

HERE = Path(__file__).parent
REQUESTERS: Mapping[str, Requester] = {
    USER: Requester(HOME, USER, "AIDAALICEALICEALICE1", RequesterType.USER),
    SESSION: Requester(HOME, SESSION, "AROACICICICICICICIC1:build-7", RequesterType.ASSUMED_ROLE, role_arn=ROLE),
    SERVICE: Requester("", SERVICE, SERVICE, RequesterType.SERVICE),
    ROOT: Requester(HOME, ROOT, HOME, RequesterType.ROOT),
    STRANGER: Requester(AWAY, STRANGER, "AIDACAROLCAROLCAROL", RequesterType.USER),
    ANOTHER_ROOT: Requester(AWAY, ANOTHER_ROOT, AWAY, RequesterType.ROOT),
}


def ours(case: Case) -> str:
    """Give the name of the outcome."""
    return decide(*_question(case)).outcome.name


def reasons_for(case: Case) -> Reasons:
    """Give the outcome with its reasons."""
    return reasons_of(*_question(case))


def _question(case: Case) -> tuple[Request, CallerPolicies, ResourcePolicies]:
    context: dict[str, Value] = {}
    for key, value in case.context.items():
        context[key.lower()] = tuple(map(str, value)) if isinstance(value, tuple | list) else str(value)
    request = Request(REQUESTERS[case.principal], case.action, case.resource, case.owner, context)
    caller = CallerPolicies(
        _compiled(Source.INLINE, *case.identity),
        _compiled(Source.BOUNDARY, case.boundary) if case.boundary else None,
        _compiled(Source.SESSION, case.session) if case.session else None,
    )
    own = _compiled(Source.REPOSITORY, case.resource_policy) if case.resource_policy else None
    registry = _compiled(Source.REGISTRY, case.registry) if case.registry else None
    return request, caller, ResourcePolicies(own, registry, reach=REACH_OF_V1 if case.narrow else None)


def _compiled(source: Source, *documents: Json) -> Compiled:
    attached = Attached(source, "generated")
    return Compiled.of((attached, parse(json.dumps(document), source.kind)) for document in documents)


def theirs(cases: Iterable[Case], tools: Path) -> list[str]:
    """Give the oracle's outcomes; ``tools`` is where it is installed."""
    lines = "".join(f"{json.dumps(_simulation(translate(case)))}\n" for case in cases)
    script = tools / "simulate.mjs"  # beside the modules that it imports
    script.write_text((HERE / "simulate.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(["node", script], input=lines, capture_output=True, text=True, check=True)  # noqa: S603, S607
    return done.stdout.splitlines()


def _simulation(case: Case) -> Mapping[str, object]:
    simulation: dict[str, object] = {
        "request": {
            "principal": case.principal,
            "action": case.action,
            "resource": {"resource": case.resource, "accountId": case.owner},
            "contextVariables": case.context,
        },
        "identityPolicies": [{"name": f"p{i}", "policy": document} for i, document in enumerate(case.identity)],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    on_the_resource = on_the_resources_side(case)
    if on_the_resource:
        simulation["resourcePolicy"] = on_the_resource
    if case.boundary:
        simulation["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": case.boundary}]
    if case.session:
        simulation["sessionPolicy"] = case.session
    return simulation
