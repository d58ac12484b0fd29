"""The public keys of identity providers: found by discovery, remembered for a while, asked for anew when they change.

Only issuers that an account has registered are ever asked. A key that is not known yet is looked for at most once a
minute, and a provider that failed is left alone for a while: tokens of strangers cannot make us knock without end.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from moorage.domain import strictjson
from moorage.domain.identityfacts import ProviderUnreachable
from moorage.operations.jwt import Json
from moorage.outside.port import OutsideError, Web

_MINUTE = 60 * 1_000_000  # µs
_FRESH = 60 * _MINUTE
_LEFT_ALONE = 10 * 1_000_000  # µs
_LIMIT = 256 * 1024
_MOST_KEYS = 100
_MOST_ISSUERS = 1_000


@dataclass(frozen=True, slots=True)
class _Known:
    """The keys of an issuer, or why there are none."""

    keys: Sequence[Json]
    at: int
    trouble: str | None = None


class ProviderKeys:
    """Gives the keys of issuers."""

    def __init__(self, web: Web, clock: Callable[[], int]) -> None:
        self._web, self._clock = web, clock
        self._known: dict[str, _Known] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def find(self, issuer: str, has_key: Callable[[Json], bool]) -> Sequence[Json]:
        """Find an issuer's keys; asked for anew where none of those remembered is the wanted one.

        Raises:
            ProviderUnreachable

        """
        if len(self._locks) > _MOST_ISSUERS:
            self._locks.clear()
        async with self._locks.setdefault(issuer, asyncio.Lock()):
            known = self._known.get(issuer)
            if known is None or self._is_stale(known, has_key):
                known = await self._ask(issuer)
                if len(self._known) > _MOST_ISSUERS:
                    self._known.clear()
                self._known[issuer] = known
        if known.trouble is not None:
            raise ProviderUnreachable(known.trouble)
        return known.keys

    def _is_stale(self, known: _Known, has_key: Callable[[Json], bool]) -> bool:
        age = self._clock() - known.at
        if known.trouble is not None:
            return age >= _LEFT_ALONE
        return age >= (_FRESH if any(map(has_key, known.keys)) else _MINUTE)

    async def _ask(self, issuer: str) -> _Known:
        at = self._clock()
        try:
            return _Known(await self._discover(issuer), at)
        except OutsideError as error:
            return _Known((), at, str(error))

    async def _discover(self, issuer: str) -> Sequence[Json]:
        document = await self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            raise OutsideError("its discovery document names another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str):
            raise OutsideError("its discovery document names no keys")
        keys = (await self._document(address)).get("keys")
        if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
            raise OutsideError("its keys cannot be read")
        return [key for key in keys if isinstance(key, dict)]

    async def _document(self, url: str) -> Mapping[str, object]:
        body = await self._web.get(url, limit=_LIMIT)
        try:
            document = strictjson.loads(body)
        except (strictjson.NotStrictJson, RecursionError):
            raise OutsideError("its answer is no JSON") from None
        if not isinstance(document, dict):
            raise OutsideError("its answer is no JSON object")
        return document
