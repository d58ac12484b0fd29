"""Turning what a granted call did into an event, in the transaction of the change."""

from moorage.domain.events import Event, EventKind
from moorage.operations.authorise import Granted
from moorage.operations.env import Env
from moorage.store import events
from moorage.store.transaction import Transaction


async def record(tx: Transaction, env: Env, granted: Granted, kind: EventKind, **facts: str | int | None) -> None:
    call = granted.call
    event = Event(
        id=env.ids.event(call.at),
        registry=granted.registry,
        at=call.at,
        kind=kind,
        caller=granted.caller.arn,
        request_id=call.request_id,
        facts=facts,
    )
    await events.append(tx, event)
