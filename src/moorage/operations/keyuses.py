"""When access keys and roles were used last, kept by the process and written behind: no call waits for a write.

A key that is used all the time is recorded once an hour.
"""

from collections.abc import Mapping
from typing import NamedTuple

from moorage.domain.names import AccountId

_REFRESH = 3600 * 1_000_000  # µs
_LIMIT = 10_000


class Used(NamedTuple):
    """A key, or a role by its id, of an account."""

    account: AccountId
    id: str
    is_role: bool


class Use(NamedTuple):
    """When, where and for which service."""

    at: int
    region: str
    service: str


class KeyUses:
    """Uses that are not written yet, and when each was noted last."""

    def __init__(self) -> None:
        self._fresh: dict[Used, Use] = {}
        self._noted: dict[Used, int] = {}

    def note(self, used: Used, use: Use) -> None:
        noted = self._noted.get(used)
        if noted is not None and use.at - noted < _REFRESH:
            return
        if len(self._noted) >= _LIMIT:
            self._noted.clear()
        self._noted[used] = use.at
        self._fresh[used] = use

    def take(self) -> Mapping[Used, Use]:
        taken, self._fresh = self._fresh, {}
        return taken
