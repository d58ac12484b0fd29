"""What a managed policy has beside its name: its versions, of which one is the default."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

managed_policies = Table(
    "managed_policies",
    METADATA,
    account_key(),
    text_key("entity_id"),
    Column("description", Text, nullable=True),
    Column("updated_at", BigInteger, nullable=False),
    Column("default_version", BigInteger, nullable=False),
    Column("newest_version", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
policy_versions = Table(
    "policy_versions",
    METADATA,
    account_key(),
    text_key("entity_id"),
    Column("version", BigInteger, primary_key=True, nullable=False),
    Column("document", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class ManagedRow:
    """A managed policy's own columns."""

    description: str | None
    updated_at: int
    default: int
    newest: int


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a managed policy."""

    number: int
    document: str
    created_at: int


_this = (managed_policies.c.account_id == bindparam("account")) & (managed_policies.c.entity_id == bindparam("entity"))
_its = (policy_versions.c.account_id == bindparam("account")) & (policy_versions.c.entity_id == bindparam("entity"))
_INSERT = insert(managed_policies)
_FIND = select(
    managed_policies.c.description,
    managed_policies.c.updated_at,
    managed_policies.c.default_version,
    managed_policies.c.newest_version,
).where(_this)
_MOVE = (
    update(managed_policies)
    .where(_this)
    .values(updated_at=bindparam("at"), default_version=bindparam("default"), newest_version=bindparam("newest"))
)
_DELETE = delete(managed_policies).where(_this)
_ADD_VERSION = insert(policy_versions)
_VERSIONS = (
    select(policy_versions.c.version, policy_versions.c.document, policy_versions.c.created_at)
    .where(_its)
    .order_by(policy_versions.c.version.desc())
)
_DEFAULT = (
    select(policy_versions.c.document)
    .select_from(
        policy_versions.join(
            managed_policies,
            (managed_policies.c.account_id == policy_versions.c.account_id)
            & (managed_policies.c.entity_id == policy_versions.c.entity_id)
            & (managed_policies.c.default_version == policy_versions.c.version),
        )
    )
    .where(_its)
)
_DELETE_VERSION = delete(policy_versions).where(_its, policy_versions.c.version == bindparam("number"))
_DELETE_VERSIONS = delete(policy_versions).where(_its)


async def create(tx: Transaction, account: AccountId, entity_id: str, row: ManagedRow, document: str) -> None:
    """Keep the policy and its first version."""
    await tx.run(
        _INSERT,
        account_id=account,
        entity_id=entity_id,
        description=row.description,
        updated_at=row.updated_at,
        default_version=row.default,
        newest_version=row.newest,
    )
    await add_version(tx, account, entity_id, VersionRow(row.newest, document, row.updated_at))


async def find(tx: Transaction, account: AccountId, entity_id: str) -> ManagedRow | None:
    row = await tx.first(_FIND, account=account, entity=entity_id)
    return None if row is None else ManagedRow(*row)


async def move(tx: Transaction, account: AccountId, entity_id: str, row: ManagedRow) -> None:
    """Say which version is the default and which the newest."""
    await tx.run(_MOVE, account=account, entity=entity_id, at=row.updated_at, default=row.default, newest=row.newest)


async def add_version(tx: Transaction, account: AccountId, entity_id: str, version: VersionRow) -> None:
    await tx.run(
        _ADD_VERSION,
        account_id=account,
        entity_id=entity_id,
        version=version.number,
        document=version.document,
        created_at=version.created_at,
    )


async def versions(tx: Transaction, account: AccountId, entity_id: str) -> list[VersionRow]:
    """List the versions that are left, the newest first."""
    return [VersionRow(*row) for row in await tx.all(_VERSIONS, account=account, entity=entity_id)]


async def default_document(tx: Transaction, account: AccountId, entity_id: str) -> str | None:
    row = await tx.first(_DEFAULT, account=account, entity=entity_id)
    return None if row is None else str(row[0])


async def delete_version(tx: Transaction, account: AccountId, entity_id: str, number: int) -> None:
    await tx.run(_DELETE_VERSION, account=account, entity=entity_id, number=number)


async def delete_policy(tx: Transaction, account: AccountId, entity_id: str) -> None:
    """Forget the policy with all its versions."""
    await tx.run(_DELETE_VERSIONS, account=account, entity=entity_id)
    await tx.run(_DELETE, account=account, entity=entity_id)
