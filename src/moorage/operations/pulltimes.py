"""When images were pulled, kept by the process and written behind: no read ever waits for a write.

ECR refreshes ``lastRecordedPullTime`` at least every 24 hours; here an image that is pulled all the time is recorded
once an hour.
"""

from collections.abc import Mapping
from typing import NamedTuple

from moorage.domain.caller import Registry

_REFRESH = 3600 * 1_000_000  # µs
_LIMIT = 10_000


class Pulled(NamedTuple):
    """One image of one repository."""

    registry: Registry
    repository_id: str
    digest: str


class PullTimes:
    """Pulls that are not written yet."""

    def __init__(self) -> None:
        self._fresh: dict[Pulled, int] = {}

    def note(self, pulled: Pulled, recorded: int | None, *, at: int) -> None:
        if (recorded is None or at - recorded >= _REFRESH) and len(self._fresh) < _LIMIT:
            self._fresh[pulled] = at

    def take(self) -> Mapping[Pulled, int]:
        taken, self._fresh = self._fresh, {}
        return taken
