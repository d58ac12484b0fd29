"""Session tokens of IMDSv2: each carries the moment of its end and a random part, sealed with a key of this process.

The key is the only thing that is kept, in memory: so no number of requests can fill it, nor push out the tokens of
others, and no token is good after a restart.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Final

LONGEST: Final = 21_600
_SALT, _TIME = 16, 8


class Tokens:
    """``ticks`` tells seconds that only ever grow."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._key = secrets.token_bytes(32)

    def make(self, seconds: int) -> str:
        """Make a token that is good for so many seconds."""
        end = int((self._ticks() + seconds) * 1000).to_bytes(_TIME, "big")
        told = end + secrets.token_bytes(_SALT)
        return urlsafe_b64encode(told + self._mark(told)).decode()

    def holds(self, token: str) -> bool:
        """Tell whether a token is ours, and not over."""
        try:
            raw = urlsafe_b64decode(token.encode("ascii"))
        except ValueError:
            return False
        told, mark = raw[: _TIME + _SALT], raw[_TIME + _SALT :]
        if not hmac.compare_digest(mark, self._mark(told)):
            return False
        return int.from_bytes(told[:_TIME], "big") > self._ticks() * 1000

    def _mark(self, told: bytes) -> bytes:
        return hmac.digest(self._key, told, "sha256")
