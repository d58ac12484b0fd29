"""Events: facts in the past tense, appended in the transaction of the change, never altered."""

import msgspec
from sqlalchemy import BigInteger, Column, Table, Text
from sqlalchemy.dialects.postgresql import insert

from moorage.domain.events import Event
from moorage.store.metadata import METADATA, account_key, region_key, text_key
from moorage.store.transaction import Transaction

events = Table(
    "events",
    METADATA,
    account_key(),
    region_key(),
    text_key("event_id"),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("facts", Text, nullable=False),
    sqlite_with_rowid=False,
)

_INSERT = insert(events)
_FACTS = msgspec.json.Encoder(order="sorted", enc_hook=str)  # names are more than text


async def append(tx: Transaction, event: Event) -> None:
    await tx.run(
        _INSERT,
        account_id=event.registry.account,
        region=event.registry.region,
        event_id=event.id,
        at=event.at,
        kind=event.kind.value,
        caller=event.caller,
        request_id=event.request_id,
        facts=_FACTS.encode(event.facts).decode(),
    )
