"""The public keys of identity providers: found by discovery, remembered for a while, asked for anew when they change.

Only issuers that an account has registered are ever asked, each under the one URL that was registered. Where the known
keys did not sign a token they are asked for anew, at most once a minute, and a provider that failed is left alone for a
while: tokens of strangers cannot make us knock without end, nor take away keys that are good.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

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


def is_same_issuer(one: str, other: str) -> bool:
    """Tell whether two issuers are one: people write the URL with a slash at its end, or without."""
    return one.removesuffix("/") == other.removesuffix("/")


@dataclass(frozen=True, slots=True)
class _Known:
    """The keys of an issuer as of ``at``, when it was asked last, and why that gave nothing."""

    keys: Sequence[Json]
    at: int
    asked_at: int
    trouble: str | None = None


class ProviderKeys:
    """Tells what issuers signed."""

    def __init__(self, web: Web, clock: Callable[[], int]) -> None:
        self._web, self._clock = web, clock
        self._known: dict[str, _Known] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def vouch(self, issuer: str, is_signed: Callable[[Sequence[Json]], bool]) -> bool:
        """Tell whether something is signed by a key of the issuer, whose registered URL is given.

        Raises:
            ProviderUnreachable: it is not signed by a key that is known, and the issuer could not be asked

        """
        known = self._known.get(issuer)
        signed = self._has_signed(known, is_signed)
        # Known keys are judged without the lock: while a forged token has a slow issuer asked, good ones go on.
        if not signed and self._may_ask(known):
            if len(self._locks) > _MOST_ISSUERS:
                self._locks.clear()
            async with self._locks.setdefault(issuer, asyncio.Lock()):
                known = await self._newer(issuer, known)
            signed = self._has_signed(known, is_signed)
        if not signed and known is not None and known.trouble is not None:
            raise ProviderUnreachable(known.trouble)
        return signed

    def _has_signed(self, known: _Known | None, is_signed: Callable[[Sequence[Json]], bool]) -> bool:
        return known is not None and self._clock() - known.at < _FRESH and is_signed(known.keys)

    async def _newer(self, issuer: str, before: _Known | None) -> _Known:
        """Ask for keys that are newer than ``before``, unless that was done while the lock was waited for."""
        known = self._known.get(issuer)
        if known is None or known is before:
            known = await self._ask(issuer, known)
            if len(self._known) > _MOST_ISSUERS:
                self._known.clear()
            self._known[issuer] = known
        return known

    def _may_ask(self, known: _Known | None) -> bool:
        if known is None:
            return True
        since = self._clock() - known.asked_at
        if known.trouble is not None:
            return since >= _LEFT_ALONE
        return since >= _MINUTE

    async def _ask(self, issuer: str, before: _Known | None) -> _Known:
        """Ask for the keys; where that fails those from before are kept, as old as they are."""
        at = self._clock()
        try:
            return _Known(await self._discover(issuer), at, at)
        except OutsideError as error:
            return (
                _Known((), at, at, str(error)) if before is None else replace(before, asked_at=at, trouble=str(error))
            )

    async def _discover(self, issuer: str) -> Sequence[Json]:
        document = await self._document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        named = document.get("issuer")
        if not isinstance(named, str) or not is_same_issuer(named, issuer):
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
