"""A provider that is slow holds up those alone who have to wait for its keys."""

import asyncio
import json
from collections.abc import Sequence

from moorage.operations.jwt import Json
from moorage.operations.providerkeys import ProviderKeys
from support.env import FrozenClock

ISSUER = "https://issuer.example.com"
HOUR, MINUTE = 3600, 60


class Provider:
    """Answers, unless it is stalled: then only once it is let go."""

    def __init__(self) -> None:
        self.names = ["one"]
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def get(self, url: str, *, limit: int) -> bytes:
        assert limit > 0
        self.asked += 1
        await self.open.wait()
        if url.endswith("/.well-known/openid-configuration"):
            return json.dumps({"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}).encode()
        return json.dumps({"keys": [{"kid": name} for name in self.names]}).encode()


def has(name: str, keys: Sequence[Json]) -> bool:
    return {"kid": name} in keys


async def _stalled(clock: FrozenClock) -> tuple[Provider, ProviderKeys, "asyncio.Task[bool]"]:
    """Make a forged token wait for an issuer whose keys are known."""
    provider = Provider()
    keys = ProviderKeys(provider, clock)
    assert await keys.vouch(ISSUER, lambda known: has("one", known))
    clock.move(2 * MINUTE)
    provider.open.clear()
    forged = asyncio.create_task(keys.vouch(ISSUER, lambda known: has("forged", known)))
    await asyncio.sleep(0)
    assert provider.asked == 3  # both addresses before, and the first one now
    return provider, keys, forged


def test_a_good_token_does_not_wait_while_a_forged_one_has_the_issuer_asked(clock: FrozenClock) -> None:
    async def run() -> None:
        provider, keys, forged = await _stalled(clock)
        good = asyncio.create_task(keys.vouch(ISSUER, lambda known: has("one", known)))
        await asyncio.sleep(0)
        assert (good.done(), forged.done()) == (True, False)
        assert good.result()
        provider.open.set()
        assert not await forged

    asyncio.run(run())


def test_those_who_wait_for_an_issuer_ask_it_once(clock: FrozenClock) -> None:
    async def run() -> None:
        provider, keys, forged = await _stalled(clock)
        provider.names.append("two")
        waiting = [asyncio.create_task(keys.vouch(ISSUER, lambda known: has("two", known))) for _ in range(3)]
        await asyncio.sleep(0)
        provider.open.set()
        assert await asyncio.gather(forged, *waiting) == [False, True, True, True]
        assert provider.asked == 4

    asyncio.run(run())


def test_keys_that_are_an_hour_old_are_asked_for_anew(clock: FrozenClock) -> None:
    async def run() -> None:
        provider = Provider()
        keys = ProviderKeys(provider, clock)
        assert await keys.vouch(ISSUER, lambda known: has("one", known))
        provider.names = ["two"]
        clock.move(HOUR)
        assert not await keys.vouch(ISSUER, lambda known: has("one", known))

    asyncio.run(run())
