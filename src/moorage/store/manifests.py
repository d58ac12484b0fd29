"""Manifest bytes as pushed, once per account, region and digest, in a table of their own so that no list reads them."""

from sqlalchemy import Column, LargeBinary, Table, bindparam, delete, exists
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.digest import Digest
from moorage.domain.repository import Repository
from moorage.store.images import images
from moorage.store.metadata import METADATA, account_key, region_key, text_key
from moorage.store.transaction import Transaction

manifests = Table(
    "manifests",
    METADATA,
    account_key(),
    region_key(),
    text_key("digest"),
    Column("body", LargeBinary, nullable=False),
)

_INSERT = insert(manifests).on_conflict_do_nothing()
_unused = ~exists().where(
    images.c.account_id == manifests.c.account_id,
    images.c.region == manifests.c.region,
    images.c.digest == manifests.c.digest,
)
_DELETE_UNUSED = delete(manifests).where(
    manifests.c.account_id == bindparam("account"),
    manifests.c.region == bindparam("home"),
    manifests.c.digest == bindparam("gone"),
    _unused,
)


async def put(tx: Transaction, repository: Repository, digest: Digest, body: bytes) -> None:
    await tx.run(_INSERT, account_id=repository.account, region=repository.region, digest=digest, body=body)


async def delete_unused(tx: Transaction, repository: Repository, digest: str) -> None:
    """Drop the bytes when no image of the account and region has that digest any more."""
    await tx.run(_DELETE_UNUSED, account=repository.account, home=repository.region, gone=digest)
