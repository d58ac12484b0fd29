"""The way out: addresses are judged first, the HTTP client is loaded when the first document is asked for."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from moorage.outside.addresses import Network, may_call, read_address
from moorage.outside.port import OutsideError


class GuardedWeb:
    """Gets documents; ``allowed`` are networks that may be called beside public addresses, ``ca`` a bundle in PEM."""

    def __init__(self, allowed: Sequence[Network] = (), ca: Path | None = None) -> None:
        self._allowed, self._ca = tuple(allowed), ca

    async def get(self, url: str, *, limit: int) -> bytes:
        """Get a document.

        Raises:
            OutsideError

        """
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            raise OutsideError("its address cannot be read") from None
        if parts.scheme != "https" or not host or parts.username is not None or parts.password is not None:
            raise OutsideError("its address is no plain https address")
        address = read_address(host)
        if address is not None and not may_call(address, self._allowed):
            raise OutsideError("its address may not be called")
        # aiohttp and what it needs would cost every worker a fifth of its start and 15 MB for calls that are rare.
        from moorage.outside import client  # noqa: PLC0415

        return await client.get(url, limit=limit, allowed=self._allowed, ca=self._ca)
