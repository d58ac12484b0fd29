"""What a decision costs, without any server: the policies alone, and all that stands before an operation.

What stands before an operation are the same functions that the edges call, in their order and with what a worker
remembers when it is warm; ``tests/guards/test_decisions.py`` holds the edges and this file to the same decisions.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Coroutine
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from bench.account import furnish
from bench.figures import Results, Single
from bench.processes import CLIENT_CORE, SERVER_CORE, pin
from bench.sizes import Sizes

from guards.shop import Shop, open_shop
from moorage.domain.actions import OPERATIONS
from moorage.domain.arns import repository_arn
from moorage.operations.authenticate import identify, verify_body
from moorage.operations.authorise import authorise
from moorage.operations.tokens import TokenReader
from moorage.policy.decide import decide
from moorage.policy.request import Request
from moorage.sigv4.head import Head
from unit.operations.tenant import REPOSITORY

DECIDE, BEFORE = "policy decision", "authenticate, look up and decide"
LOADED, SIGNED = "token and decision, 250 statements", "signature and decision, 250 statements"
HASH = "SHA-256 of 4 kB"
LOADED_RATIO, SIGNED_RATIO = f"{LOADED}, to {HASH}", f"{SIGNED}, to {HASH}"
PULLS: Final = OPERATIONS["ecr.BatchGetImage"]


def time_decisions(sizes: Sizes, results: Results) -> None:
    """Time both on the server's core, in this very process."""
    pin(SERVER_CORE)
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        works = {DECIDE: _decide(shop), BEFORE: before_docker(shop)}
        for name, work in works.items():
            values = [_time(work, sizes.seconds) for _ in range(sizes.rounds)]
            results.singles.append(Single(name, "moorage", "µs", values))
        _time_loaded(shop, sizes, results)
    pin(CLIENT_CORE)


def _time_loaded(shop: Shop, sizes: Sizes, results: Results) -> None:
    """Time a caller of ten policies on a repository with a long one, each beside a hash in the same round."""
    furnish(shop)
    works = {LOADED: (LOADED_RATIO, before_docker(shop)), SIGNED: (SIGNED_RATIO, before_aws(shop))}
    block = bytes(4096)
    for name, (ratio, work) in works.items():
        pairs = [
            (_time(work, sizes.seconds), _time(lambda: sha256(block).digest(), sizes.seconds))
            for _ in range(sizes.rounds)
        ]
        results.singles.append(Single(name, "moorage", "µs", [took for took, _ in pairs]))
        results.singles.append(Single(ratio, "moorage", "times", [took / hashed for took, hashed in pairs]))


def _decide(shop: Shop) -> Callable[[], None]:
    tenant = shop.tenant
    principal = asyncio.run(shop.env.principals.find_now(tenant.key_id))
    assert principal is not None  # noqa: S101  # the shop has made it
    arn = repository_arn(tenant.account, tenant.region, REPOSITORY)
    request = Request(principal.requester, "ecr:BatchGetImage", arn, tenant.account)
    return lambda: _expect(decide(request, principal.policies).allowed)


def _expect(allowed: bool) -> None:  # noqa: FBT001  # the one thing there is to say
    assert allowed  # noqa: S101  # a refusal would be another measurement


def before_docker(shop: Shop) -> Callable[[], None]:
    """Read the token, look up who holds its key and where the repository is, and decide."""
    tenant, reader = shop.tenant, TokenReader(shop.env)
    call = tenant.call()

    async def all_of_it() -> None:
        reader.read(shop.basic, at=call.at)
        await authorise(shop.env, call, PULLS, tenant.registry, REPOSITORY)

    return _warm(all_of_it)


def before_aws(shop: Shop) -> Callable[[], None]:
    """Read the signature, look up who holds its key, verify it, find the repository, and decide."""
    tenant, posed = shop.tenant, shop.aws("BatchGetImage", repositoryName=REPOSITORY, imageIds=[])
    head = Head(posed.method, posed.target, "", tuple((name.lower(), value) for name, value in posed.headers.items()))
    hashed, call = sha256(posed.body).hexdigest(), tenant.call()

    async def all_of_it() -> None:
        signed = await identify(shop.env, head, services={"ecr"}, at=call.at)
        verify_body(shop.env, signed, hashed)
        await authorise(shop.env, call, PULLS, tenant.registry, REPOSITORY)

    return _warm(all_of_it)


def _warm(everything: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    asyncio.run(everything())

    def work() -> None:
        try:
            everything().send(None)
        except StopIteration:
            return
        sentence = "it waited for something: the caches are not warm"
        raise RuntimeError(sentence)

    return work


def _time(work: Callable[[], object], seconds: float) -> float:
    """Give the processor µs of one call."""
    work()
    count, began = 0, time.process_time()
    while (took := time.process_time() - began) < seconds / 4:
        for _ in range(100):
            work()
        count += 100
    return took / count * 1e6
