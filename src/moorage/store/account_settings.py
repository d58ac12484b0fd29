"""Settings of a registry that are not at their default."""

from sqlalchemy import Column, Table, Text, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.account_setting import AccountSetting
from moorage.domain.caller import Registry
from moorage.store.metadata import METADATA, account_key, region_key, text_key
from moorage.store.transaction import Transaction

account_settings = Table(
    "account_settings",
    METADATA,
    account_key(),
    region_key(),
    text_key("name"),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

_insert = insert(account_settings)
_PUT = _insert.on_conflict_do_update(
    index_elements=[account_settings.c.account_id, account_settings.c.region, account_settings.c.name],
    set_={"value": _insert.excluded.value},
)
chosen = select(account_settings.c.value).where(
    account_settings.c.account_id == bindparam("account"),
    account_settings.c.region == bindparam("home"),
    account_settings.c.name == bindparam("called"),
)
_FIND = chosen


async def put(tx: Transaction, registry: Registry, setting: AccountSetting, value: str) -> None:
    await tx.run(_PUT, account_id=registry.account, region=registry.region, name=setting.value, value=value)


async def find(tx: Transaction, registry: Registry, setting: AccountSetting) -> str | None:
    row = await tx.first(_FIND, account=registry.account, home=registry.region, called=setting.value)
    return None if row is None else str(row[0])
