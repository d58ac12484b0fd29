"""How much the store holds, over all registries: for the administrator of the server alone."""

from dataclasses import dataclass

from sqlalchemy import func, select

from moorage.store.accounts import accounts
from moorage.store.blobs import blobs
from moorage.store.images import images
from moorage.store.repositories import repositories
from moorage.store.transaction import Transaction
from moorage.store.uploads import uploads

_COUNT = select(
    select(func.count()).select_from(accounts).scalar_subquery().label("accounts"),
    select(func.count()).select_from(repositories).scalar_subquery().label("repositories"),
    select(func.count()).select_from(images).scalar_subquery().label("images"),
    select(func.count()).select_from(blobs).scalar_subquery().label("blobs"),
    select(func.coalesce(func.sum(blobs.c.size), 0)).scalar_subquery().label("bytes"),
    select(func.count()).select_from(uploads).where(uploads.c.over == 0).scalar_subquery().label("uploads"),
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of rows, and the bytes of all blobs."""

    accounts: int
    repositories: int
    images: int
    blobs: int
    bytes: int
    uploads: int


async def count(tx: Transaction) -> Totals:
    row = await tx.first(_COUNT)
    return Totals(*row) if row else Totals(0, 0, 0, 0, 0, 0)
