"""What a simulation is made of: the principal that is named, its documents, and those that come with the request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from moorage.domain.arns import read_principal_arn
from moorage.domain.entities import Entity, EntityKind
from moorage.domain.errors import EntityNotFound
from moorage.domain.identityfacts import InvalidInput
from moorage.domain.names import AccountId
from moorage.operations.access import judge_circumstances
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.operations.identities import Texts, boundary_texts, entity_identity, identity_texts
from moorage.operations.simulate import Simulation
from moorage.policy.document import parse
from moorage.policy.elements import Attached, Source
from moorage.policy.errors import MalformedPolicy
from moorage.policy.request import Requester, RequesterType, Value
from moorage.store import entities
from moorage.store.transaction import Transaction

_MOST_TEXT = 262_144  # characters of all documents that come with a request
_MOST_QUESTIONS = 1_000  # actions times resources
_NOBODY = "simulated"


@dataclass(frozen=True, slots=True)
class Asked:
    """What comes with a request; ``caller`` is the ARN of whoever is to ask, ``owner`` keeps the resources."""

    actions: Sequence[str]
    resources: Sequence[str]
    policies: Sequence[str]
    boundaries: Sequence[str]
    resource_policy: str | None
    caller: str | None
    owner: str | None
    context: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Excluded:
    """Policies of the principal that are left out: kinds of policy, ARNs, and holders with the names of inline ones."""

    kinds: frozenset[str] = frozenset()
    arns: frozenset[str] = frozenset()
    inline: frozenset[tuple[str, str]] = frozenset()

    def leaves(self, policy: Attached, *, boundary: bool = False) -> bool:
        if policy.name in self.arns or (policy.holder, policy.name) in self.inline:
            return False
        if boundary:
            return "permission-boundary" not in self.kinds
        if policy.source in {Source.INLINE, Source.GROUP_INLINE}:
            return "inline" not in self.kinds
        of_aws = policy.name.startswith("arn:aws:iam::aws:")
        return ("aws-managed" if of_aws else "user-managed") not in self.kinds


async def of_principal(env: Env, granted: Granted, asked: Asked, excluded: Excluded) -> Simulation:
    """Gather a simulation of the principal that the call was granted on.

    Raises:
        InvalidInput, EntityNotFound

    """
    return await env.store.read(lambda tx: _of_principal(tx, granted, asked, excluded))


async def _of_principal(tx: Transaction, granted: Granted, asked: Asked, excluded: Excluded) -> Simulation:
    row = await get_source(tx, granted)
    texts = [(policy, text) for policy, text in await identity_texts(tx, row) if excluded.leaves(policy)]
    bounds = await boundary_texts(tx, row)
    if bounds is not None:
        kept = [(policy, text) for policy, text in bounds if excluded.leaves(policy, boundary=True)]
        bounds = kept if kept or not bounds else None
    requester = await _requester(tx, granted, asked, row)
    return _simulation(asked, requester, texts, bounds)


def of_documents(granted: Granted, asked: Asked) -> Simulation:
    """Gather a simulation of documents alone.

    Raises:
        InvalidInput

    """
    account = granted.caller.account
    requester = _nobody(account) if asked.caller is None else _read_caller(asked.caller)
    return _simulation(asked, requester, [], None)


async def get_source(tx: Transaction, granted: Granted) -> Entity:
    """Find the user, group or role that the call was granted on.

    Raises:
        InvalidInput: of another account, or nothing that has policies
        EntityNotFound

    """
    found, account = read_principal_arn(granted.name), granted.caller.account
    if found is None or found.account != account:
        raise InvalidInput(f"Invalid Entity Arn: {granted.name} is no user, group or role of account {account}")
    row = await entities.find(tx, account, EntityKind(found.kind), found.name)
    if row is None or row.arn != granted.name:
        raise EntityNotFound(found.kind, found.name)
    return row


async def documents_of_principal(env: Env, granted: Granted, further: Sequence[str]) -> Sequence[str]:
    """Give the texts of all policies of the principal that the call was granted on, and of those that come with it.

    Raises:
        InvalidInput, EntityNotFound

    """
    given = [text for _, text in read_documents(further, "PolicyInputList", Source.INLINE)]

    async def unit(tx: Transaction) -> list[str]:
        row = await get_source(tx, granted)
        bounds = await boundary_texts(tx, row)
        return [text for _, text in (*await identity_texts(tx, row), *(bounds or ()))]

    return [*await env.store.read(unit), *given]


def read_documents(texts: Sequence[str], member: str, source: Source) -> Texts:
    """Read the documents of a request.

    Raises:
        InvalidInput

    """
    if sum(map(len, texts)) > _MOST_TEXT:
        raise InvalidInput(f"the policies of one simulation have at most {_MOST_TEXT} characters together")
    for number, text in enumerate(texts, 1):
        try:
            parse(text, source.kind)
        except MalformedPolicy as malformed:
            raise InvalidInput(f"{member}.{number}: {malformed}") from None
    return [(Attached(source, f"{member}.{number}"), text) for number, text in enumerate(texts, 1)]


def _simulation(asked: Asked, requester: Requester, identity: Texts, bounds: Texts | None) -> Simulation:
    if len(asked.actions) * max(1, len(asked.resources)) > _MOST_QUESTIONS:
        raise InvalidInput(f"one simulation is about at most {_MOST_QUESTIONS} pairs of an action and a resource")
    judge_circumstances(asked.context)
    given = read_documents(asked.policies, "PolicyInputList", Source.INLINE)
    boundary = read_documents(asked.boundaries, "PermissionsBoundaryPolicyInputList", Source.BOUNDARY)
    attached = [] if asked.resource_policy is None else [asked.resource_policy]
    return Simulation(
        requester=requester,
        identity=[*identity, *given],
        boundary=boundary or bounds,
        resource=read_documents(attached, "ResourcePolicy", Source.REPOSITORY),
        owner=_read_owner(asked.owner) or AccountId(requester.account),
        context=asked.context,
        actions=asked.actions,
        resources=asked.resources,
    )


def _read_owner(text: str | None) -> AccountId | None:
    """Read an account's number, or the ARN of its root."""
    if text is None:
        return None
    return AccountId.parse(text.removeprefix("arn:aws:iam::").removesuffix(":root"))


async def _requester(tx: Transaction, granted: Granted, asked: Asked, row: Entity) -> Requester:
    """Tell who asks: somebody else than the principal is known by the ARN alone, which is all the caller may know."""
    if asked.caller is not None and asked.caller != row.arn:
        return _read_caller(asked.caller)
    if row.kind is EntityKind.GROUP:
        return _nobody(granted.caller.account)
    requester, _ = await entity_identity(tx, row)
    return requester


def _nobody(account: AccountId) -> Requester:
    return Requester(account, f"arn:aws:iam::{account}:user/{_NOBODY}", _NOBODY, RequesterType.USER)


def _read_caller(arn: str) -> Requester:
    found = read_principal_arn(arn)
    if found is None or found.kind == EntityKind.GROUP:  # a group calls nobody
        raise InvalidInput(f"Invalid Caller Arn: {arn} is no user or role")
    account, name = found.account, found.name
    facts: dict[str, Value] = {"aws:principalarn": arn, "aws:principalaccount": account}
    if found.kind == EntityKind.ROLE:
        session = f"arn:aws:sts::{account}:assumed-role/{name}/{_NOBODY}"
        return Requester(account, session, f"{_NOBODY}:{_NOBODY}", RequesterType.ASSUMED_ROLE, arn, facts)
    return Requester(account, arn, _NOBODY, RequesterType.USER, facts={**facts, "aws:username": name})
