"""What a decision costs, without any server: the policies alone, and all that stands before an operation."""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from bench.figures import Results, Single
from bench.processes import CLIENT_CORE, SERVER_CORE, pin
from bench.sizes import Sizes

from guards.shop import Posed, Shop, open_shop
from moorage.domain.actions import OPERATIONS
from moorage.domain.arns import repository_arn
from moorage.operations.authenticate import identify, verify_body
from moorage.operations.authorise import authorise
from moorage.operations.repository_policies import set_policy
from moorage.operations.tokens import TokenReader
from moorage.policy.compiled import Compiled
from moorage.policy.decide import CallerPolicies, decide
from moorage.policy.elements import Attached, Source
from moorage.policy.request import Request
from moorage.sigv4.head import Head
from unit.operations.tenant import REPOSITORY, root_of

DECIDE, BEFORE = "policy decision", "authenticate, look up and decide"
LOADED, SIGNED = "token and decision, 250 statements", "signature and decision, 250 statements"
HASH = "SHA-256 of 4 kB"
LOADED_RATIO, SIGNED_RATIO = f"{LOADED}, to {HASH}", f"{SIGNED}, to {HASH}"
_POLICIES, _STATEMENTS, _OF_RESOURCE = 10, 20, 50
_CONDITION: Final = {"StringNotLike": {"aws:UserAgent": "curl/*"}}  # so that no answer is remembered
_NEEDS: Final = OPERATIONS["ecr.BatchGetImage"]


def time_decisions(sizes: Sizes, results: Results) -> None:
    """Time both on the server's core, in this very process."""
    pin(SERVER_CORE)
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        works = {DECIDE: _decide(shop), BEFORE: _before(shop)}
        for name, work in works.items():
            values = [_time(work, sizes.seconds) for _ in range(sizes.rounds)]
            results.singles.append(Single(name, "moorage", "µs", values))
        _time_loaded(shop, sizes, results)
    pin(CLIENT_CORE)


def _time_loaded(shop: Shop, sizes: Sizes, results: Results) -> None:
    """Time a caller of ten policies on a repository with a long one, each beside a hash in the same round."""
    _load(shop)
    block = bytes(4096)
    works = {
        LOADED: (LOADED_RATIO, _before(shop)),
        SIGNED: (SIGNED_RATIO, _signed(shop, shop.aws("BatchGetImage", repositoryName=REPOSITORY, imageIds=[]))),
    }
    for name, (ratio, work) in works.items():
        pairs = [
            (_time(work, sizes.seconds), _time(lambda: sha256(block).digest(), sizes.seconds))
            for _ in range(sizes.rounds)
        ]
        results.singles.append(Single(name, "moorage", "µs", [took for took, _ in pairs]))
        results.singles.append(Single(ratio, "moorage", "times", [took / hashed for took, hashed in pairs]))


def _load(shop: Shop) -> None:
    """Give the caller ten policies of twenty statements, and the repository one of fifty; few speak of the call."""
    tenant = shop.tenant
    arn = repository_arn(tenant.account, tenant.region, "")
    actions = ("ecr:PutImage", "ecr:BatchGetImage", "ecr:List*", "ecr:Describe*")

    def statement(number: int, **more: object) -> dict[str, object]:
        action, place = actions[number % len(actions)], f"{arn}team-{number}/*"
        return {"Effect": "Allow", "Action": action, "Resource": place, "Condition": _CONDITION, **more}

    texts = [
        json.dumps({"Version": "2012-10-17", "Statement": [statement(_STATEMENTS * p + n) for n in range(_STATEMENTS)]})
        for p in range(_POLICIES - 1)
    ]
    last = [statement(n) for n in range(_STATEMENTS - 1)] + [statement(1, Resource=f"{arn}{REPOSITORY}")]
    texts.append(json.dumps({"Version": "2012-10-17", "Statement": last}))
    own = [statement(n, Principal="*", Resource="*", Effect="Deny", Action="ecr:PutImage") for n in range(_OF_RESOURCE)]
    root = root_of(shop.env)
    root.run(set_policy, REPOSITORY, json.dumps({"Version": "2012-10-17", "Statement": own}), force=True)
    principal = asyncio.run(shop.env.principals.find_now(tenant.key_id))
    assert principal is not None  # noqa: S101  # the shop has made it
    compiled = Compiled.stored((Attached(Source.MANAGED, f"p{n}"), text) for n, text in enumerate(texts))
    loaded = replace(principal, policies=CallerPolicies(compiled), settled={})
    # More statements than an inline policy may have are a matter of managed ones, which are only stored elsewhere.
    shop.env.principals._known[tenant.key_id] = loaded  # noqa: SLF001  # as if it had been loaded so


def _signed(shop: Shop, posed: Posed) -> Callable[[], None]:
    """Read the signature, look up its key, verify it, and decide."""
    tenant = shop.tenant
    head = Head(posed.method, posed.target, "", tuple((name.lower(), value) for name, value in posed.headers.items()))
    hashed, call = sha256(posed.body).hexdigest(), tenant.call()

    async def all_of_it() -> None:
        signed = await identify(shop.env, head, services={"ecr"}, at=call.at)
        verify_body(shop.env, signed, hashed)
        await authorise(shop.env, call, _NEEDS, tenant.registry, REPOSITORY)

    def work() -> None:
        waiting = all_of_it()
        try:
            waiting.send(None)
        except StopIteration:
            return

    return work


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


def _time(work: Callable[[], object], seconds: float) -> float:
    """Give the processor µs of one call."""
    work()
    count, began = 0, time.process_time()
    while (took := time.process_time() - began) < seconds / 4:
        for _ in range(100):
            work()
        count += 100
    return took / count * 1e6
