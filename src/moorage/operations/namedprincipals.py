"""The principals that a resource policy names: they must exist, and users and roles are bound by their ids.

A user or role made anew under an old name is not let in by a policy that named the old one, as in AWS.
"""

import json
import re
from collections.abc import Mapping

from moorage.domain.entities import EntityKind
from moorage.domain.names import AccountId
from moorage.policy.principal import Principal, PrincipalKind
from moorage.store import accounts, entities
from moorage.store.transaction import Transaction

_ENTITY = re.compile(r"arn:aws[a-z-]*:iam::([0-9]{12}):(user|role)(/.*)\Z")
_SESSION = re.compile(r"arn:aws[a-z-]*:sts::([0-9]{12}):assumed-role/([^/]+)/")


class PrincipalMissingError(Exception):
    """A policy names somebody who is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"principal '{name}' does not exist")
        self.name = name


async def resolve(tx: Transaction, named: tuple[Principal, ...]) -> Mapping[str, str]:
    """See that every named principal exists, and give the ids of users and roles by their ARNs.

    Raises:
        PrincipalMissingError

    """
    ids: dict[str, str] = {}
    for principal in named:
        match principal.kind:
            case PrincipalKind.ACCOUNT:
                known = await accounts.find_generation(tx, AccountId(principal.name)) is not None
            case PrincipalKind.USER | PrincipalKind.ROLE:
                found = await _id_of(tx, principal.name)
                known, ids[principal.name] = found is not None, found or ""
            case PrincipalKind.SESSION:
                known = await _has_role(tx, principal.name)
            case _:
                known = True  # AWS shows a deleted principal by its id and takes the text back
        if not known:
            raise PrincipalMissingError(principal.name)
    return ids


def with_ids(text: str, ids: Mapping[str, str]) -> str:
    """Write a policy with ids in place of ARNs, and otherwise as short as it can be."""
    document = json.loads(text)
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            if isinstance(principal, dict) and "AWS" in principal:
                named = principal["AWS"]
                listed = named if isinstance(named, list) else [named]
                principal["AWS"] = [ids.get(name, name) for name in listed]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


async def _id_of(tx: Transaction, arn: str) -> str | None:
    found = _ENTITY.match(arn)
    if found is None:
        return None
    row = await entities.find(tx, AccountId(found[1]), EntityKind(found[2]), found[3].rpartition("/")[2])
    return row.id if row is not None and row.place == found[3] else None


async def _has_role(tx: Transaction, arn: str) -> bool:
    found = _SESSION.match(arn)
    return found is not None and await entities.find(tx, AccountId(found[1]), EntityKind.ROLE, found[2]) is not None
