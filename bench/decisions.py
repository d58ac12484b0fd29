"""What a decision costs, without any server: the policies alone, and all that stands before an operation."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.figures import Results, Single
from bench.processes import CLIENT_CORE, SERVER_CORE, pin
from bench.sizes import Sizes

from guards.shop import Shop, open_shop
from moorage.domain.actions import OPERATIONS
from moorage.domain.arns import repository_arn
from moorage.operations.authorise import authorise
from moorage.operations.tokens import TokenReader
from moorage.policy.decide import decide
from moorage.policy.request import Request
from unit.operations.tenant import REPOSITORY

DECIDE, BEFORE = "policy decision", "authenticate, look up and decide"
_NEEDS: Final = OPERATIONS["ecr.BatchGetImage"]


def time_decisions(sizes: Sizes, results: Results) -> None:
    """Time both on the server's core, in this very process."""
    pin(SERVER_CORE)
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        works = {DECIDE: _decide(shop), BEFORE: _before(shop)}
        for name, work in works.items():
            values = [_time(work, sizes.seconds) for _ in range(sizes.rounds)]
            results.singles.append(Single(name, "moorage", "µs", values))
    pin(CLIENT_CORE)


def _decide(shop: Shop) -> Callable[[], None]:
    tenant = shop.tenant
    principal = asyncio.run(shop.env.principals.find_now(tenant.key_id))
    assert principal is not None  # noqa: S101  # the shop has made it
    arn = repository_arn(tenant.account, tenant.region, REPOSITORY)
    request = Request(principal.requester, "ecr:BatchGetImage", arn, tenant.account)
    return lambda: _expect(decide(request, principal.policies).allowed)


def _expect(allowed: bool) -> None:  # noqa: FBT001  # the one thing there is to say
    assert allowed  # noqa: S101  # a refusal would be another measurement


def _before(shop: Shop) -> Callable[[], None]:
    """Read the token, look up who holds its key and where the repository is, and decide."""
    tenant, reader = shop.tenant, TokenReader(shop.env)
    call = tenant.call()

    def work() -> None:
        reader.read(shop.basic, at=call.at)
        waiting = authorise(shop.env, call, _NEEDS, tenant.registry, REPOSITORY)
        try:
            waiting.send(None)  # warm, it waits for nothing
        except StopIteration:
            return

    return work


def _time(work: Callable[[], None], seconds: float) -> float:
    """Give the processor µs of one call."""
    work()
    count, began = 0, time.process_time()
    while (took := time.process_time() - began) < seconds / 4:
        for _ in range(100):
            work()
        count += 100
    return took / count * 1e6
