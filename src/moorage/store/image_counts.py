"""How many images each repository holds: counted with each change, so that no push counts them all."""

from sqlalchemy import BigInteger, Column, Table, bindparam, delete, literal_column, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.repository import Repository
from moorage.store.metadata import METADATA, account_key, region_key, repository_key
from moorage.store.owned import columns_of, in_repository, key_of
from moorage.store.transaction import Transaction

image_counts = Table(
    "image_counts",
    METADATA,
    account_key(),
    region_key(),
    repository_key(),
    Column("images", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

_ADD = insert(image_counts).on_conflict_do_update(
    index_elements=[image_counts.c.account_id, image_counts.c.region, image_counts.c.repository_id],
    set_={"images": image_counts.c.images + 1},
    where=image_counts.c.images < bindparam("most"),
)
_TAKE = (
    update(image_counts).where(in_repository(image_counts)).values(images=image_counts.c.images - literal_column("1"))
)
_DELETE = delete(image_counts).where(in_repository(image_counts))


async def add(tx: Transaction, repository: Repository, *, most: int) -> bool:
    """Count one image more; False where the repository holds ``most``, which is at least 1."""
    return await tx.run(_ADD, **columns_of(repository), images=1, most=most) == 1


async def take(tx: Transaction, repository: Repository) -> None:
    await tx.run(_TAKE, **key_of(repository))


async def delete_count(tx: Transaction, repository: Repository) -> None:
    await tx.run(_DELETE, **key_of(repository))
