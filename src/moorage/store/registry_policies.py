"""The one policy that a registry may have.

``document`` is the text as it was given, for showing; ``resolved`` names users by their ids, for deciding.
"""

from sqlalchemy import Column, Table, Text, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.caller import Registry
from moorage.store.metadata import METADATA, account_key, region_key
from moorage.store.transaction import Transaction

registry_policies = Table(
    "registry_policies",
    METADATA,
    account_key(),
    region_key(),
    Column("document", Text, nullable=False),
    Column("resolved", Text, nullable=False),
    sqlite_with_rowid=False,
)

_insert = insert(registry_policies)
_PUT = _insert.on_conflict_do_update(
    index_elements=[registry_policies.c.account_id, registry_policies.c.region],
    set_={"document": _insert.excluded.document, "resolved": _insert.excluded.resolved},
)
_ours = (registry_policies.c.account_id == bindparam("account")) & (registry_policies.c.region == bindparam("home"))
_SHOWN = select(registry_policies.c.document).where(_ours)
deciding = select(registry_policies.c.resolved).where(_ours)
_DELETE = delete(registry_policies).where(_ours)


async def put(tx: Transaction, registry: Registry, document: str, resolved: str) -> None:
    await tx.run(_PUT, account_id=registry.account, region=registry.region, document=document, resolved=resolved)


async def find(tx: Transaction, registry: Registry) -> str | None:
    """Give the policy as it was set."""
    row = await tx.first(_SHOWN, account=registry.account, home=registry.region)
    return None if row is None else str(row[0])


async def delete_policy(tx: Transaction, registry: Registry) -> None:
    await tx.run(_DELETE, account=registry.account, home=registry.region)
