"""An account in which a decision is work: a thousand policies, a caller with ten of them, a repository with a long one.

All of it is made through the operations of the server and lies in its store. Every statement that could allow the
call carries a condition, so that no answer may be remembered.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Final

from guards.shop import Shop
from moorage.domain.arns import repository_arn
from moorage.domain.entities import EntityKind
from moorage.operations.attachments import attach
from moorage.operations.inlinepolicies import delete_policy
from moorage.operations.managedpolicies import NewPolicy, Policy, create_policy
from moorage.operations.repository_policies import set_policy
from moorage.operations.users import create_user
from unit.operations.tenant import REPOSITORY, Tenant, root_of

ATTACHED, STATEMENTS, OF_RESOURCE, FURTHER = 10, 20, 50, 1000
_COLLEAGUES: Final = 12
_FITS: Final = {"StringNotLike": {"aws:UserAgent": "curl/*"}}
_FITS_NOT: Final = {"IpAddress": {"aws:SourceIp": "10.11.0.0/16"}}
_ACTIONS: Final[tuple[list[str], ...]] = (
    ["ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"],
    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    ["ecr:Describe*", "ecr:List*"],
    ["ecr:Batch*"],
    ["ecr:*Lifecycle*", "ecr:TagResource"],
)
_PULL: Final = "ecr:BatchGetImage"

Statement = dict[str, Any]


def furnish(shop: Shop) -> None:
    """Make the account, and take from the caller what else allowed the call."""
    root, caller = root_of(shop.env), shop.tenant
    assert caller.user is not None  # noqa: S101  # the shop has made it
    place = f"/{caller.user.name}"
    for policy in _new_policies(root)[:ATTACHED]:
        root.run(attach, place, EntityKind.USER, policy.arn)
    root.run(delete_policy, place, EntityKind.USER, "p")
    for number in range(_COLLEAGUES):
        root.run(create_user, f"/{_colleague(number)}", _colleague(number), "/")
    root.run(set_policy, REPOSITORY, _written(_of_repository(root, caller)), force=True)


def _new_policies(root: Tenant) -> list[Policy]:
    """Ask for all of them at once: so the store syncs its log a few times and not a thousand."""
    granted = root.granted()
    texts = (_written(_of_caller(root, number)) for number in range(ATTACHED + FURTHER))
    new = [NewPolicy(f"work-{number}", "/", text, None, {}) for number, text in enumerate(texts)]

    async def create() -> list[Policy]:
        return await asyncio.gather(*(create_policy(root.env, granted, one) for one in new))

    return asyncio.run(create())


def _written(statements: Iterator[Statement]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, separators=(",", ":"))


def _of_caller(root: Tenant, policy: int) -> Iterator[Statement]:
    """Write statements as one team's policy has them: most for repositories of others, one that counts."""
    arn = repository_arn(root.account, root.region, "")
    for number in range(STATEMENTS - 2):
        actions, other = _ACTIONS[(policy + number) % len(_ACTIONS)], f"{arn}team-{policy}-{number}"
        resource = f"{other}/*" if number % 3 else f"{other}/app"
        yield {"Effect": "Allow", "Action": actions, "Resource": resource, "Condition": _FITS}
    yield {"Effect": "Deny", "Action": "ecr:Batch*", "Resource": f"{arn}team/*", "Condition": _FITS_NOT}
    allowed = f"{arn}{REPOSITORY}" if policy == ATTACHED - 1 else f"{arn}team/other-{policy}"
    yield {"Effect": "Allow", "Action": [_PULL, "ecr:ListImages"], "Resource": allowed, "Condition": _FITS}


def _of_repository(root: Tenant, caller: Tenant) -> Iterator[Statement]:
    """Write statements for the caller, for colleagues, for services and for everybody, some of them denials."""
    assert caller.user is not None  # noqa: S101  # the shop has made it
    account = f"arn:aws:iam::{root.account}:"
    people: tuple[object, ...] = (
        {"AWS": f"{account}user/{caller.user.name}"},
        *({"AWS": f"{account}user/{_colleague(number)}"} for number in range(_COLLEAGUES)),
        {"Service": "codebuild.amazonaws.com"},
        {"AWS": f"{account}root"},
        "*",
    )
    for number in range(OF_RESOURCE):
        denies = number % 5 == 0
        yield {
            "Effect": "Deny" if denies else "Allow",
            "Principal": people[number % len(people)],
            "Action": _ACTIONS[number % len(_ACTIONS)] if number % 3 else _PULL,
            "Condition": _FITS_NOT,
        }


def _colleague(number: int) -> str:
    return f"colleague-{number}"
