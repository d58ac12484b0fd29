"""A hundred thousand referrers of one subject: answers stay as small as those of a thousand."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from typing import Final

import pytest

from moorage.domain.digest import Digest
from moorage.domain.referrer import Referrer
from moorage.operations.env import Env
from moorage.operations.referrers import ReferrerPage, list_referrers
from moorage.store import referrers
from moorage.store.transaction import Transaction
from support.env import close_env, make_env
from unit.operations.tenant import REPOSITORY, Tenant, root_of

COUNT: Final = 100_000
PAGE: Final = 1_000
SUBJECT: Final = Digest.of(b"subject")
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
RARE: Final = "application/x.rare"
MOST: Final = 8 * 1024 * 1024  # bytes that a page may take while it is made


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    env = make_env(tmp_path_factory.mktemp("long"))
    yield env
    close_env(env)


@pytest.fixture(scope="module")
def full(env: Env) -> Tenant:
    tenant = root_of(env)
    repository = tenant.create()

    async def unit(tx: Transaction) -> None:
        for number in range(COUNT):
            kind = RARE if number % 10_000 == 0 else "application/x.signature"
            one = Referrer(Digest.of(str(number).encode()), MANIFEST, kind, 500, {"number": str(number)})
            await referrers.put(tx, repository, SUBJECT, one)

    asyncio.run(env.store.write(unit))
    return tenant


def page(tenant: Tenant, types: list[str], token: str | None = None, count: int = PAGE) -> ReferrerPage:
    return tenant.run(list_referrers, REPOSITORY, SUBJECT, types, token=token, count=count)


def test_every_page_is_bounded_and_every_referrer_is_listed_once(full: Tenant) -> None:
    found: set[str] = set()
    token, pages = None, 0
    while pages == 0 or token is not None:
        one = page(full, [], token)
        assert len(one.referrers) == PAGE
        found.update(referrer.digest for referrer in one.referrers)
        token, pages = one.next_token, pages + 1
    assert (pages, len(found)) == (COUNT // PAGE, COUNT)


def test_a_page_takes_no_memory_for_those_that_are_not_on_it(full: Tenant) -> None:
    page(full, [])
    tracemalloc.start()
    try:
        page(full, [])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST


def test_a_rare_type_is_found_among_all(full: Tenant) -> None:
    one = page(full, [RARE])
    assert (len(one.referrers), one.next_token) == (COUNT // 10_000, None)
