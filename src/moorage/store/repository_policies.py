"""The one resource policy that a repository may have.

``document`` is the text as it was given, for showing; ``resolved`` is the same with every user's ARN replaced by the
user's id, for deciding: a user deleted and made anew under the same name inherits nothing, as in AWS.
"""

from sqlalchemy import Column, Table, Text, delete, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.repository import Repository
from moorage.store.metadata import METADATA, account_key, region_key, repository_key
from moorage.store.owned import columns_of, in_repository, key_of
from moorage.store.transaction import Transaction

repository_policies = Table(
    "repository_policies",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    Column("document", Text, nullable=False),
    Column("resolved", Text, nullable=False),
    sqlite_with_rowid=False,
)

_insert = insert(repository_policies)
_PUT = _insert.on_conflict_do_update(
    index_elements=[
        repository_policies.c.account_id,
        repository_policies.c.region,
        repository_policies.c.repository_id,
    ],
    set_={"document": _insert.excluded.document, "resolved": _insert.excluded.resolved},
)
_SHOWN = select(repository_policies.c.document).where(in_repository(repository_policies))
deciding = select(repository_policies.c.resolved).where(in_repository(repository_policies))
_DELETE = delete(repository_policies).where(in_repository(repository_policies))


async def put(tx: Transaction, repository: Repository, document: str, resolved: str) -> None:
    await tx.run(_PUT, **columns_of(repository), document=document, resolved=resolved)


async def find(tx: Transaction, repository: Repository) -> str | None:
    """Give the policy as it was set."""
    row = await tx.first(_SHOWN, **key_of(repository))
    return None if row is None else str(row[0])


async def delete_policy(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE, **key_of(repository))
