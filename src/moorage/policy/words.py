"""Reasons in words: which statement of which policy decided, or which permission is missing, and where it may go."""

from collections.abc import Iterator

from moorage.policy.compiled import Heard, StatementRef
from moorage.policy.decide import Side
from moorage.policy.elements import Attached, Source
from moorage.policy.reasons import Reasons

_NEARLY = 5  # statements that are told of one place
_ATTACHED = {
    Source.MANAGED: "the managed policy {name} of {holder}",
    Source.INLINE: "the inline policy {name} of {holder}",
    Source.GROUP_MANAGED: "the managed policy {name} of {holder}",
    Source.GROUP_INLINE: "the inline policy {name} of {holder}",
    Source.BOUNDARY: "the permissions boundary {name} of {holder}",
    Source.SESSION: "the session policy {name}",
    Source.REPOSITORY: "the repository's policy",
    Source.REGISTRY: "the registry's policy",
    Source.TRUST: "the trust policy of {holder}",
}


def policy_words(policy: Attached) -> str:
    return _ATTACHED[policy.source].format(name=policy.name, holder=policy.holder or "the caller")


def statement_words(ref: StatementRef) -> str:
    """Name a statement by its Sid and its place among the document's."""
    if ref.index is None:
        return f"the whole of {policy_words(ref.policy)}, which cannot be read,"
    sid = f' "{ref.sid}"' if ref.sid else ""
    return f"statement {ref.index + 1}{sid} of {policy_words(ref.policy)}"


def why(reasons: Reasons, *, foreign: bool = False) -> tuple[str, ...]:
    """Tell why a decision came out as it did; statements of a ``foreign`` resource are nobody's business here."""
    return tuple(_why(reasons, foreign=foreign))


def _why(reasons: Reasons, *, foreign: bool) -> Iterator[str]:
    decision, request = reasons.decision, reasons.request
    refs = [ref for ref in reasons.matched if not (foreign and _is_of_resource(ref))]
    hidden = len(refs) < len(reasons.matched)
    if decision.allowed:
        if not reasons.matched:
            yield "the root of an account may do everything that its account may"
        yield from (f"{statement_words(ref)} allows it" for ref in refs)
        if hidden:
            yield f"a policy of the resource, which account {request.resource_account} keeps, allows it"
        return
    yield from (f"{statement_words(ref)} denies it explicitly" for ref in refs)
    if hidden:
        yield f"a policy of the resource, which account {request.resource_account} keeps, denies it explicitly"
    for side in reasons.silent:
        yield _silence(reasons, side)
        place = reasons.at(side)
        if place is not None and not (foreign and side is Side.RESOURCE):
            yield from (_near(heard) for heard in place.nearly[:_NEARLY])


def _silence(reasons: Reasons, side: Side) -> str:
    request = reasons.request
    arn = request.requester.role_arn or request.requester.arn
    asked = f"{request.action} on {request.resource}"
    match side:
        case Side.IDENTITY:
            return f"no policy of {arn}, of its own or of its groups, allows {asked}"
        case Side.BOUNDARY:
            return f"the permissions boundary of {arn} does not allow {asked}"
        case Side.SESSION:
            return f"the policies of the session {request.requester.arn} do not allow {asked}"
        case Side.RESOURCE if reasons.at(side) is None:
            return f"{request.resource} has no policy that could allow {arn} {request.action}"
        case Side.RESOURCE:
            return f"the policies of {request.resource} do not allow {arn} {request.action}"


def _near(heard: Heard) -> str:
    wrong = []
    if not heard.names_requester:
        wrong.append("to other principals")
    if not heard.means_resource:
        wrong.append("on other resources")
    if heard.unmet:
        wrong.append(f"only under conditions on {', '.join(heard.unmet)} that this request does not fulfil")
    return f"{statement_words(heard.ref)} allows the action, but {' and '.join(wrong)}"


def remedy(reasons: Reasons) -> tuple[str, ...]:
    """Tell what would have to be changed for the request to be allowed; nothing where it is."""
    return () if reasons.decision.allowed else tuple(_remedy(reasons))


def _remedy(reasons: Reasons) -> Iterator[str]:
    request, decision = reasons.request, reasons.decision
    if decision.because:
        yield "no further permission helps against an explicit deny: the statement itself has to be changed"
        return
    arn = request.requester.role_arn or request.requester.arn
    statement = f"Effect Allow, Action {request.action}, Resource {request.resource}"
    match decision.side:
        case Side.BOUNDARY:
            yield f"add a statement with {statement} to the permissions boundary of {arn}, or replace the boundary"
        case Side.SESSION:
            yield "open a session, or make a token, whose policies allow it: an open one cannot be widened"
        case Side.RESOURCE:
            yield (
                f"let account {request.resource_account} add a statement with Effect Allow, Principal {arn}, "
                f"Action {request.action} to the policy of {request.resource}"
            )
        case _ if request.of_root:
            yield "the root of another account gets in by the policy of the resource alone"
        case _:
            yield f"add a statement with {statement} to a policy of {arn} or of a group that it is in"
            if request.same_account and reasons.at(Side.RESOURCE) is not None:
                yield f"or one with Effect Allow, Principal {arn}, Action {request.action} to the resource's own policy"


def _is_of_resource(ref: StatementRef) -> bool:
    return ref.policy.source in {Source.REPOSITORY, Source.REGISTRY, Source.TRUST}
