"""OIDC providers that an account trusts, by the address of their issuer; lists are JSON text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Table, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.names import AccountId
from moorage.store.metadata import METADATA, account_key, text_key
from moorage.store.transaction import Transaction

oidc_providers = Table(
    "oidc_providers",
    METADATA,
    account_key(),
    text_key("address"),
    Column("url", Text, nullable=False),
    Column("audiences", Text, nullable=False),
    Column("thumbprints", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One provider; ``address`` is ``url`` without its scheme, ``audiences`` what IAM calls client ids."""

    account: AccountId
    address: str
    url: str
    audiences: tuple[str, ...]
    thumbprints: tuple[str, ...]
    created_at: int


_COLUMNS = (
    oidc_providers.c.account_id,
    oidc_providers.c.address,
    oidc_providers.c.url,
    oidc_providers.c.audiences,
    oidc_providers.c.thumbprints,
    oidc_providers.c.created_at,
)
_this = (oidc_providers.c.account_id == bindparam("account")) & (oidc_providers.c.address == bindparam("issuer"))
_INSERT = insert(oidc_providers).on_conflict_do_nothing()
_FIND = select(*_COLUMNS).where(_this)
_ALL = select(*_COLUMNS).where(oidc_providers.c.account_id == bindparam("account")).order_by(oidc_providers.c.address)
_CHANGE = update(oidc_providers).where(_this).values(audiences=bindparam("clients"), thumbprints=bindparam("prints"))
_DELETE = delete(oidc_providers).where(_this)


async def create(tx: Transaction, row: ProviderRow) -> bool:
    """Keep the provider; False when its address is known already."""
    rows = await tx.run(
        _INSERT,
        account_id=row.account,
        address=row.address,
        url=row.url,
        audiences=json.dumps(row.audiences),
        thumbprints=json.dumps(row.thumbprints),
        created_at=row.created_at,
    )
    return rows == 1


async def find(tx: Transaction, account: AccountId, address: str) -> ProviderRow | None:
    row = await tx.first(_FIND, account=account, issuer=address)
    return None if row is None else _provider(*row)


async def of_account(tx: Transaction, account: AccountId) -> list[ProviderRow]:
    return [_provider(*row) for row in await tx.all(_ALL, account=account)]


async def change(tx: Transaction, row: ProviderRow, *, audiences: Sequence[str], thumbprints: Sequence[str]) -> None:
    await tx.run(
        _CHANGE,
        account=row.account,
        issuer=row.address,
        clients=json.dumps(list(audiences)),
        prints=json.dumps(list(thumbprints)),
    )


async def delete_provider(tx: Transaction, row: ProviderRow) -> None:
    await tx.run(_DELETE, account=row.account, issuer=row.address)


def _provider(  # noqa: PLR0913, PLR0917 - the columns, in their order
    account: str, address: str, url: str, audiences: str, thumbprints: str, created_at: int
) -> ProviderRow:
    return ProviderRow(
        AccountId(account), address, url, tuple(json.loads(audiences)), tuple(json.loads(thumbprints)), created_at
    )
