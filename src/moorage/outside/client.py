"""The HTTP client: https alone, to allowed addresses alone, no redirects, small answers, a few seconds."""

import socket
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from moorage.outside.addresses import Network, may_call, read_address
from moorage.outside.port import OutsideError

_SECONDS: Final = aiohttp.ClientTimeout(total=10, connect=5)
_OK: Final = 200


class _GuardedResolver(AbstractResolver):
    """Resolves names to addresses that may be called; the client connects to these and asks for no others."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        good = [one for one in found if _may_call(one["host"], self._allowed)]
        if not good:
            raise OSError(None, f"{host} has no address that may be called")
        return good

    async def close(self) -> None:
        await self._inner.close()


def _may_call(host: str, allowed: Sequence[Network]) -> bool:
    address = read_address(host)
    return address is not None and may_call(address, allowed)


async def get(url: str, *, limit: int, allowed: Sequence[Network], ca: Path | None) -> bytes:
    """Get a document.

    Raises:
        OutsideError

    """
    context = ssl.create_default_context(cafile=None if ca is None else str(ca))
    connector = aiohttp.TCPConnector(resolver=_GuardedResolver(allowed), ssl=context, use_dns_cache=False)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=_SECONDS, trust_env=False) as session,
            session.get(url, allow_redirects=False, headers={"accept": "application/json"}) as response,
        ):
            if response.status != _OK:
                raise OutsideError(f"it answered with status {response.status}")
            body = bytearray()
            async for piece in response.content.iter_chunked(16 * 1024):
                body += piece
                if len(body) > limit:
                    raise OutsideError(f"its answer is larger than {limit} bytes")
            return bytes(body)
    except aiohttp.ClientSSLError:
        raise OutsideError("its certificate is not trusted") from None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise OutsideError(f"it cannot be reached ({type(error).__name__})") from None
